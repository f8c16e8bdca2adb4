"""Rooms and the ends of their graphs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.storage.jobs import Tx


class RoomMoved(Exception):
    """The room is not at the revision the append was built on: it must be loaded and built again."""


@dataclass(frozen=True, slots=True)
class RoomRow:
    room_id: str
    version: str
    creator: str
    instance: str
    is_published: int
    created_ts: int
    revision: int


async def add_room(tx: Tx, room: RoomRow) -> None:
    await tx.run(
        """INSERT INTO rooms (room_id, version, creator, instance, is_published, created_ts, revision)
           VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        room.room_id,
        room.version,
        room.creator,
        room.instance,
        room.is_published,
        room.created_ts,
        room.revision,
    )


async def find_room(tx: Tx, room_id: str) -> RoomRow | None:
    row = await tx.one(
        "SELECT room_id, version, creator, instance, is_published, created_ts, revision FROM rooms WHERE room_id = $1",
        room_id,
    )
    return RoomRow(*row) if row else None


async def raise_revision(tx: Tx, room_id: str, built_on: int) -> None:
    """Claims the room for an append; RoomMoved when another append, or a failed one, came between."""
    changed = await tx.run(
        "UPDATE rooms SET revision = revision + 1 WHERE room_id = $1 AND revision = $2", room_id, built_on
    )
    if changed != 1:
        raise RoomMoved(room_id)


async def claim_revision(tx: Tx, room_id: str, by: int = 1) -> int:
    """Claims the room whatever its revision, for a job that reads all it builds on itself; the new revision."""
    await tx.run("UPDATE rooms SET revision = revision + $2 WHERE room_id = $1", room_id, by)
    row = await tx.one("SELECT revision FROM rooms WHERE room_id = $1", room_id)
    return row[0] if row else 0


async def find_published(tx: Tx, room_ids: Sequence[str]) -> frozenset[str]:
    """Those of the rooms that are in the directory."""
    rows = await tx.all("SELECT room_id FROM rooms WHERE room_id IN_LIST($1) AND is_published = 1", list(room_ids))
    return frozenset(row[0] for row in rows)


async def set_published(tx: Tx, room_id: str, is_published: bool) -> None:
    await tx.run("UPDATE rooms SET is_published = $2 WHERE room_id = $1", room_id, int(is_published))


async def find_extremities(tx: Tx, room_id: str) -> list[str]:
    return [row[0] for row in await tx.all("SELECT event_id FROM room_extremities WHERE room_id = $1", room_id)]


async def move_extremity(tx: Tx, room_id: str, old: str, new: str) -> None:
    """The linear case: the one end of the graph moves on; RoomMoved when the end is another one.

    Revisions are counted, so another process may reach the number of an append of ours that failed: what was built on
    the failed one is found out here.
    """
    changed = await tx.run(
        "UPDATE room_extremities SET event_id = $3 WHERE room_id = $1 AND event_id = $2", room_id, old, new
    )
    if changed != 1:
        raise RoomMoved(room_id)


async def set_extremities(tx: Tx, room_id: str, event_ids: Sequence[str]) -> None:
    await tx.run("DELETE FROM room_extremities WHERE room_id = $1", room_id)
    await tx.many(
        "INSERT INTO room_extremities (room_id, event_id) VALUES ($1, $2)", [(room_id, each) for each in event_ids]
    )


async def find_last_places(tx: Tx, room_id: str) -> tuple[int, int, int]:
    """(greatest ordering, greatest position, greatest depth at the ends) of the room; zeros when it is empty."""
    # What is gone keeps its place from being given again: tokens and receipts speak of it.
    ordering = await tx.one(
        """SELECT max(place) FROM (SELECT max(ordering) AS place FROM events WHERE room_id = $1
             UNION ALL SELECT floor_ordering FROM retention_rooms WHERE room_id = $1) AS places""",
        room_id,
    )
    position = await tx.one("SELECT max(position) FROM events WHERE room_id = $1", room_id)
    depth = await tx.one(
        """SELECT max(e.depth) FROM room_extremities x JOIN events e ON e.event_id = x.event_id
           WHERE x.room_id = $1""",
        room_id,
    )
    return tuple((row[0] if row and row[0] is not None else 0) for row in (ordering, position, depth))  # type: ignore[return-value]
