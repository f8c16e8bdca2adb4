"""Receipts: up to which event each person has read each room, or a thread of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tchap.base import limits
from tchap.storage.database import Tx
from tchap.storage.sync import Window


@dataclass(frozen=True, slots=True)
class Receipt:
    """``thread_id`` is empty for an unthreaded receipt; ``position`` is when it became known."""

    room_id: str
    user_id: str
    receipt_type: str
    thread_id: str
    event_id: str
    ts: int
    position: int = 0


async def set_receipt(tx: Tx, receipt: Receipt) -> int | None:
    """Moves the receipt forward; gives its position, or None where it stands as far already."""
    position = await tx.next_position()
    changed = await tx.run(
        """INSERT INTO receipts (room_id, user_id, receipt_type, thread_id, event_id, event_position, ordering, ts,
                                 position)
           SELECT e.room_id, CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), e.event_id, coalesce(e.position, 0),
                  e.ordering, CAST($5 AS BIGINT), CAST($6 AS BIGINT)
           FROM events e WHERE e.event_id = $1 AND e.room_id = $7 AND e.ordering IS NOT NULL
           ON CONFLICT (room_id, user_id, receipt_type, thread_id) DO UPDATE
           SET event_id = excluded.event_id, event_position = excluded.event_position, ordering = excluded.ordering,
               ts = excluded.ts, position = excluded.position
           WHERE excluded.ordering > receipts.ordering""",
        receipt.event_id,
        receipt.user_id,
        receipt.receipt_type,
        receipt.thread_id,
        receipt.ts,
        position,
        receipt.room_id,
    )
    return position if changed else None


async def find_changed_receipts(tx: Tx, window: Window, room_ids: Collection[str]) -> list[Receipt]:
    """The receipts of the rooms that became known in the window; others' private ones are left out.

    Servers MUST NOT send ``m.read.private`` to anybody else ("Private read receipts").
    """
    rows = await tx.all(
        """SELECT room_id, user_id, receipt_type, thread_id, event_id, ts, position FROM (
             SELECT r.room_id, r.user_id, r.receipt_type, r.thread_id, r.event_id, r.ts, r.position,
               row_number() OVER (PARTITION BY r.room_id
                 ORDER BY CASE WHEN r.user_id = $4 THEN 0 ELSE 1 END, r.position DESC) AS number
             FROM receipts r
             WHERE r.room_id IN_LIST($1) AND r.position > $2 AND r.position <= $3
               AND (r.receipt_type <> 'm.read.private' OR r.user_id = $4)
           ) AS ranked WHERE number <= $5 ORDER BY position""",
        list(room_ids),
        window.since,
        window.upto,
        window.user_id,
        limits.MAX_SYNC_RECEIPTS,
    )
    return [Receipt(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """What a receipt needs to know of the event it is about."""

    event_id: str
    ordering: int
    thread_id: str | None
    relates_to: str | None
    position: int | None


async def find_read_event(tx: Tx, room_id: str, event_id: str) -> ReadEvent | None:
    """The event, where it has a place in the room's timeline."""
    row = await tx.one(
        """SELECT event_id, ordering, thread_id, relates_to, position FROM events
           WHERE event_id = $1 AND room_id = $2 AND ordering IS NOT NULL""",
        event_id,
        room_id,
    )
    return None if row is None else ReadEvent(*row)
