"""What clients encrypted, and the antivirus: a file is judged by what its key shows."""

from itertools import product

import pytest

from tchap.base import limits
from tests.api.scanner.scene import (
    ARCHIVE,
    NOT_CLEAN,
    SCANNER,
    WAITS,
    check_refused,
    post,
    refused,
    scan_sealed,
)
from tests.api.test_keys import JEAN, LEA
from tests.api.test_media import V1, get, picture, upload
from tests.support.accounts import person
from tests.support.clamav import EICAR, archive
from tests.support.house import House
from tests.support.sealed_files import Sealed, encrypted_body, seal, under_two_keys

pytestmark = pytest.mark.anyio


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


async def test_many_wrong_keys_hold_no_file_back(strict: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries keys on the file of another before its own is given does not keep it from anybody."""
    monkeypatch.setattr(limits, "MAX_OPENED", 2)
    jean, lea = await person(strict, JEAN), await person(strict, LEA)
    sealed = seal(picture(64, 64, "PNG"))
    path = await upload(strict, jean, sealed.data)
    for number in range(4):
        await scan_sealed(strict, lea, Sealed(sealed.data, bytes([number]) * 32, bytes(16)), path)
    await check_refused(strict, lea, path, WAITS)
    assert (await scan_sealed(strict, jean, sealed, path))["clean"] is True
    assert (await get(strict, lea, f"{V1}/download/{path}")).content == sealed.data


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
