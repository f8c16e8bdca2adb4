"""Receipts: up to which event each person has read each room, or a thread of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tchap.storage.database import Tx


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


async def find_changed_receipts(tx: Tx, reader: str, room_ids: Collection[str], since: int, upto: int) -> list[Receipt]:
    """The receipts of the rooms that became known after ``since``; others' private ones are left out."""
    rows = await tx.all(
        """SELECT room_id, user_id, receipt_type, thread_id, event_id, ts, position FROM receipts
           WHERE room_id IN_LIST($1) AND position > $2 AND position <= $3
             AND (receipt_type <> 'm.read.private' OR user_id = $4)
           ORDER BY position""",
        list(room_ids),
        since,
        upto,
        reader,
    )
    return [Receipt(*row) for row in rows]
