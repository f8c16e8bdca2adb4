"""The threads that were written in during a span of positions (MSC4360)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tchap.storage.jobs import Tx


@dataclass(frozen=True, slots=True)
class ThreadUpdate:
    """A thread: where its last message stands, and how many messages came in the span."""

    room_id: str
    root: str
    version: str
    position: int
    ordering: int
    count: int


@dataclass(frozen=True, slots=True)
class UpdateQuery:
    """Threads of the rooms with messages at positions in (since, upto], the last of them before ``below``.

    Not counted: what ``ignored`` people wrote, and what was said after a change in ``hidden`` of the person's
    membership or of the visibility until the next (``Sight.hidden_starts``; a position belongs to one room). Threads
    all of whose messages are ``told`` are left out.
    """

    user_id: str
    room_ids: tuple[str, ...]
    since: int
    upto: int
    below: int
    limit: int
    ignored: tuple[str, ...] = ()
    hidden: tuple[int, ...] = ()
    told: tuple[str, ...] = ()


async def find_rooms_with_updates(tx: Tx, room_ids: Collection[str], span: tuple[int, int]) -> list[str]:
    """Of the rooms those where somebody wrote in a thread at a position in (since, upto]."""
    rows = await tx.all(
        """SELECT r.room_id FROM rooms r WHERE r.room_id IN_LIST($1) AND EXISTS (
             SELECT 1 FROM events e WHERE e.room_id = r.room_id AND e.position > $2 AND e.position <= $3
               AND e.rel_type = 'm.thread' AND e.status = 0)""",
        list(room_ids),
        *span,
    )
    return [row[0] for row in rows]


async def find_updates(tx: Tx, query: UpdateQuery) -> list[ThreadUpdate]:
    """The threads, the one written to last first."""
    rows = await tx.all(
        """SELECT t.room_id, t.relates_to, t.version, max(t.position) AS latest, max(t.ordering), count(*) FROM (
             SELECT e.event_id, e.room_id, e.relates_to, e.position, e.ordering, o.version,
               COALESCE((SELECT max(m.from_position) FROM memberships m
                         WHERE m.user_id = $1 AND m.room_id = e.room_id AND m.from_position < e.position), 0) AS stay,
               COALESCE((SELECT max(s.from_position) FROM room_state s
                         WHERE s.room_id = e.room_id AND s.type = 'm.room.history_visibility' AND s.state_key = ''
                           AND s.from_position < e.position), 0) AS visibility
             FROM events e JOIN events r ON r.event_id = e.relates_to AND r.room_id = e.room_id
               JOIN rooms o ON o.room_id = e.room_id
             WHERE e.room_id IN_LIST($2) AND e.position > $3 AND e.position <= $4 AND e.ordering IS NOT NULL
               AND e.rel_type = 'm.thread' AND e.status = 0 AND e.redacted_by IS NULL AND NOT (e.sender IN_LIST($5))
           ) AS t
           WHERE NOT (CASE WHEN t.stay > t.visibility THEN t.stay ELSE t.visibility END IN_LIST($6))
           GROUP BY t.room_id, t.relates_to, t.version
           HAVING max(t.position) < $7 AND max(CASE WHEN t.event_id IN_LIST($8) THEN 0 ELSE 1 END) = 1
           ORDER BY latest DESC LIMIT $9""",
        query.user_id,
        list(query.room_ids),
        query.since,
        query.upto,
        list(query.ignored),
        list(query.hidden),
        query.below,
        list(query.told),
        query.limit,
    )
    return [ThreadUpdate(*row) for row in rows]
