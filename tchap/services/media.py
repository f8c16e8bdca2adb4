"""Uploading and downloading files. Source: client-server API, "Content repository"."""

import re
from dataclasses import dataclass

from tchap.base import limits
from tchap.base.errors import Forbidden, LimitExceeded, MatrixError, NotFound
from tchap.base.identity import Requester
from tchap.policy.attachments import Road
from tchap.services.scanning import check_release, scan_upload
from tchap.services.world import World
from tchap.storage import media
from tchap.storage.database import Tx
from tchap.storage.media import Content, Media

OCTET_STREAM = "application/octet-stream"
_MEDIA_ID_BYTES = 24
_AWAITED_RETRY_MS = 60_000
# RFC 9110, "Media Type": a type, a subtype, perhaps parameters; anything else could say something else to a browser.
_CONTENT_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+(\s*;[ -~]*)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Upload:
    """What a client sends: bytes, and what it says they are."""

    data: bytes
    content_type: str | None
    file_name: str | None


@dataclass(frozen=True, slots=True)
class MediaName:
    """Which file, and how long (ms) the caller waits for a content not uploaded yet."""

    server: str
    media_id: str
    wait_ms: int = 0


@dataclass(frozen=True, slots=True)
class Download:
    data: bytes
    content_type: str
    file_name: str | None


async def upload(world: World, requester: Requester, sent: Upload) -> str:
    """Stores a file under the uploader's instance; gives its `mxc://` address."""
    _check_size(world, sent)
    content = _content_of(sent, world.entropy.token(_MEDIA_ID_BYTES))
    media_id = world.entropy.token(_MEDIA_ID_BYTES)
    # The bytes first: no address is ever known whose content could be missing.
    await world.media.put(blob_key(content.blob_name), sent.data)
    row = Media(
        server=requester.instance,
        media_id=media_id,
        user_id=requester.user_id,
        created_ts=world.clock.now_ms(),
        size=content.size,
        content_type=content.content_type,
        file_name=content.file_name,
        blob_name=content.blob_name,
    )
    await world.store.write(media.add_media, row)
    await scan_upload(world, row, sent.data)
    return f"mxc://{row.server}/{row.media_id}"


async def create_address(world: World, requester: Requester) -> tuple[str, int]:
    """An `mxc://` address whose content comes later, and until when (ms since 1970)."""
    now_ms = world.clock.now_ms()
    row = Media(
        server=requester.instance,
        media_id=world.entropy.token(_MEDIA_ID_BYTES),
        user_id=requester.user_id,
        created_ts=now_ms,
        expires_ts=now_ms + limits.AWAITED_UPLOAD_MS,
    )
    await world.store.write(_add_awaited, row)
    return f"mxc://{row.server}/{row.media_id}", now_ms + limits.AWAITED_UPLOAD_MS


async def _add_awaited(tx: Tx, row: Media) -> None:
    await media.remove_expired(tx, row.user_id, row.created_ts)
    if await media.count_awaited(tx, row.user_id) >= limits.MAX_AWAITED_UPLOADS:
        raise LimitExceeded(_AWAITED_RETRY_MS)
    await media.add_media(tx, row)


async def upload_to_address(world: World, requester: Requester, name: MediaName, sent: Upload) -> None:
    """Gives an address made before its content, once, by who made it and in time."""
    _check_size(world, sent)
    found = await world.store.read(media.find_media, name.server, name.media_id)
    row = _check_awaits(found, requester, world.clock.now_ms())
    # Each upload has a blob of its own: of two at once, the loser leaves the winner's bytes alone.
    content = _content_of(sent, world.entropy.token(_MEDIA_ID_BYTES))
    await world.media.put(blob_key(content.blob_name), sent.data)
    if not await world.store.write(media.set_content, name.server, name.media_id, content):
        await world.media.remove(blob_key(content.blob_name))
        raise _already_uploaded()
    # Whoever waits for it may only have it once it was looked at: so it is, before they are told.
    await scan_upload(world, row, sent.data)
    world.live.uploads.tell((name.server, name.media_id))


def _check_awaits(row: Media | None, requester: Requester, now_ms: int) -> Media:
    if row is None or (row.size is None and (row.expires_ts or 0) <= now_ms):
        raise NotFound("Unknown media.", "Ce fichier n'existe pas.")
    if row.user_id != requester.user_id:
        raise Forbidden("Somebody else made this address.", "Cette adresse a été créée par une autre personne.")
    if row.size is not None:
        raise _already_uploaded()
    return row


def _already_uploaded() -> MatrixError:
    return MatrixError("M_CANNOT_OVERWRITE_MEDIA", "Media already uploaded.", "Ce fichier a déjà été envoyé.")


async def get_media(world: World, name: MediaName) -> Media:
    """The file's description once its content is there. NotFound, or M_NOT_YET_UPLOADED after the wait."""
    ends = world.clock.monotonic() + name.wait_ms / 1000
    while True:
        row = await world.store.read(media.find_media, name.server, name.media_id)
        if row is None or (row.size is None and (row.expires_ts or 0) <= world.clock.now_ms()):
            raise NotFound("Unknown media.", "Ce fichier n'existe pas.")
        if row.size is not None:
            return row
        left_s = ends - world.clock.monotonic()
        if left_s <= 0:
            raise MatrixError(
                "M_NOT_YET_UPLOADED", "The content is not uploaded yet.", "Ce fichier n'est pas encore envoyé."
            )
        await world.live.uploads.wait((name.server, name.media_id), min(left_s, limits.MEDIA_LOOK_EVERY_S))


async def download(world: World, name: MediaName, road: Road = Road.DOWNLOAD) -> Download:
    """The file's bytes and what its uploader said of them."""
    row = await get_media(world, name)
    return Download(await get_content(world, row, road), row.content_type or OCTET_STREAM, row.file_name)


async def get_content(world: World, row: Media, road: Road) -> bytes:
    """The bytes of a file whose content was uploaded, for whoever asks by this road: the antivirus lets them."""
    data = await read_content(world, row)
    await check_release(world, row, data, road)
    return data


async def read_content(world: World, row: Media) -> bytes:
    """The bytes for the antivirus itself."""
    data = await world.media.find(blob_key(row.blob_name)) if row.blob_name else None
    if data is None:
        raise NotFound("Unknown media.", "Ce fichier n'existe pas.")
    return data


def blob_key(blob_name: str) -> str:
    """Where the media store keeps a blob; spread over folders, since one may not hold millions."""
    return f"{blob_name[:2]}/{blob_name}"


def _check_size(world: World, sent: Upload) -> None:
    if len(sent.data) > world.settings.media.max_upload_bytes:
        raise MatrixError("M_TOO_LARGE", "The file is too large.", "Le fichier est trop volumineux.")


def _content_of(sent: Upload, blob_name: str) -> Content:
    content_type = sent.content_type or OCTET_STREAM
    if len(content_type) > limits.MAX_CONTENT_TYPE or not _CONTENT_TYPE.fullmatch(content_type):
        content_type = OCTET_STREAM
    name = sent.file_name[: limits.MAX_FILE_NAME] if sent.file_name else None
    return Content(blob_name, len(sent.data), content_type, name)
