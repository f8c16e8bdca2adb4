"""The antivirus, with ClamAV's own daemon: what is infected leaves by no road."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest

from tchap.services.media import blob_key
from tchap.services.scanning import describe
from tchap.storage import media
from tests.api.test_bug_reports import FIELDS, READ, operator, submit
from tests.api.test_keys import JEAN, LEA, OPEN
from tests.api.test_media import TEST_PROFILE, V1, get, picture, send, upload
from tests.api.test_url_previews import HTML, PREVIEWS, open_scene
from tests.base.test_outbound import page
from tests.support.accounts import Person, person
from tests.support.clamav import EICAR, MAX_BYTES, THREAT, ClamAv, archive, run_clamav
from tests.support.house import House, open_house
from tests.support.sealed_files import Sealed, encrypted_body, seal, under_two_keys

pytestmark = pytest.mark.anyio

SCANNER = "/_matrix/media_proxy/unstable"
SIZE = "width=32&height=32&method=scale"
STORED_ROADS = (
    f"{V1}/download/{{}}",
    f"{V1}/download/{{}}/facture.pdf",
    f"{V1}/thumbnail/{{}}?{SIZE}",
    f"{SCANNER}/download/{{}}",
    f"{SCANNER}/thumbnail/{{}}?{SIZE}",
)
FROZEN_ROADS = (
    "/_matrix/media/v3/download/{}",
    "/_matrix/media/r0/download/{}/facture.pdf",
    f"/_matrix/media/v3/thumbnail/{{}}?{SIZE}",
)
NOT_CLEAN = (403, "MCS_MEDIA_NOT_CLEAN")
WAITS = (502, "MCS_MEDIA_REQUEST_FAILED")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def clamav() -> Iterator[ClamAv]:
    with run_clamav() as daemon:
        yield daemon


def config(daemon: ClamAv, encrypted: str = "on_request", more: str = "", base: str = OPEN) -> str:
    return f'{base}[antivirus]\nclamd = "{daemon.address}"\nencrypted = "{encrypted}"\n{more}\n'


@pytest.fixture(params=["on_request", "required"])
async def house(request: pytest.FixtureRequest, clamav: ClamAv, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, config(clamav, request.param)) as opened:
        yield opened


@pytest.fixture
async def strict(clamav: ClamAv, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, config(clamav, "required")) as opened:
        yield opened


@pytest.fixture
async def lenient(clamav: ClamAv, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, config(clamav)) as opened:
        yield opened


async def post(house: House, who: Person | None, road: str, body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {who.token}"} if who else {}
    return await house.http.post(f"{SCANNER}/{road}", json=body, headers=headers)


async def scan(house: House, who: Person, path: str) -> Any:
    answer = await get(house, who, f"{SCANNER}/scan/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def scan_sealed(house: House, who: Person, sealed: Sealed, path: str) -> Any:
    answer = await post(house, who, "scan_encrypted", {"file": sealed.file(path)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Status and reason of a refusal in the scanner's words, which are Matrix's too."""
    body = answer.json()
    assert body["reason"] == body["errcode"]
    assert body["info"] == body["error"]
    return answer.status_code, body["reason"]


async def check_refused(house: House, who: Person, path: str, expected: tuple[int, str]) -> None:
    """By no road that hands out stored bytes."""
    for road in STORED_ROADS:
        answer = await get(house, who, road.format(path))
        assert refused(answer) == expected, road


async def change(house: House, path: str, data: bytes) -> None:
    """Somebody writes other bytes into the media store."""
    row = await house.world.store.read(media.find_media, *path.split("/"))
    assert row is not None
    await house.world.media.put(blob_key(row.blob_name or ""), data)


ARCHIVE = archive("facture.txt", EICAR)
INFECTED = (
    (EICAR, "text/plain"),
    (EICAR, "image/png"),
    (ARCHIVE, "application/zip"),
    (archive("dedans.zip", ARCHIVE), "application/octet-stream"),
    (picture(64, 64, "PNG") + EICAR, "image/png"),
)


