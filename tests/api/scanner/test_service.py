"""The antivirus as a service: away, back, refusing, with its key and the operator's lists, and not there at all."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tchap.services.scanning import describe
from tchap.storage import media
from tests.api.scanner.scene import (
    NOT_CLEAN,
    SCANNER,
    SIZE,
    WAITS,
    check_refused,
    config,
    post,
    refused,
    scan,
    scan_sealed,
)
from tests.api.test_keys import JEAN, OPEN
from tests.api.test_media import V1, get, picture, upload
from tests.support.accounts import Person, person
from tests.support.clamav import EICAR, MAX_BYTES, ClamAv, run_clamav
from tests.support.house import House, open_house
from tests.support.sealed_files import encrypted_body, seal

pytestmark = pytest.mark.anyio


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
    """What clamd refuses to look at never passes, and nobody is told to try again later."""
    jean = await person(house, JEAN)
    path = await upload(house, jean, b"a" * (MAX_BYTES + 1), "text/plain")
    await check_refused(house, jean, path, WAITS)
    assert "trop volumineux" in (await get(house, jean, f"{V1}/download/{path}")).json()["error"]


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
