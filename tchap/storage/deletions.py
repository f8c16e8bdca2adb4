"""The proof of what was deleted for good. Rows are added and read; nothing here changes or removes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tchap.storage.jobs import Tx
from tchap.storage.media_links import Cause, Doomed
from tchap.storage.scans import remove_scans

MEDIA, MESSAGES = "media", "messages"


@dataclass(frozen=True, slots=True)
class Deletion:
    """`amount` is the bytes of a file, or how many messages; times in milliseconds since 1970."""

    deletion_id: int
    what: str
    rule: str
    lifetime_ms: int | None
    server: str | None
    media_id: str | None
    event_id: str | None
    room_id: str | None
    amount: int
    deleted_ts: int


_COLUMNS = "deletion_id, what, rule, lifetime_ms, server, media_id, event_id, room_id, amount, deleted_ts"
_ADD = f"INSERT INTO deletion_log ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"


async def end_deletions(tx: Tx, files: Sequence[Doomed], now_ms: int) -> None:
    """The bytes are gone: the files leave the queue and the log keeps the proof, once whoever else removed them too."""
    rows = await tx.all(
        "SELECT server, media_id FROM media_deletions WHERE server IN_LIST($1) AND media_id IN_LIST($2)",
        list({each.server for each in files}),
        list({each.media_id for each in files}),
    )
    waiting = {(row[0], row[1]) for row in rows}
    left = [each for each in files if (each.server, each.media_id) in waiting]
    if not left:
        return
    names = [(each.server, each.media_id) for each in left]
    await remove_scans(tx, names)
    await tx.many("DELETE FROM thumbnails WHERE server = $1 AND media_id = $2", names)
    await tx.many("DELETE FROM media_deletions WHERE server = $1 AND media_id = $2", names)
    first = await tx.next_positions(len(left))
    await tx.many(
        _ADD,
        [
            (
                first + number,
                MEDIA,
                f.rule,
                f.lifetime_ms,
                f.server,
                f.media_id,
                f.event_id,
                f.room_id,
                f.size or 0,
                now_ms,
            )
            for number, f in enumerate(left)
        ],
    )


async def add_purges(tx: Tx, counts: Mapping[tuple[str, int], int], cause: Cause) -> None:
    """So many messages of each room went, by (room, lifetime in milliseconds)."""
    first = await tx.next_positions(len(counts))
    await tx.many(
        _ADD,
        [
            (first + number, MESSAGES, cause.rule, lifetime_ms, None, None, None, room_id, count, cause.now_ms)
            for number, ((room_id, lifetime_ms), count) in enumerate(counts.items())
        ],
    )


async def find_deletions(tx: Tx, below: int, limit: int) -> list[Deletion]:
    """The newest below an id, at most ``limit``."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM deletion_log WHERE deletion_id < $1 ORDER BY deletion_id DESC LIMIT $2", below, limit
    )
    return [Deletion(*row) for row in rows]