async def test_an_infected_file_leaves_by_no_road(house: House) -> None:
    """In clear, under a false type, in archives, behind a picture: nobody gets it, not even who sent it."""
    jean, lea = await person(house, JEAN), await person(house, LEA)
    for data, declared in INFECTED:
        path = await upload(house, jean, data, declared)
        for who in (jean, lea):
            await check_refused(house, who, path, NOT_CLEAN)
            assert await scan(house, who, path) == {"clean": False, "info": f"Fichier infecté : {THREAT}"}
        # A key given for it changes nothing.
        pretended = Sealed(data, bytes(32), bytes(16))
        assert refused(await post(house, lea, "download_encrypted", {"file": pretended.file(path)})) == NOT_CLEAN
        await check_refused(house, lea, path, NOT_CLEAN)


async def test_what_is_clean_is_had_by_every_road(house: House) -> None:
    """A picture, a text and a document pass, with their thumbnails."""
    jean, lea = await person(house, JEAN), await person(house, LEA)
    image = picture(64, 64, "PNG")
    path = await upload(house, jean, image, "image/png")
    for road in STORED_ROADS:
        assert (await get(house, lea, road.format(path))).status_code == 200, road
    assert (await get(house, lea, f"{SCANNER}/download/{path}")).content == image
    assert (await scan(house, lea, path))["clean"] is True
    for data, declared in ((b"%PDF-1.7 \xe2\xe3\xcf", "application/pdf"), ("été".encode(), "text/plain")):
        path = await upload(house, jean, data, declared)
        assert (await get(house, lea, f"{V1}/download/{path}")).content == data


async def test_the_frozen_roads_are_guarded_too(clamav: ClamAv, tmp_path: Path) -> None:
    """Where the test profile serves media without a token, the antivirus stands there as well."""
    async with open_house(tmp_path, config(clamav, base=TEST_PROFILE)) as house:
        jean = await person(house, JEAN)
        path = await upload(house, jean, picture(64, 64, "PNG") + EICAR, "image/png")
        for road in FROZEN_ROADS:
            assert refused(await get(house, None, road.format(path))) == NOT_CLEAN, road


async def test_an_address_made_beforehand_is_scanned_too(house: House) -> None:
    """What is uploaded to an address made before its content is looked at like any other."""
    jean = await person(house, JEAN)
    made = await house.ask("POST", "/_matrix/media/v1/create", {}, jean.token)
    path = made["content_uri"].removeprefix("mxc://")
    waiting = asyncio.create_task(get(house, jean, f"{V1}/download/{path}"))
    answer = await send(house, jean, EICAR, "text/plain", f"/_matrix/media/v3/upload/{path}")
    assert answer.status_code == 200
    assert refused(await waiting) == NOT_CLEAN
    await check_refused(house, jean, path, NOT_CLEAN)


async def test_the_same_bytes_are_infected_under_every_address(house: House) -> None:
    """A ciphertext found infected is so for whoever uploads it again, without its key."""
    jean, lea = await person(house, JEAN), await person(house, LEA)
    sealed = seal(EICAR)
    first = await upload(house, jean, sealed.data)
    assert (await scan_sealed(house, jean, sealed, first))["clean"] is False
    again = await upload(house, lea, sealed.data, "image/png")
    await check_refused(house, lea, again, NOT_CLEAN)


async def test_an_encrypted_file_is_opened_with_its_key(house: House) -> None:
    """With the key, given as it is or encrypted by libolm to the scanner's, a file is judged by what is inside."""
    jean, lea = await person(house, JEAN), await person(house, LEA)
    public = (await house.ask("GET", f"{SCANNER}/public_key"))["public_key"]
    files = (
        (EICAR, False),
        (ARCHIVE, False),
        (archive("a.zip", ARCHIVE), False),
        (b"bonjour", True),
        (b"\x93\x00\x01 format de personne \xff", True),
    )
    for is_for_scanner, (plain, is_clean) in product((False, True), files):
        sealed = seal(plain)
        path = await upload(house, jean, sealed.data)
        body = {"file": sealed.file(path)}
        if is_for_scanner:
            body = encrypted_body(public, body)
        report = await post(house, lea, "scan_encrypted", body)
        assert (report.status_code, report.json()["clean"]) == (200, is_clean)
        answer = await post(house, lea, "download_encrypted", body)
        if is_clean:
            assert (answer.status_code, answer.content) == (200, plain)
        else:
            assert refused(answer) == NOT_CLEAN
            # Nor is it given to those who would open it by themselves.
            await check_refused(house, lea, path, NOT_CLEAN)


