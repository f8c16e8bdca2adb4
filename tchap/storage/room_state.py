"""The temporal state of rooms: a row says from which position to which a state event held, as told to clients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.storage.events import EVENT_COLUMNS, StoredEvent, find_events
from tchap.storage.jobs import Tx


@dataclass(frozen=True, slots=True)
class StateRow:
    type: str
    state_key: str
    event_id: str


async def set_states(tx: Tx, room_id: str, rows: Sequence[tuple[StateRow, int]]) -> None:
    """Each state event holds from its position on; what it replaces ends there."""
    await tx.many(
        """UPDATE room_state SET to_position = $4
           WHERE room_id = $1 AND type = $2 AND state_key = $3 AND to_position IS NULL""",
        [(room_id, row.type, row.state_key, position) for row, position in rows],
    )
    await tx.many(
        "INSERT INTO room_state (room_id, type, state_key, event_id, from_position) VALUES ($1, $2, $3, $4, $5)",
        [(room_id, row.type, row.state_key, row.event_id, position) for row, position in rows],
    )


async def remove_state(tx: Tx, room_id: str, type_: str, state_key: str, position: int) -> None:
    """The key holds nothing from the position on (a fork was resolved without it)."""
    await tx.run(
        """UPDATE room_state SET to_position = $4
           WHERE room_id = $1 AND type = $2 AND state_key = $3 AND to_position IS NULL""",
        room_id,
        type_,
        state_key,
        position,
    )


async def find_current_state(tx: Tx, room_id: str) -> list[StateRow]:
    rows = await tx.all(
        "SELECT type, state_key, event_id FROM room_state WHERE room_id = $1 AND to_position IS NULL", room_id
    )
    return [StateRow(*row) for row in rows]


async def find_state_at(tx: Tx, room_id: str, position: int) -> list[StateRow]:
    """The state as told to clients once everything up to ``position`` had happened."""
    rows = await tx.all(
        """SELECT type, state_key, event_id FROM room_state
           WHERE room_id = $1 AND from_position <= $2 AND (to_position IS NULL OR to_position > $2)""",
        room_id,
        position,
    )
    return [StateRow(*row) for row in rows]


async def find_state_event_at(
    tx: Tx, room_id: str, key: tuple[str, str], position: int | None = None
) -> StoredEvent | None:
    """One state event, now or at a position."""
    at = 2**62 if position is None else position
    row = await tx.one(
        """SELECT event_id FROM room_state WHERE room_id = $1 AND type = $2 AND state_key = $3
             AND from_position <= $4 AND (to_position IS NULL OR to_position > $4)""",
        room_id,
        *key,
        at,
    )
    return (await find_events(tx, [row[0]])).get(row[0]) if row else None


async def find_state_spans(tx: Tx, room_id: str, type_: str, state_key: str) -> list[tuple[int, int | None, str]]:
    """(from, to, event id) of everything that ever held the key, oldest first."""
    rows = await tx.all(
        """SELECT from_position, to_position, event_id FROM room_state
           WHERE room_id = $1 AND type = $2 AND state_key = $3 ORDER BY from_position""",
        room_id,
        type_,
        state_key,
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def find_state_events_at(
    tx: Tx, room_id: str, position: int, member_ids: Sequence[str] | None = None
) -> list[StoredEvent]:
    """The state events that held at a position; of the members only ``member_ids``, unless it is None."""
    columns = ", ".join(f"e.{name.strip()}" for name in EVENT_COLUMNS.split(","))
    rows = await tx.all(
        f"""SELECT {columns} FROM room_state s JOIN events e ON e.event_id = s.event_id
            WHERE s.room_id = $1 AND s.from_position <= $2 AND (s.to_position IS NULL OR s.to_position > $2)
              AND ($3 = 1 OR s.type <> 'm.room.member' OR s.state_key IN_LIST($4))""",
        room_id,
        position,
        int(member_ids is None),
        list(member_ids or ()),
    )
    return [StoredEvent(*row) for row in rows]


async def find_member_events_at(tx: Tx, room_id: str, position: int) -> list[StoredEvent]:
    """Every membership event that held at a position."""
    columns = ", ".join(f"e.{name.strip()}" for name in EVENT_COLUMNS.split(","))
    rows = await tx.all(
        f"""SELECT {columns} FROM room_state s JOIN events e ON e.event_id = s.event_id
            WHERE s.room_id = $1 AND s.type = 'm.room.member' AND s.from_position <= $2
              AND (s.to_position IS NULL OR s.to_position > $2)""",
        room_id,
        position,
    )
    return [StoredEvent(*row) for row in rows]
