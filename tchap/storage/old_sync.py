"""What the streams of before /sync read: events in the order in which they were told."""

from __future__ import annotations

from tchap.storage.events import EVENT_COLUMNS, StoredEvent
from tchap.storage.jobs import Tx
from tchap.storage.sync import Window

_EVENTS = ", ".join(f"e.{name.strip()}" for name in EVENT_COLUMNS.split(","))


async def find_told(tx: Tx, window: Window, limit: int) -> list[StoredEvent]:
    """What happened in the person's rooms while they were there, and every change of their own membership."""
    rows = await tx.all(
        f"""SELECT {_EVENTS} FROM memberships m JOIN events e ON e.room_id = m.room_id
              AND e.position > $2 AND e.position <= $3 AND e.position >= m.from_position
              AND e.position < COALESCE(m.to_position, $3 + 1)
            WHERE m.user_id = $1 AND m.membership = 'join' AND m.from_position <= $3
              AND COALESCE(m.to_position, $3 + 1) > $2
            UNION
            SELECT {_EVENTS} FROM memberships m JOIN events e ON e.event_id = m.event_id
            WHERE m.user_id = $1 AND m.from_position > $2 AND m.from_position <= $3
              AND e.position > $2 AND e.position <= $3
            ORDER BY 3 LIMIT $4""",
        window.user_id,
        window.since,
        window.upto,
        limit,
    )
    return [StoredEvent(*row) for row in rows]


async def find_told_in(tx: Tx, room_id: str, window: tuple[int, int], limit: int) -> list[StoredEvent]:
    """What happened in a room in a window (after, up to) of positions."""
    rows = await tx.all(
        f"""SELECT {_EVENTS} FROM events e WHERE e.room_id = $1 AND e.position > $2 AND e.position <= $3
            ORDER BY e.position LIMIT $4""",
        room_id,
        *window,
        limit,
    )
    return [StoredEvent(*row) for row in rows]