async def test_where_it_is_required_a_ciphertext_waits_for_its_key(strict: House) -> None:
    """Nobody has a ciphertext before a key showed something clean inside; the order of our client (upload, scan, send)
    leaves nobody waiting."""
    jean, lea = await person(strict, JEAN), await person(strict, LEA)
    sealed = seal(picture(64, 64, "PNG"))
    path = await upload(strict, jean, sealed.data)
    await check_refused(strict, lea, path, WAITS)
    assert refused(await get(strict, lea, f"{SCANNER}/scan/{path}")) == WAITS
    assert (await scan_sealed(strict, jean, sealed, path))["clean"] is True
    for road in (f"{V1}/download/{path}", f"{SCANNER}/download/{path}"):
        assert (await get(strict, lea, road)).content == sealed.data


async def test_where_it_is_on_request_a_ciphertext_is_had_at_once(lenient: House) -> None:
    """Other clients, which ask nothing of the scanner, still get what was sent; once somebody's key showed what is in
    it, nobody does."""
    jean, lea = await person(lenient, JEAN), await person(lenient, LEA)
    sealed = seal(EICAR)
    path = await upload(lenient, jean, sealed.data)
    assert (await get(lenient, lea, f"{V1}/download/{path}")).content == sealed.data
    assert refused(await post(lenient, lea, "download_encrypted", {"file": sealed.file(path)})) == NOT_CLEAN
    await check_refused(lenient, lea, path, NOT_CLEAN)


async def test_a_ciphertext_dressed_as_a_picture_waits_all_the_same(strict: House) -> None:
    """What is declared does not count: bytes that look like nothing known may be a ciphertext."""
    jean = await person(strict, JEAN)
    for declared in ("image/png", "text/plain", "application/pdf", "video/mp4"):
        path = await upload(strict, jean, seal(EICAR).data, declared)
        await check_refused(strict, jean, path, WAITS)


async def test_a_wrong_key_opens_nothing(strict: House) -> None:
    """A key that shows only noise is no proof: what is noise is always clean."""
    jean = await person(strict, JEAN)
    sealed = seal(EICAR)
    path = await upload(strict, jean, sealed.data)
    wrong = Sealed(sealed.data, bytes(32), bytes(16))
    assert (await scan_sealed(strict, jean, wrong, path))["clean"] is True
    await check_refused(strict, jean, path, WAITS)
    assert (await scan_sealed(strict, jean, sealed, path))["clean"] is False
    await check_refused(strict, jean, path, NOT_CLEAN)


async def test_one_ciphertext_under_two_keys_is_two_files(house: House) -> None:
    """Each key has its verdict; what is clean under its own is had by that road alone, and the ciphertext by none."""
    jean = await person(house, JEAN)
    clean, infected = under_two_keys(b"GIF89a bonjour", EICAR)
    path = await upload(house, jean, clean.data)
    for _ in range(2):
        assert (await scan_sealed(house, jean, clean, path))["clean"] is True
        assert (await scan_sealed(house, jean, infected, path))["clean"] is False
    assert (await post(house, jean, "download_encrypted", {"file": clean.file(path)})).status_code == 200
    assert refused(await post(house, jean, "download_encrypted", {"file": infected.file(path)})) == NOT_CLEAN
    await check_refused(house, jean, path, NOT_CLEAN)


async def test_a_file_changed_after_its_scan_leaves_by_no_road(house: House) -> None:
    """Bytes are known by their SHA-256, taken each time: others in their place, infected, harmless or none, are not
    those that were clean."""
    jean = await person(house, JEAN)
    for other in (EICAR, b"GIF89a tout autre chose", b""):
        await check_change(house, jean, other)


async def check_change(house: House, jean: Person, other: bytes) -> None:
    image = picture(64, 64, "PNG")
    sealed = seal(image)
    clear_path, sealed_path = await upload(house, jean, image, "image/png"), await upload(house, jean, sealed.data)
    await scan_sealed(house, jean, sealed, sealed_path)
    for road in STORED_ROADS:
        assert (await get(house, jean, road.format(clear_path))).status_code == 200
    for path in (clear_path, sealed_path):
        await change(house, path, other)
        await check_refused(house, jean, path, NOT_CLEAN)
        assert (await scan(house, jean, path))["clean"] is False
    answer = await post(house, jean, "download_encrypted", {"file": sealed.file(sealed_path)})
    assert refused(answer) == (400, "MCS_MEDIA_FAILED_TO_DECRYPT")
    again = Sealed(other, sealed.key, sealed.iv)
    assert refused(await post(house, jean, "download_encrypted", {"file": again.file(sealed_path)})) == NOT_CLEAN


