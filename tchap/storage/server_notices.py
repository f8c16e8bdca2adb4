"""Notices of the server: what is to be told to whom, how far the telling has come, and each person's room for them."""

from collections.abc import Collection
from dataclasses import dataclass

from tchap.storage.database import Row, Tx

SENDING, SENT, WITHDRAWING, WITHDRAWN = "sending", "sent", "withdrawing", "withdrawn"


@dataclass(frozen=True, slots=True)
class Notice:
    """`content` is JSON bytes; `after_user` is the last person done with, in order of user ids, led by the id of their
    administration and a space where it is for agents; `administration_id` is whom it is for, with all below."""

    notice_id: int
    admin: str
    audience: str
    audience_name: str
    content: bytes
    is_pinned: bool
    status: str
    after_user: str
    told: int
    created_ts: int
    ended_ts: int | None = None
    administration_id: str | None = None


_COLUMNS = (
    "notice_id, admin, audience, audience_name, content, is_pinned, status, after_user, told, created_ts, ended_ts,"
    " administration_id"
)


async def add_notice(tx: Tx, notice: Notice) -> int:
    """Adds it under a new id, which is answered."""
    notice_id = await tx.next_position()
    await tx.run(
        f"INSERT INTO server_notices ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        notice_id,
        notice.admin,
        notice.audience,
        notice.audience_name,
        notice.content,
        int(notice.is_pinned),
        notice.status,
        notice.after_user,
        notice.told,
        notice.created_ts,
        notice.ended_ts,
        notice.administration_id,
    )
    return notice_id


async def find_notice(tx: Tx, notice_id: int) -> Notice | None:
    row = await tx.one(f"SELECT {_COLUMNS} FROM server_notices WHERE notice_id = $1", notice_id)
    return None if row is None else _notice(row)


async def find_next_notice(tx: Tx) -> Notice | None:
    """The oldest one that somebody is still to be told of; what is for one person need not wait for a crowd."""
    row = await tx.one(
        f"SELECT {_COLUMNS} FROM server_notices WHERE status IN ('sending', 'withdrawing')"
        " ORDER BY CASE WHEN audience = 'user' THEN 0 ELSE 1 END, notice_id LIMIT 1"
    )
    return None if row is None else _notice(row)


async def set_progress(tx: Tx, notice_id: int, after_user: str, told: int) -> None:
    """So many more people were told, up to this one."""
    await tx.run(
        "UPDATE server_notices SET after_user = $1, told = told + $2 WHERE notice_id = $3", after_user, told, notice_id
    )


async def set_status(tx: Tx, notice_id: int, status: str, ended_ts: int | None) -> None:
    """The next stage, which begins with the first person again."""
    await tx.run(
        "UPDATE server_notices SET status = $1, ended_ts = $2, after_user = '' WHERE notice_id = $3",
        status,
        ended_ts,
        notice_id,
    )


async def find_notices(tx: Tx, before: int, limit: int) -> list[Notice]:
    """Those older than the notice `before`, the newest first."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM server_notices WHERE notice_id < $1 ORDER BY notice_id DESC LIMIT $2", before, limit
    )
    return [_notice(row) for row in rows]


async def find_notices_for(tx: Tx, ids: Collection[str], before: int, limit: int) -> list[Notice]:
    """Of those, the ones for these administrations."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM server_notices WHERE administration_id IN_LIST($1) AND notice_id < $2"
        " ORDER BY notice_id DESC LIMIT $3",
        sorted(ids),
        before,
        limit,
    )
    return [_notice(row) for row in rows]


async def find_everybody(tx: Tx, after_user: str, limit: int) -> list[str]:
    """The living accounts that follow `after_user` in order of their ids."""
    rows = await tx.all(
        "SELECT user_id FROM accounts WHERE user_id > $1 AND deactivated_ts IS NULL ORDER BY user_id LIMIT $2",
        after_user,
        limit,
    )
    return [row[0] for row in rows]


async def find_agents(tx: Tx, ids: Collection[str], after: tuple[str, str], limit: int) -> list[tuple[str, str]]:
    """The living accounts of these administrations that follow, in order: `(administration_id, user_id)`; all of one
    answer are of one administration."""
    ids = sorted(ids)
    while True:
        rows = await tx.all(
            "SELECT administration_id, user_id FROM accounts WHERE administration_id = $1 AND user_id > $2"
            " AND deactivated_ts IS NULL ORDER BY user_id LIMIT $3",
            *after,
            limit,
        )
        if rows:
            return [(row[0], row[1]) for row in rows]
        # The next one that has anybody: most of a ministry's are small or empty.
        row = await tx.one(
            "SELECT MIN(administration_id) FROM accounts WHERE administration_id IN_LIST($1) AND administration_id > $2"
            " AND deactivated_ts IS NULL",
            ids,
            after[0],
        )
        if row is None or row[0] is None:
            return []
        after = (row[0], "")


async def find_told(tx: Tx, notice_id: int, after_user: str, limit: int) -> list[tuple[str, str]]:
    """Who was told of a pinned notice, and by which event, in order of user ids."""
    rows = await tx.all(
        "SELECT user_id, event_id FROM server_notice_events WHERE notice_id = $1 AND user_id > $2"
        " ORDER BY user_id LIMIT $3",
        notice_id,
        after_user,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def add_told(tx: Tx, notice_id: int, user_id: str, event_id: str) -> None:
    await tx.run(
        "INSERT INTO server_notice_events (notice_id, user_id, event_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        notice_id,
        user_id,
        event_id,
    )


async def find_notice_room(tx: Tx, user_id: str) -> str | None:
    """The room where the server talks to this person."""
    row = await tx.one("SELECT room_id FROM server_notice_rooms WHERE user_id = $1", user_id)
    return None if row is None else str(row[0])


async def add_notice_room(tx: Tx, user_id: str, room_id: str, now_ms: int) -> str:
    """Keeps the room, unless the person has one already; answers the one they have."""
    await tx.run(
        "INSERT INTO server_notice_rooms (user_id, room_id, created_ts) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        user_id,
        room_id,
        now_ms,
    )
    return await find_notice_room(tx, user_id) or room_id


def _notice(row: Row) -> Notice:
    return Notice(row[0], row[1], row[2], row[3], bytes(row[4]), bool(row[5]), *row[6:])
