"""Thumbnails of uploaded images. Source: client-server API, "Thumbnails"."""

from dataclasses import dataclass

from tchap.base import limits
from tchap.base.errors import MatrixError
from tchap.gateways.images import ImageTooLarge, NotAnImage, Picture, Shape
from tchap.policy.attachments import Road
from tchap.services.media import Download, MediaName, blob_key, get_content, get_media
from tchap.services.scanning import sha256_of
from tchap.services.world import World
from tchap.storage import media
from tchap.storage.media import Media, Thumbnail, ThumbnailSize

CROP, SCALE = "crop", "scale"
# The sizes of the specification, and larger ones so that no request gets less than it asked for.
_BOXES = ((32, 32), (96, 96), (320, 240), (640, 480), (800, 600), (1280, 960), (1920, 1440))
_EDGES = (32, 96, 320, 640, 960, 1440, 1920)
_MAX_ASKED = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """The box a client would like at least, in pixels."""

    width: int
    height: int
    method: str = SCALE
    animated: bool = False


async def make_thumbnail(world: World, name: MediaName, asked: Asked, road: Road = Road.THUMBNAIL) -> Download:
    """A thumbnail at least as large as asked, where the image allows it.

    M_UNKNOWN when the file is no image, M_TOO_LARGE when it holds too many pixels.
    """
    row = await get_media(world, name)
    size = choose_size(asked)
    # Where files are scanned, a thumbnail made earlier goes with what is known of its original now.
    original = await get_content(world, row, road) if world.scanner is not None else None
    kept = await _find_kept(world, row, size)
    if kept is not None:
        return kept
    return await _make(world, row, size, original or await get_content(world, row, road))


async def _find_kept(world: World, row: Media, size: ThumbnailSize) -> Download | None:
    """A thumbnail made before, if its bytes are still those that were made."""
    known = await world.store.read(media.find_thumbnail, row.server, row.media_id, size)
    data = await world.media.find(_thumbnail_key(row, size)) if known else None
    if known is None or data is None or await sha256_of(data) != known.sha256:
        return None
    return Download(data, known.content_type, _file_name(known.content_type))


async def _make(world: World, row: Media, size: ThumbnailSize, original: bytes) -> Download:
    picture = await _picture(world, original, size)
    if picture.data is None:
        return Download(original, picture.content_type, _file_name(picture.content_type))
    await _keep(world, row, size, picture)
    return Download(picture.data, picture.content_type, _file_name(picture.content_type))


async def _picture(world: World, original: bytes, size: ThumbnailSize) -> Picture:
    shape = Shape(size.width, size.height, size.method == CROP, size.is_animated)
    try:
        return await world.images.make(original, shape)
    except ImageTooLarge as error:
        raise MatrixError(
            "M_TOO_LARGE", "This image is too large for a thumbnail.", "Cette image est trop grande pour une vignette."
        ) from error
    except NotAnImage as error:
        raise MatrixError("M_UNKNOWN", "This file has no thumbnail.", "Ce fichier n'a pas de vignette.") from error


async def _keep(world: World, row: Media, size: ThumbnailSize, picture: Picture) -> None:
    kept = await world.store.read(media.count_thumbnails, row.server, row.media_id)
    if picture.data is None or kept >= limits.MAX_THUMBNAILS:
        return
    await world.media.put(_thumbnail_key(row, size), picture.data)
    made = Thumbnail(picture.content_type, await sha256_of(picture.data))
    if not await world.store.write(media.set_thumbnail, row.server, row.media_id, size, made):
        # The file was deleted while its thumbnail was made.
        await world.media.remove(_thumbnail_key(row, size))


async def remove_thumbnails(world: World, row: Media) -> None:
    """Forgets the thumbnails of a file that is no more."""
    for size in await world.store.write(media.remove_thumbnails, row.server, row.media_id):
        await world.media.remove(_thumbnail_key(row, size))


def choose_size(asked: Asked) -> ThumbnailSize:
    """The smallest size we make that is no smaller than asked; beyond the largest, the original's own."""
    if asked.method == CROP:
        longest = max(asked.width, asked.height)
        edge = next((edge for edge in _EDGES if edge >= longest), longest)
        # "Crop" keeps the proportions asked for.
        width, height = -(-asked.width * edge // longest), -(-asked.height * edge // longest)
        return ThumbnailSize(width, height, CROP, asked.animated)
    for width, height in _BOXES:
        if width >= asked.width and height >= asked.height:
            return ThumbnailSize(width, height, SCALE, asked.animated)
    return ThumbnailSize(_MAX_ASKED, _MAX_ASKED, SCALE, asked.animated)


def _thumbnail_key(row: Media, size: ThumbnailSize) -> str:
    motion = "moving" if size.is_animated else "still"
    return f"{thumbnails_key(row.blob_name or '')}/{size.width}x{size.height}-{size.method}-{motion}"


def thumbnails_key(blob_name: str) -> str:
    """What the keys of a blob's thumbnails begin with."""
    return f"{blob_key(blob_name)}.thumbnails"


def _file_name(content_type: str) -> str:
    return f"thumbnail.{content_type.removeprefix('image/').replace('jpeg', 'jpg')}"
