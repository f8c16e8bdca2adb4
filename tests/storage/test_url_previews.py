"""Previews of linked pages on both engines."""

import pytest

from tchap.storage import media, url_previews
from tchap.storage.database import Store
from tchap.storage.media import Media, Thumbnail, ThumbnailSize
from tchap.storage.url_previews import StoredPreview

pytestmark = pytest.mark.anyio


async def test_a_preview_is_found_as_it_was(store: Store) -> None:
    """Each moment has the preview that was fresh then, until it is forgotten."""
    first = StoredPreview("a", 10, b"1", 20, 100, "s", "m")
    second = StoredPreview("a", 30, b"2", 40, 200)
    for each in (first, second, first):
        await store.write(url_previews.add_preview, each)
    for moment, expected in ((9, None), (10, first), (19, first), (20, None), (39, second), (40, None)):
        assert await store.read(url_previews.find_preview, "a", moment) == expected
    assert await store.read(url_previews.find_preview, "b", 15) is None
    assert await store.read(url_previews.find_expired, 150, 5) == [first]
    await store.write(url_previews.remove_preview, "a", 10)
    assert await store.read(url_previews.find_expired, 250, 5) == [second]


async def test_a_file_is_forgotten_with_its_thumbnails(store: Store) -> None:
    """What it was is told once, so that its bytes can go too."""
    row, size = Media("s", "m", "", 1, 5, "image/png", None, "blob"), ThumbnailSize(32, 32, "crop", False)
    await store.write(media.add_media, row)
    await store.write(media.set_thumbnail, "s", "m", size, Thumbnail("image/png", "ab"))
    assert await store.write(media.remove_thumbnails, "s", "m") == [size]
    assert await store.write(media.remove_thumbnails, "s", "m") == []
    assert await store.write(media.remove_media, "s", "m") == row
    assert await store.write(media.remove_media, "s", "m") is None
