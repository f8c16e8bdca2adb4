"""Events as rows: the timeline of each room, and the PDU behind each event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.protocol.stored_event import GONE, IN_TIMELINE, OUTLIER, REJECTED, SOFT_FAILED, StoredEvent
from tchap.storage.jobs import Row, Tx

__all__ = ["GONE", "IN_TIMELINE", "OUTLIER", "REJECTED", "SOFT_FAILED", "StoredEvent", "Stretch"]

EVENT_COLUMNS = """event_id, room_id, position, ordering, depth, type, state_key, sender, origin_server_ts,
  relates_to, rel_type, thread_id, redacted_by, status, txn_device, txn_id, client_json, graph_json"""
_FIND = f"SELECT {EVENT_COLUMNS} FROM events"
_ADD = f"""INSERT INTO events ({EVENT_COLUMNS})
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"""


def _row(event: StoredEvent) -> Row:
    return (
        event.event_id,
        event.room_id,
        event.position,
        event.ordering,
        event.depth,
        event.type,
        event.state_key,
        event.sender,
        event.origin_server_ts,
        event.relates_to,
        event.rel_type,
        event.thread_id,
        event.redacted_by,
        event.status,
        event.txn_device,
        event.txn_id,
        event.client_json,
        event.graph_json,
    )


class AlreadySent(Exception):
    """The device sent this before, under the same transaction id; ``event_id`` is what it became."""

    def __init__(self, event_id: str) -> None:
        super().__init__(event_id)
        self.event_id = event_id


async def add_event(tx: Tx, event: StoredEvent) -> None:
    """Adds one event; AlreadySent when its device used the transaction id before for the same room and type."""
    added = await tx.run(
        f"{_ADD} ON CONFLICT (sender, txn_device, txn_id, room_id, type) WHERE txn_id IS NOT NULL DO NOTHING",
        *_row(event),
    )
    if added == 0:
        earlier = await tx.one(
            """SELECT event_id FROM events
               WHERE sender = $1 AND txn_device = $2 AND txn_id = $3 AND room_id = $4 AND type = $5""",
            event.sender,
            event.txn_device,
            event.txn_id,
            event.room_id,
            event.type,
        )
        assert earlier is not None
        raise AlreadySent(earlier[0])


async def add_events(tx: Tx, events: Sequence[StoredEvent]) -> None:
    await tx.many(_ADD, [_row(event) for event in events])


async def find_event(tx: Tx, event_id: str) -> StoredEvent | None:
    """The event, unless its time was over."""
    row = await tx.one(f"{_FIND} WHERE event_id = $1 AND status <> {GONE}", event_id)
    return StoredEvent(*row) if row else None


async def find_events(tx: Tx, event_ids: Sequence[str]) -> dict[str, StoredEvent]:
    """The events known among the ids, by id, those that are gone included: the graph still knows them."""
    rows = await tx.all(f"{_FIND} WHERE event_id IN_LIST($1)", list(event_ids))
    return {row[0]: StoredEvent(*row) for row in rows}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a room's timeline: orderings strictly between ``above`` and ``below``, at most ``limit`` events."""

    above: int
    below: int
    limit: int
    backwards: bool = False


async def find_timeline(tx: Tx, room_id: str, stretch: Stretch) -> list[StoredEvent]:
    """Events of the timeline in the direction asked."""
    direction = "DESC" if stretch.backwards else "ASC"
    rows = await tx.all(
        f"{_FIND} WHERE room_id = $1 AND ordering > $2 AND ordering < $3 ORDER BY ordering {direction} LIMIT $4",
        room_id,
        stretch.above,
        stretch.below,
        stretch.limit,
    )
    return [StoredEvent(*row) for row in rows]


async def find_near(tx: Tx, room_id: str, when: tuple[int, bool], page: tuple[int, int]) -> list[StoredEvent]:
    """The events nearest to a time first, at or before it or at or after it: `when` is (milliseconds, backwards).

    `page` is (how many are passed over, how many are wanted).
    """
    ts, backwards = when
    text = (
        "origin_server_ts <= $2 ORDER BY origin_server_ts DESC, ordering DESC"
        if backwards
        else "origin_server_ts >= $2 ORDER BY origin_server_ts, ordering"
    )
    rows = await tx.all(
        f"{_FIND} WHERE room_id = $1 AND ordering IS NOT NULL AND {text} LIMIT $3 OFFSET $4",
        room_id,
        ts,
        page[1],
        page[0],
    )
    return [StoredEvent(*row) for row in rows]


async def set_redacted(tx: Tx, event_id: str, redacted_by: str, client_json: bytes, graph_json: bytes) -> None:
    """The content is really gone: the row now holds what the redaction leaves."""
    await tx.run(
        """UPDATE events SET redacted_by = $2, client_json = $3, graph_json = $4,
             relates_to = NULL, rel_type = NULL WHERE event_id = $1""",
        event_id,
        redacted_by,
        client_json,
        graph_json,
    )


async def find_place(tx: Tx, room_id: str, position: int) -> int:
    """The greatest ordering told of up to a position: where a sync token stands in the room's timeline."""
    row = await tx.one("SELECT max(ordering) FROM events WHERE room_id = $1 AND position <= $2", room_id, position)
    return row[0] if row and row[0] is not None else 0


async def find_position_of_place(tx: Tx, room_id: str, ordering: int) -> int:
    """The greatest position among the events up to a place of the timeline."""
    row = await tx.one("SELECT max(position) FROM events WHERE room_id = $1 AND ordering <= $2", room_id, ordering)
    return row[0] if row and row[0] is not None else 0