async def test_a_thumbnail_changed_on_the_disk_is_made_again(house: House) -> None:
    """A thumbnail is served only as it was made."""
    jean = await person(house, JEAN)
    path = await upload(house, jean, picture(200, 200), "image/jpeg")
    road = f"{V1}/thumbnail/{path}?{SIZE}"
    made = (await get(house, jean, road)).content
    folder = Path(house.world.settings.data_dir) / "media"
    (kept,) = [each for each in folder.rglob("*.thumbnails/*") if each.is_file()]
    kept.write_bytes(EICAR)
    assert (await get(house, jean, road)).content == made


async def test_files_wait_while_the_scanner_is_down(tmp_path: Path) -> None:
    """What cannot be looked at is not let through, by any road; once the scanner is back nothing has to be repeated."""
    with run_clamav() as daemon:
        async with open_house(tmp_path, config(daemon)) as house:
            jean = await person(house, JEAN)
            known = await upload(house, jean, picture(64, 64, "PNG"), "image/png")
            daemon.stop()
            waiting = await upload(house, jean, picture(65, 65, "PNG"), "image/png")
            infected = await upload(house, jean, EICAR, "text/plain")
            sealed = seal(b"bonjour")
            path = await upload(house, jean, sealed.data)
            for each in (waiting, infected, path):
                await check_refused(house, jean, each, WAITS)
                assert refused(await get(house, jean, f"{SCANNER}/scan/{each}")) == WAITS
            for road in ("scan_encrypted", "download_encrypted"):
                assert refused(await post(house, jean, road, {"file": sealed.file(path)})) == WAITS
            # What was found clean before stays so.
            assert (await get(house, jean, f"{V1}/download/{known}")).status_code == 200
            daemon.start()
            assert (await get(house, jean, f"{V1}/download/{waiting}")).status_code == 200
            await check_refused(house, jean, infected, NOT_CLEAN)
            assert (await scan_sealed(house, jean, sealed, path))["clean"] is True


async def test_an_operator_may_let_files_through(tmp_path: Path) -> None:
    """While the scanner is down files pass where the operator says so, and are looked at as soon as it is back."""
    with run_clamav() as daemon:
        async with open_house(tmp_path, config(daemon, more='when_down = "let_through"')) as house:
            jean = await person(house, JEAN)
            daemon.stop()
            path = await upload(house, jean, EICAR, "text/plain")
            assert (await get(house, jean, f"{V1}/download/{path}")).status_code == 200
            report = await scan(house, jean, path)
            assert report == {"clean": True, "info": "Fichier non analysé : l'antivirus ne répond pas"}
            daemon.start()
            await check_refused(house, jean, path, NOT_CLEAN)


async def test_a_clean_file_is_looked_at_again_with_newer_signatures(tmp_path: Path) -> None:
    """What older signatures missed is found a day later; what was found stays so."""
    with run_clamav() as daemon:
        async with open_house(tmp_path, config(daemon)) as house:
            jean = await person(house, JEAN)
            path = await upload(house, jean, b"un texte qui semblait sain", "text/plain")
            daemon.stop()
            signature = b"un texte qui semblait sain".hex()
            (daemon.home / "database" / "newer.ndb").write_text(f"Tchap.Test.Newer:0:*:{signature}\n")
            daemon.start()
            assert (await get(house, jean, f"{V1}/download/{path}")).status_code == 200
            house.clock.move(25 * 3600)
            scanner = house.world.scanner
            assert scanner is not None
            scanner.version = newer_version  # type: ignore[method-assign]
            await check_refused(house, jean, path, NOT_CLEAN)


async def newer_version() -> str:
    """A database of ours has no number: freshclam's have."""
    return "ClamAV 1.4.6/27801"


async def test_a_file_too_large_for_the_scanner_never_passes(house: House) -> None:
    """What clamd refuses to look at waits for ever rather than pass."""
    jean = await person(house, JEAN)
    path = await upload(house, jean, b"a" * (MAX_BYTES + 1), "text/plain")
    await check_refused(house, jean, path, WAITS)


