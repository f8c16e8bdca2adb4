"""Which messages are past their time, and taking them out of every table that holds something of them.

What is left of a message is a row without words: its id, who sent it and when, and its place in the graph, which later
events refer to. It has no place in the timeline any more, so that nothing that pages, syncs, counts or searches meets
it; what points to it by its id finds an event of status GONE.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tchap.base import limits
from tchap.protocol.stored_event import GONE, StoredEvent
from tchap.storage.events import EVENT_COLUMNS
from tchap.storage.jobs import Tx


@dataclass(frozen=True, slots=True)
class StateContent:
    """The event behind a room's current state of one type."""

    room_id: str
    type: str
    state_key: str
    event_id: str
    client_json: bytes


@dataclass(frozen=True, slots=True)
class Expired:
    """A message past its time: the lifetime that says so, and the version of its room."""

    event: StoredEvent
    lifetime_ms: int
    version: str


@dataclass(frozen=True, slots=True)
class Look:
    """Messages to remove, and the place of each room's timeline up to which there are no others."""

    expired: list[Expired]
    upto: dict[str, int]


async def find_room_page(tx: Tx, after: str, limit: int) -> list[str]:
    """Rooms in order of their ids."""
    rows = await tx.all("SELECT room_id FROM rooms WHERE room_id > $1 ORDER BY room_id LIMIT $2", after, limit)
    return [row[0] for row in rows]


async def find_room_states(tx: Tx, room_ids: Collection[str], types: Collection[str]) -> list[StateContent]:
    """The rooms' current state of some types."""
    rows = await tx.all(
        """SELECT s.room_id, s.type, s.state_key, s.event_id, e.client_json
           FROM room_state s JOIN events e ON e.event_id = s.event_id
           WHERE s.room_id IN_LIST($1) AND s.type IN_LIST($2) AND s.to_position IS NULL""",
        list(room_ids),
        list(types),
    )
    return [StateContent(*row) for row in rows]


async def find_lifetimes(tx: Tx, room_ids: Collection[str]) -> dict[str, int]:
    """How long messages live in those of the rooms that have, or had, a term: as last found."""
    rows = await tx.all("SELECT room_id, lifetime_ms FROM retention_rooms WHERE room_id IN_LIST($1)", list(room_ids))
    return {row[0]: row[1] for row in rows}


async def set_lifetimes(tx: Tx, lifetimes: Sequence[tuple[str, int]]) -> None:
    """How long messages live in each room (milliseconds, 0 for ever), as found now."""
    await tx.many(
        """INSERT INTO retention_rooms (room_id, lifetime_ms) VALUES ($1, $2) ON CONFLICT (room_id)
           DO UPDATE SET lifetime_ms = excluded.lifetime_ms
           WHERE retention_rooms.lifetime_ms <> excluded.lifetime_ms""",
        [row for row in lifetimes if row[1]],
    )
    await tx.run(
        "UPDATE retention_rooms SET lifetime_ms = 0 WHERE lifetime_ms <> 0 AND room_id IN_LIST($1)",
        [room_id for room_id, lifetime_ms in lifetimes if not lifetime_ms],
    )


# Rooms whose next event is not in its time any more, and the part of their timelines that begins there. The subquery
# is bounded, so that neither engine looks further into a long room than what one batch can take.
_COLUMNS = ", ".join(f"e.{name.strip()}" for name in EVENT_COLUMNS.split(","))
_NEXT = f"""SELECT {_COLUMNS}, l.lifetime_ms, r.version FROM (
    SELECT d.room_id, d.lifetime_ms, d.first FROM (
      SELECT t.room_id, t.lifetime_ms, (SELECT min(x.ordering) FROM events x
          WHERE x.room_id = t.room_id AND x.ordering > t.upto_ordering) AS first
      FROM retention_rooms t WHERE t.lifetime_ms > 0
    ) AS d CROSS JOIN events f
    WHERE f.room_id = d.room_id AND f.ordering = d.first
      AND (f.origin_server_ts < $1 - d.lifetime_ms OR f.origin_server_ts > $1 + {limits.CLOCK_AHEAD_MS})
    ORDER BY d.room_id LIMIT {limits.RETENTION_ROOMS_AT_ONCE}
  ) AS l CROSS JOIN events e JOIN rooms r ON r.room_id = e.room_id
  WHERE e.room_id = l.room_id AND e.ordering >= l.first AND e.ordering < l.first + $2
  ORDER BY e.room_id, e.ordering LIMIT $2"""


