"""What is known of media, on both engines."""

import contextlib

import pytest

from tchap.base.errors import InvalidParam
from tchap.storage import media
from tchap.storage.database import Store
from tchap.storage.media import Content, Media, Thumbnail, ThumbnailSize

pytestmark = pytest.mark.anyio

HOUSE = "agent.prefectures.tchap.example.fr"
ALICE = f"@alice:{HOUSE}"


async def test_an_address_gets_its_content_once(store: Store) -> None:
    """Of two contents for one address the first stays."""
    await store.write(media.add_media, Media(HOUSE, "m1", ALICE, 1, expires_ts=100))
    assert await store.read(media.count_awaited, ALICE) == 1
    assert await store.write(media.set_content, HOUSE, "m1", Content("b1", 3, "text/plain", "a.txt"))
    assert not await store.write(media.set_content, HOUSE, "m1", Content("b2", 4, "text/plain", None))
    found = await store.read(media.find_media, HOUSE, "m1")
    assert found == Media(HOUSE, "m1", ALICE, 1, 3, "text/plain", "a.txt", "b1", None)
    assert await store.read(media.count_awaited, ALICE) == 0


async def test_addresses_expire(store: Store) -> None:
    """An address whose content never came is forgotten; one with its content stays."""
    await store.write(media.add_media, Media(HOUSE, "late", ALICE, 1, expires_ts=100))
    await store.write(media.add_media, Media(HOUSE, "there", ALICE, 1, 3, "text/plain", None, "b"))
    await store.write(media.remove_expired, ALICE, 100)
    assert await store.read(media.find_media, HOUSE, "late") is None
    assert await store.read(media.find_media, HOUSE, "there") is not None


async def test_thumbnails_are_remembered(store: Store) -> None:
    """A thumbnail is known by its exact size, method and motion, and only as long as its file is."""
    size = ThumbnailSize(96, 96, "crop", False)
    assert not await store.write(media.set_thumbnail, HOUSE, "m1", size, Thumbnail("image/jpeg", "ab"))
    await store.write(media.add_media, Media(HOUSE, "m1", ALICE, 1, 3, "image/jpeg", None, "b"))
    for _ in range(2):
        assert await store.write(media.set_thumbnail, HOUSE, "m1", size, Thumbnail("image/jpeg", "ab"))
    assert await store.read(media.find_thumbnail, HOUSE, "m1", size) == Thumbnail("image/jpeg", "ab")
    assert await store.read(media.find_thumbnail, HOUSE, "m1", ThumbnailSize(96, 96, "crop", True)) is None
    assert await store.read(media.count_thumbnails, HOUSE, "m1") == 1


async def test_a_nul_in_a_name_is_the_callers_mistake(store: Store) -> None:
    """A name holding a NUL is kept or refused by name, whichever engine runs; it never fails inside."""
    named = Media(HOUSE, "m1", ALICE, 1, 3, "text/plain", "a\0b", "b")
    with contextlib.suppress(InvalidParam):
        await store.write(media.add_media, named)
