"""The antivirus, with ClamAV's own daemon: what is infected leaves by no road."""

import asyncio
from pathlib import Path

import pytest

from tests.api.scanner.scene import (
    ARCHIVE,
    NOT_CLEAN,
    SCANNER,
    SIZE,
    STORED_ROADS,
    change,
    check_refused,
    config,
    post,
    refused,
    scan,
    scan_sealed,
)
from tests.api.test_bug_reports import FIELDS, READ, operator, submit
from tests.api.test_keys import JEAN, LEA
from tests.api.test_media import TEST_PROFILE, V1, get, picture, send, upload
from tests.api.test_url_previews import HTML, PREVIEWS, open_scene
from tests.base.test_outbound import page
from tests.support.accounts import Person, person
from tests.support.clamav import EICAR, THREAT, ClamAv, archive
from tests.support.house import House, open_house
from tests.support.sealed_files import Sealed, seal

pytestmark = pytest.mark.anyio
FROZEN_ROADS = (
    "/_matrix/media/v3/download/{}",
    "/_matrix/media/r0/download/{}/facture.pdf",
    f"/_matrix/media/v3/thumbnail/{{}}?{SIZE}",
)
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


async def test_what_comes_with_a_bug_report_is_scanned(house: House) -> None:
    """Anybody may send one: the support is handed no infected file, and its logs as they are."""
    for name, data in (("facture.zip", ARCHIVE), ("journal.log", b"une ligne")):
        assert (await submit(house, FIELDS, [(name, data)])).json() == {}
    boss = await operator(house)
    reports = (await house.ask("GET", READ, None, boss.token))["reports"]
    log, infected = [await get(house, boss, f"{READ}/{each['report_id']}/files/0") for each in reports]
    assert (log.status_code, log.content) == (200, b"une ligne")
    assert refused(infected) == NOT_CLEAN


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
