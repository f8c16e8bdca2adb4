"""Verdicts of the antivirus, on both engines."""

from dataclasses import replace

import pytest

from tchap.base import limits
from tchap.protocol.identifiers import MediaUri
from tchap.storage import deletions, media, media_links, scans
from tchap.storage.database import Store
from tchap.storage.media import Media
from tchap.storage.scans import AS_STORED, CLEAN, INFECTED, Scan

pytestmark = pytest.mark.anyio

HOUSE = "agent.prefectures.tchap.example.fr"
FILE = Media(HOUSE, "m1", "@a", 1, 3, "text/plain", None, "b")
SCAN = Scan(HOUSE, "m1", "aa", AS_STORED, CLEAN, "", "image/png", 1, "ClamAV 1")


async def test_a_verdict_is_about_bytes_and_a_key(store: Store) -> None:
    """Each pair has its own, the latest; what was infected once stays so."""
    await store.write(media.add_media, FILE)
    opened = replace(SCAN, key_hash="k1", content_type="")
    for scan in (SCAN, opened, replace(SCAN, signatures="ClamAV 2", scanned_ts=2)):
        await store.write(scans.set_scan, scan)
    known = await store.read(scans.find_scans, HOUSE, "m1", "aa")
    assert sorted(known, key=lambda scan: scan.key_hash) == [replace(SCAN, signatures="ClamAV 2", scanned_ts=2), opened]
    infected = replace(opened, result=INFECTED, threat="Eicar")
    await store.write(scans.set_scan, infected)
    await store.write(scans.set_scan, opened)
    assert infected in await store.read(scans.find_scans, HOUSE, "m1", "aa")


async def test_other_bytes_of_the_file_and_the_same_elsewhere_are_found(store: Store) -> None:
    """A file that changed shows in its older verdicts; of the same bytes elsewhere only an infection matters."""
    for media_id in ("m1", "m2"):
        await store.write(media.add_media, replace(FILE, media_id=media_id))
    for scan in (
        replace(SCAN, sha256="bb"),
        replace(SCAN, media_id="m2"),
        replace(SCAN, media_id="m3", key_hash="k1", result=INFECTED, threat="Eicar"),
        replace(SCAN, media_id="m4", key_hash="k1", result=INFECTED, threat="Eicar"),
    ):
        await store.write(scans.set_scan, scan)
    found = {
        (scan.media_id, scan.sha256, scan.result) for scan in await store.read(scans.find_scans, HOUSE, "m1", "aa")
    }
    assert found & {("m1", "bb", CLEAN)}
    assert len(found) == 2
    assert {media_id for media_id, _, result in found if result == INFECTED} <= {"m3", "m4"}


async def test_the_keys_tried_on_a_file_have_a_bound(store: Store) -> None:
    """Of clean verdicts under many keys the first are kept, those that show something apart from the noise; an
    infection always is."""
    await store.write(media.add_media, FILE)
    for content_type in ("", "image/png"):
        for number in range(limits.MAX_OPENED + 3):
            scan = replace(SCAN, key_hash=f"k{number}{content_type}", content_type=content_type)
            await store.write(scans.set_scan, scan)
    known = await store.read(scans.find_scans, HOUSE, "m1", "aa")
    assert [sum(scan.content_type == each for scan in known) for each in ("", "image/png")] == [limits.MAX_OPENED] * 2
    infected = replace(SCAN, key_hash="true", result=INFECTED)
    for scan in (infected, SCAN):
        await store.write(scans.set_scan, scan)
        assert scan in await store.read(scans.find_scans, HOUSE, "m1", "aa")


async def test_a_removed_file_leaves_only_its_infections(store: Store) -> None:
    """The clean verdicts go with the file; the same bytes that come back infected are known."""
    await store.write(media.add_media, FILE)
    await store.write(scans.set_scan, SCAN)
    await store.write(scans.set_scan, replace(SCAN, key_hash="k1", result=INFECTED))
    await store.write(media.remove_media, HOUSE, "m1")
    # One scan ends after the file did.
    for scan in (SCAN, replace(SCAN, key_hash="k2")):
        await store.write(scans.set_scan, scan)
    (left,) = await store.read(scans.find_scans, HOUSE, "m1", "aa")
    assert left.result == INFECTED
    assert await store.read(scans.find_scans, HOUSE, "m9", "aa") == [left]


async def test_a_file_past_its_time_takes_its_verdicts_along(store: Store) -> None:
    """Nothing is left of what was deleted by a rule, not even the SHA-256 of what was clean."""
    await store.write(media.add_media, FILE)
    for key_hash in (AS_STORED, "k1"):
        await store.write(scans.set_scan, replace(SCAN, key_hash=key_hash))
    await store.write(media_links.doom_undeclared, [MediaUri(HOUSE, "m1")], 1, 3)
    await store.write(deletions.end_deletions, await store.read(media_links.find_doomed, 9), 2)
    assert await store.read(scans.find_scans, HOUSE, "m1", "aa") == []


async def test_the_scanner_has_one_key(store: Store) -> None:
    """The first key kept is everybody's."""
    assert await store.write(scans.keep_scanner_key, b"first", 1) == b"first"
    assert await store.write(scans.keep_scanner_key, b"second", 2) == b"first"
