"""What pages that people link to look like."""

from dataclasses import dataclass

from tchap.storage.database import Row, Tx


@dataclass(frozen=True, slots=True)
class StoredPreview:
    """`body` is JSON bytes; `server` and `media_id` name the picture, if there is one. Times in milliseconds."""

    url_hash: str
    fetched_ts: int
    body: bytes
    fresh_until_ts: int
    expires_ts: int
    server: str | None = None
    media_id: str | None = None


_COLUMNS = "url_hash, fetched_ts, body, fresh_until_ts, expires_ts, server, media_id"


async def find_preview(tx: Tx, url_hash: str, at_ts: int) -> StoredPreview | None:
    """The preview that was fresh at that time."""
    row = await tx.one(
        f"SELECT {_COLUMNS} FROM url_previews WHERE url_hash = $1 AND fetched_ts <= $2 AND fresh_until_ts > $2"
        " ORDER BY fetched_ts DESC LIMIT 1",
        url_hash,
        at_ts,
    )
    return None if row is None else _preview(row)


async def add_preview(tx: Tx, preview: StoredPreview) -> None:
    await tx.run(
        f"INSERT INTO url_previews ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        preview.url_hash,
        preview.fetched_ts,
        preview.body,
        preview.fresh_until_ts,
        preview.expires_ts,
        preview.server,
        preview.media_id,
    )


async def find_expired(tx: Tx, now_ms: int, limit: int) -> list[StoredPreview]:
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM url_previews WHERE expires_ts <= $1 ORDER BY expires_ts LIMIT $2", now_ms, limit
    )
    return [_preview(row) for row in rows]


async def remove_preview(tx: Tx, url_hash: str, fetched_ts: int) -> None:
    await tx.run("DELETE FROM url_previews WHERE url_hash = $1 AND fetched_ts = $2", url_hash, fetched_ts)


def _preview(row: Row) -> StoredPreview:
    return StoredPreview(row[0], row[1], bytes(row[2]), *row[3:])