async def test_types_are_told_from_the_content(clamav: ClamAv, tmp_path: Path) -> None:
    """The operator's lists hold for what a file is, in clear or inside a ciphertext, whatever it is declared to be."""
    more = 'allowed_types = ["image/*", "text/plain"]\ndenied_types = ["image/gif"]'
    forbidden = (403, "MCS_MIME_TYPE_FORBIDDEN")
    async with open_house(tmp_path, config(clamav, more=more)) as house:
        jean = await person(house, JEAN)
        for data, passes in (
            (picture(64, 64, "PNG"), True),
            (b"bonjour", True),
            (picture(64, 64, "GIF"), False),
            (b"%PDF-1.7", False),
            (zipped_document(), False),
        ):
            clear = await upload(house, jean, data, "image/png")
            answer = await get(house, jean, f"{V1}/download/{clear}")
            assert answer.status_code == 200 if passes else refused(answer) == forbidden
            sealed = seal(data)
            path = await upload(house, jean, sealed.data)
            answer = await post(house, jean, "download_encrypted", {"file": sealed.file(path)})
            assert answer.status_code == 200 if passes else refused(answer) == forbidden
        noise = await upload(house, jean, seal(b"bonjour").data)
        assert refused(await get(house, jean, f"{SCANNER}/download/{noise}")) == forbidden
        assert (await get(house, jean, f"{V1}/download/{noise}")).status_code == 200


def zipped_document() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as written:
        written.writestr("[Content_Types].xml", "<Types/>")
        written.writestr("word/document.xml", "<w/>")
    return out.getvalue()


async def test_the_scanner_s_refusals_are_those_clients_know(lenient: House) -> None:
    """Each mistake has the status and the reason of the content scanner's API."""
    jean = await person(lenient, JEAN)
    sealed = seal(b"bonjour")
    path = await upload(lenient, jean, sealed.data)
    file = sealed.file(path)
    public = (await lenient.ask("GET", f"{SCANNER}/public_key"))["public_key"]
    other = await lenient.world.store.read(media.find_media, *path.split("/"))
    assert other is not None
    wrong_key = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo"
    malformed = (400, "MCS_MALFORMED_JSON")
    cases: list[tuple[Any, tuple[int, str]]] = [
        ({}, malformed),
        ([], malformed),
        ({"file": "mxc://a/b"}, malformed),
        ({"file": {**file, "v": "v1"}}, malformed),
        ({"file": {**file, "url": "https://example.org/a"}}, malformed),
        ({"file": {**file, "iv": "AAAA"}}, malformed),
        ({"file": {**file, "key": {**file["key"], "k": "*"}}}, malformed),
        ({"file": {**file, "hashes": {}}}, malformed),
        ({"encrypted_body": {"ciphertext": "a"}}, malformed),
        (encrypted_body(public, {"file": 1}), malformed),
        (encrypted_body(wrong_key, {"file": file}), (403, "MCS_BAD_DECRYPTION")),
        ({"encrypted_body": {"ciphertext": "é", "mac": "a", "ephemeral": "b"}}, (403, "MCS_BAD_DECRYPTION")),
        ({"file": {**file, "hashes": {"sha256": "A" * 43}}}, (400, "MCS_MEDIA_FAILED_TO_DECRYPT")),
        ({"file": {**file, "url": f"mxc://{path}x"}}, (404, "M_NOT_FOUND")),
    ]
    for road in ("scan_encrypted", "download_encrypted"):
        for body, expected in cases:
            assert refused(await post(lenient, jean, road, body)) == expected, body
        assert refused(await post(lenient, None, road, {"file": file})) == (401, "M_MISSING_TOKEN")
    broken = await lenient.http.post(
        f"{SCANNER}/scan_encrypted", content=b"{", headers={"Authorization": f"Bearer {jean.token}"}
    )
    assert refused(broken) == malformed
    for road in (f"scan/{path}", f"download/{path}", f"thumbnail/{path}?{SIZE}"):
        assert refused(await get(lenient, None, f"{SCANNER}/{road}")) == (401, "M_MISSING_TOKEN")
        unknown = Person(jean.user_id, jean.device_id, "unknown")
        assert refused(await get(lenient, unknown, f"{SCANNER}/{road}")) == (401, "M_UNKNOWN_TOKEN")
        assert refused(await get(lenient, jean, f"{SCANNER}/{road.replace(path, path + 'x')}")) == (404, "M_NOT_FOUND")


