"""What is known of each file and of its thumbnails. The bytes are in the media store."""

from dataclasses import dataclass

from tchap.storage.database import Tx
from tchap.storage.scans import remove_scans


@dataclass(frozen=True, slots=True)
class Media:
    """`size` (bytes) and `blob_name` (in the media store) are None while the content is awaited, until `expires_ts`."""

    server: str
    media_id: str
    user_id: str
    created_ts: int
    size: int | None = None
    content_type: str | None = None
    file_name: str | None = None
    blob_name: str | None = None
    expires_ts: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What an upload says of its bytes, and their name in the media store."""

    blob_name: str
    size: int
    content_type: str
    file_name: str | None


@dataclass(frozen=True, slots=True)
class ThumbnailSize:
    """`method` is crop or scale; sizes in pixels."""

    width: int
    height: int
    method: str
    is_animated: bool


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """`sha256` is of its bytes, in hexadecimal; None for one of before these were kept."""

    content_type: str
    sha256: str | None


_COLUMNS = "server, media_id, user_id, created_ts, size, content_type, file_name, blob_name, expires_ts"


async def find_media(tx: Tx, server: str, media_id: str) -> Media | None:
    row = await tx.one(f"SELECT {_COLUMNS} FROM media WHERE server = $1 AND media_id = $2", server, media_id)
    return Media(*row) if row else None


async def add_media(tx: Tx, media: Media) -> None:
    await tx.run(
        f"INSERT INTO media ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        media.server,
        media.media_id,
        media.user_id,
        media.created_ts,
        media.size,
        media.content_type,
        media.file_name,
        media.blob_name,
        media.expires_ts,
    )


async def set_content(tx: Tx, server: str, media_id: str, content: Content) -> bool:
    """Gives an awaited file its content; False when it has one already."""
    changed = await tx.run(
        "UPDATE media SET size = $3, content_type = $4, file_name = $5, blob_name = $6, expires_ts = NULL"
        " WHERE server = $1 AND media_id = $2 AND size IS NULL",
        server,
        media_id,
        content.size,
        content.content_type,
        content.file_name,
        content.blob_name,
    )
    return changed > 0


async def count_awaited(tx: Tx, user_id: str) -> int:
    """How many addresses of the user wait for their content."""
    row = await tx.one("SELECT COUNT(*) FROM media WHERE user_id = $1 AND size IS NULL", user_id)
    return int(row[0]) if row else 0


async def remove_expired(tx: Tx, user_id: str, now_ms: int) -> None:
    """Forgets the user's addresses whose content never came in time."""
    await tx.run("DELETE FROM media WHERE user_id = $1 AND size IS NULL AND expires_ts <= $2", user_id, now_ms)


async def find_thumbnail(tx: Tx, server: str, media_id: str, size: ThumbnailSize) -> Thumbnail | None:
    """A thumbnail made before."""
    row = await tx.one(
        "SELECT content_type, sha256 FROM thumbnails WHERE server = $1 AND media_id = $2"
        " AND width = $3 AND height = $4 AND method = $5 AND is_animated = $6",
        server,
        media_id,
        size.width,
        size.height,
        size.method,
        int(size.is_animated),
    )
    return Thumbnail(*row) if row else None


async def count_thumbnails(tx: Tx, server: str, media_id: str) -> int:
    row = await tx.one("SELECT COUNT(*) FROM thumbnails WHERE server = $1 AND media_id = $2", server, media_id)
    return int(row[0]) if row else 0


async def set_thumbnail(tx: Tx, server: str, media_id: str, size: ThumbnailSize, made: Thumbnail) -> bool:
    """Keeps what is known of a thumbnail; False when its file is no more."""
    if await find_media(tx, server, media_id) is None:
        return False
    await tx.run(
        "INSERT INTO thumbnails (server, media_id, width, height, method, is_animated, content_type, sha256)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        " ON CONFLICT (server, media_id, width, height, method, is_animated)"
        " DO UPDATE SET content_type = excluded.content_type, sha256 = excluded.sha256",
        server,
        media_id,
        size.width,
        size.height,
        size.method,
        int(size.is_animated),
        made.content_type,
        made.sha256,
    )
    return True


async def remove_media(tx: Tx, server: str, media_id: str) -> Media | None:
    """Forgets a file; what it was."""
    found = await find_media(tx, server, media_id)
    await tx.run("DELETE FROM media WHERE server = $1 AND media_id = $2", server, media_id)
    await remove_scans(tx, [(server, media_id)])
    return found


async def remove_thumbnails(tx: Tx, server: str, media_id: str) -> list[ThumbnailSize]:
    """Forgets a file's thumbnails; which there were."""
    rows = await tx.all(
        "DELETE FROM thumbnails WHERE server = $1 AND media_id = $2 RETURNING width, height, method, is_animated",
        server,
        media_id,
    )
    return [ThumbnailSize(row[0], row[1], row[2], bool(row[3])) for row in rows]