async def find_expired(tx: Tx, now_ms: int, limit: int) -> Look:
    """The next messages past their time, room by room in the order of their timelines; at most `limit` events are
    looked at.

    A room is emptied from its beginning up to the first event still in its time, also where that was sent while the
    look began or by a server whose clock is ahead. What says that it comes from the far future stops nothing, and is
    as old as what stands beside it.
    """
    look = Look([], {})
    stopped: set[str] = set()
    for row in await tx.all(_NEXT, now_ms, limit):
        found = Expired(StoredEvent(*row[:-2]), row[-2], row[-1])
        event = found.event
        if now_ms - found.lifetime_ms <= event.origin_server_ts <= now_ms + limits.CLOCK_AHEAD_MS:
            stopped.add(event.room_id)
        if event.room_id in stopped:
            continue
        look.upto[event.room_id] = event.ordering or 0
        if event.state_key is None:
            look.expired.append(found)
    return look


async def find_followers(tx: Tx, event_ids: Collection[str], limit: int) -> list[StoredEvent]:
    """Edits of the events and reactions to them: without them they say nothing, or what was to be forgotten."""
    rows = await tx.all(
        f"""SELECT {_COLUMNS} FROM events e JOIN events p ON p.event_id = e.relates_to AND p.room_id = e.room_id
            WHERE e.relates_to IN_LIST($1) AND e.rel_type IN ('m.replace', 'm.annotation') AND e.state_key IS NULL
            LIMIT $2""",
        list(event_ids),
        limit,
    )
    return [StoredEvent(*row) for row in rows]


async def find_whole(tx: Tx, event_ids: Collection[str]) -> set[str]:
    """Those of the events that nobody has purged yet."""
    rows = await tx.all(f"SELECT event_id FROM events WHERE event_id IN_LIST($1) AND status <> {GONE}", list(event_ids))
    return {row[0] for row in rows}


async def purge_events(tx: Tx, left: Sequence[StoredEvent]) -> None:
    """Writes what is left of the events, given with the places they had; nothing else of them stays in any table."""
    places = [(each.room_id, each.position) for each in left if each.position is not None]
    ids = [each.event_id for each in left]
    await tx.many(
        f"""UPDATE events SET status = {GONE}, position = NULL, ordering = NULL, relates_to = NULL, rel_type = NULL,
              thread_id = NULL, client_json = $2, graph_json = $3 WHERE event_id = $1""",
        [(each.event_id, each.client_json, each.graph_json) for each in left],
    )
    await tx.many(
        "UPDATE retention_rooms SET floor_ordering = $2 WHERE room_id = $1 AND floor_ordering < $2",
        list(_floors(left).items()),
    )
    await tx.run("DELETE FROM search_entries WHERE event_id IN_LIST($1)", ids)
    await tx.many("DELETE FROM push_notices WHERE room_id = $1 AND position = $2", places)
    await tx.many("DELETE FROM push_personal_notices WHERE room_id = $1 AND position = $2", places)
    await tx.run("UPDATE delayed_events SET content = $2 WHERE event_id IN_LIST($1)", ids, b"{}")


def _floors(left: Sequence[StoredEvent]) -> dict[str, int]:
    floors: dict[str, int] = {}
    for each in left:
        floors[each.room_id] = max(floors.get(each.room_id, 0), each.ordering or 0)
    return floors


async def set_upto(tx: Tx, upto: Mapping[str, int]) -> None:
    """Nothing is left to remove up to these places of the rooms' timelines: the next look begins there."""
    await tx.many("UPDATE retention_rooms SET upto_ordering = $2 WHERE room_id = $1", list(upto.items()))


async def forget_reported(tx: Tx) -> int:
    """A closed report no longer keeps the words of a message that is gone; how many there were."""
    return await tx.run(
        f"""UPDATE reports SET event_json = NULL WHERE state = 'closed' AND event_json IS NOT NULL
            AND EXISTS (SELECT 1 FROM events e WHERE e.event_id = reports.event_id AND e.status = {GONE})"""
    )