async def test_the_scanner_s_key_lasts(clamav: ClamAv, tmp_path: Path) -> None:
    """The key is the same after a restart and in every process."""
    keys = set()
    for _ in range(2):
        async with open_house(tmp_path, config(clamav)) as house:
            keys.add((await house.ask("GET", f"{SCANNER}/public_key"))["public_key"])
    assert len(keys) == 1


async def test_no_key_of_a_file_is_kept(clamav: ClamAv, tmp_path: Path) -> None:
    """What the scanner is told to open a file with is nowhere on the disk afterwards."""
    sealed = seal(b"bonjour")
    async with open_house(tmp_path, config(clamav)) as house:
        jean = await person(house, JEAN)
        path = await upload(house, jean, sealed.data)
        await scan_sealed(house, jean, sealed, path)
    file = sealed.file(path)
    for each in tmp_path.rglob("*"):
        if each.is_file():
            content = each.read_bytes()
            assert sealed.key not in content
            assert sealed.key.hex().encode() not in content
            assert file["key"]["k"].encode() not in content


async def test_the_server_says_at_its_start_what_is_scanned(clamav: ClamAv, tmp_path: Path) -> None:
    """One line: that nothing is, or with what; and where the scanner does not answer, that."""
    async with open_house(tmp_path, OPEN) as house:
        assert "Files are not scanned" in await describe(house.world)
    async with open_house(tmp_path, config(clamav, "required")) as house:
        line = await describe(house.world)
        assert line.startswith("Antivirus: ClamAV ")
        assert line.endswith("Encrypted files: required.")
    async with open_house(tmp_path, '[antivirus]\nclamd = "/nowhere/clamd.sock"') as house:
        assert "does not answer" in await describe(house.world)


async def test_what_comes_with_a_bug_report_is_scanned(house: House) -> None:
    """Anybody may send one: the support is handed no infected file, and its logs as they are."""
    for name, data in (("facture.zip", ARCHIVE), ("journal.log", b"une ligne")):
        assert (await submit(house, FIELDS, [(name, data)])).json() == {}
    boss = await operator(house)
    reports = (await house.ask("GET", READ, None, boss.token))["reports"]
    log, infected = [await get(house, boss, f"{READ}/{each['report_id']}/files/0") for each in reports]
    assert (log.status_code, log.content) == (200, b"une ligne")
    assert refused(infected) == NOT_CLEAN


async def test_without_an_antivirus_there_is_no_scanner(tmp_path: Path) -> None:
    """By default nothing is scanned, and its roads say that they are not there."""
    async with open_house(tmp_path, OPEN) as house:
        jean = await person(house, JEAN)
        path = await upload(house, jean, EICAR, "text/plain")
        assert (await get(house, jean, f"{V1}/download/{path}")).content == EICAR
        for road in ("public_key", f"scan/{path}", f"download/{path}", f"thumbnail/{path}?{SIZE}"):
            assert refused(await get(house, jean, f"{SCANNER}/{road}")) == (404, "M_UNRECOGNIZED")
        for road in ("scan_encrypted", "download_encrypted"):
            assert refused(await post(house, jean, road, {})) == (404, "M_UNRECOGNIZED")


async def test_pictures_of_linked_pages_are_scanned(clamav: ClamAv, tmp_path: Path) -> None:
    """An infected picture is none; a clean one is media of ours and passes like any other."""
    async with open_scene(tmp_path, PREVIEWS + config(clamav, base="")) as scene:
        house, reader = scene.reader.hall.house, scene.reader
        for name, data in (("sain", picture(64, 48, "PNG")), ("infecte", picture(64, 48, "PNG") + EICAR)):
            html = f'<meta property="og:title" content="Le pont"><meta property="og:image" content="/{name}.png">'
            scene.site.answers[f"/{name}"] = page(html.encode(), HTML)
            scene.site.answers[f"/{name}.png"] = page(data, "Content-Type: image/png")
        clean, infected = [await scene.look(scene.site.url(f"/{name}")) for name in ("sain", "infecte")]
        assert infected == {"og:title": "Le pont"}
        path = clean["og:image"].removeprefix("mxc://")
        answer = await house.http.get(f"{V1}/download/{path}", headers={"Authorization": f"Bearer {reader.token}"})
        assert answer.content == picture(64, 48, "PNG")
