"""What /sync collects: every function is one query over all the rooms asked for, whatever their number.

Windows: a person may see a room they are joined to up to ``upto``, and one they have left up to their departure.
Each query therefore starts from the person's own memberships as they stand at ``upto``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tchap.protocol.sync_values import OwnMembership, StateRow, SyncEvent
from tchap.storage.database import Row, Tx
from tchap.storage.events import EVENT_COLUMNS, StoredEvent

_COLUMNS = """e.event_id, e.room_id, e.position, e.ordering, e.type, e.state_key, e.sender, e.origin_server_ts,
  e.relates_to, e.rel_type, e.thread_id, e.redacted_by, e.txn_device, e.txn_id, e.client_json"""

_OWN = """m.user_id = $1 AND m.room_id IN_LIST($3) AND m.from_position <= $2
  AND (m.to_position IS NULL OR m.to_position > $2)"""
# Who left knows the room as it was then: a ban that came later, or its end, shows nothing newer.
_UPPER = """CASE WHEN m.membership = 'join' THEN CAST($2 AS BIGINT) ELSE COALESCE((
    SELECT min(n.from_position) FROM memberships n
    WHERE n.user_id = m.user_id AND n.room_id = m.room_id AND n.from_position > (
      SELECT max(j.from_position) FROM memberships j WHERE j.user_id = m.user_id AND j.room_id = m.room_id
        AND j.membership = 'join' AND j.from_position < m.from_position)), m.from_position) END"""


@dataclass(frozen=True, slots=True)
class Window:
    """Whose sync, and which positions: those after ``since``, up to ``upto``."""

    user_id: str
    since: int
    upto: int


def _event(row: Row) -> SyncEvent:
    return SyncEvent(*row)


def _state_row(row: Row) -> StateRow:
    return StateRow(row[0], row[1], _event(row[2:]))


async def find_own_memberships(tx: Tx, window: Window, with_left: bool = False) -> list[OwnMembership]:
    """The person's memberships that held at some time after ``since``, oldest first in each room.

    Of rooms left before only ``with_left`` asks, and never of forgotten ones.
    """
    rows = await tx.all(
        """SELECT m.room_id, m.membership, m.event_id, m.sender, m.from_position, m.to_position FROM memberships m
           WHERE m.user_id = $1 AND m.from_position <= $3 AND (m.to_position IS NULL OR m.to_position > $2)
             AND (m.membership IN ('join', 'invite', 'knock') OR m.from_position > $2 OR m.to_position <= $3 OR $4 = 1)
             AND NOT EXISTS (SELECT 1 FROM forgotten_rooms f WHERE f.user_id = $1 AND f.room_id = m.room_id)
           ORDER BY m.room_id, m.from_position""",
        window.user_id,
        window.since,
        window.upto,
        int(with_left),
    )
    return [OwnMembership(*row) for row in rows]


async def find_own_history(tx: Tx, window: Window, room_ids: Collection[str]) -> list[OwnMembership]:
    """Every membership the person ever had in the rooms, oldest first in each."""
    rows = await tx.all(
        """SELECT room_id, membership, event_id, sender, from_position, to_position FROM memberships
           WHERE user_id = $1 AND room_id IN_LIST($2) AND from_position <= $3 ORDER BY room_id, from_position""",
        window.user_id,
        list(room_ids),
        window.upto,
    )
    return [OwnMembership(*row) for row in rows]


async def find_timelines(tx: Tx, window: Window, room_ids: Collection[str], depth: int) -> list[SyncEvent]:
    """Of each room the events told after ``since`` among its last ``depth``, in timeline order."""
    # New events stand above all others in their room, so the last `depth` orderings below the newest told event are
    # the end of the timeline: one seek per room, however long its history.
    rows = await tx.all(
        f"""SELECT {_COLUMNS} FROM (
             SELECT m.room_id AS room_id, {_UPPER} AS upper,
               (SELECT x.ordering FROM events x WHERE x.room_id = m.room_id AND x.position <= {_UPPER}
                ORDER BY x.position DESC LIMIT 1) AS top
             FROM memberships m WHERE {_OWN}
           ) AS t JOIN events e ON e.room_id = t.room_id AND e.ordering > t.top - $5 AND e.ordering <= t.top
           WHERE e.position > $4 AND e.position <= t.upper ORDER BY e.room_id, e.ordering""",
        window.user_id,
        window.upto,
        list(room_ids),
        window.since,
        depth,
    )
    return [_event(row) for row in rows]


_STATE = f"""SELECT s.from_position, s.to_position, {_COLUMNS} FROM memberships m
  CROSS JOIN room_state s JOIN events e ON e.event_id = s.event_id WHERE {_OWN} AND s.room_id = m.room_id"""


async def find_state_changes(tx: Tx, window: Window, room_ids: Collection[str]) -> list[StateRow]:
    """The state that began to hold after ``since``, whether or not it still does."""
    rows = await tx.all(
        f"{_STATE} AND s.from_position > $4 AND s.from_position <= {_UPPER}",
        window.user_id,
        window.upto,
        list(room_ids),
        window.since,
    )
    return [_state_row(row) for row in rows]


async def find_full_state(tx: Tx, window: Window, room_ids: Collection[str]) -> list[StateRow]:
    """The state that holds at the end of each room's window, without members."""
    rows = await tx.all(
        f"""{_STATE} AND s.to_position IS NULL AND s.type < 'm.room.member' AND s.from_position <= {_UPPER}
            UNION ALL
            {_STATE} AND s.to_position IS NULL AND s.type > 'm.room.member' AND s.from_position <= {_UPPER}
            UNION ALL
            {_STATE} AND s.to_position > {_UPPER} AND s.type <> 'm.room.member' AND s.from_position <= {_UPPER}""",
        window.user_id,
        window.upto,
        list(room_ids),
    )
    return [_state_row(row) for row in rows]


async def find_all_members(tx: Tx, window: Window, room_ids: Collection[str]) -> list[StateRow]:
    """Every membership event that holds at the end of each room's window."""
    rows = await tx.all(
        f"""{_STATE} AND s.to_position IS NULL AND s.type = 'm.room.member' AND s.from_position <= {_UPPER}
            UNION ALL
            {_STATE} AND s.to_position > {_UPPER} AND s.type = 'm.room.member' AND s.from_position <= {_UPPER}""",
        window.user_id,
        window.upto,
        list(room_ids),
    )
    return [_state_row(row) for row in rows]


async def find_members(tx: Tx, window: Window, room_ids: Collection[str], members: Collection[str]) -> list[StateRow]:
    """The membership events of certain people that hold at the end of each room's window."""
    rows = await tx.all(
        f"""{_STATE} AND s.type = 'm.room.member' AND s.state_key IN_LIST($4) AND s.from_position <= {_UPPER}
            AND (s.to_position IS NULL OR s.to_position > {_UPPER})""",
        window.user_id,
        window.upto,
        list(room_ids),
        list(members),
    )
    return [_state_row(row) for row in rows]


async def find_senders(tx: Tx, event_ids: Collection[str], upto: int) -> list[StateRow]:
    """The membership events of those who sent the events, each in its room: as they were just before it and have been
    since, up to ``upto``."""
    rows = await tx.all(
        f"""SELECT DISTINCT s.from_position, s.to_position, {_COLUMNS} FROM events t
            CROSS JOIN room_state s JOIN events e ON e.event_id = s.event_id
            WHERE t.event_id IN_LIST($1) AND s.room_id = t.room_id AND s.type = 'm.room.member'
              AND s.state_key = t.sender AND s.from_position <= $2
              AND (s.to_position IS NULL OR s.to_position >= t.position)""",
        list(event_ids),
        upto,
    )
    return [_state_row(row) for row in rows]


async def find_visibilities(tx: Tx, room_ids: Collection[str], upto: int) -> list[StateRow]:
    """Every history visibility that ever held in the rooms, oldest first in each."""
    rows = await tx.all(
        f"""SELECT s.from_position, s.to_position, {_COLUMNS} FROM room_state s JOIN events e ON e.event_id = s.event_id
            WHERE s.room_id IN_LIST($1) AND s.type = 'm.room.history_visibility' AND s.state_key = ''
              AND s.from_position <= $2 ORDER BY s.room_id, s.from_position""",
        list(room_ids),
        upto,
    )
    return [_state_row(row) for row in rows]


async def find_stripped_state(
    tx: Tx, room_ids: Collection[str], types: Collection[str], members: Collection[str]
) -> list[SyncEvent]:
    """What somebody outside may know of the rooms now: state of the given types, and the given members."""
    rows = await tx.all(
        f"""SELECT {_COLUMNS} FROM room_state s JOIN events e ON e.event_id = s.event_id
            WHERE s.room_id IN_LIST($1) AND s.to_position IS NULL
              AND ((s.type IN_LIST($2) AND s.state_key = '')
                   OR (s.type = 'm.room.member' AND s.state_key IN_LIST($3)))""",
        list(room_ids),
        list(types),
        list(members),
    )
    return [_event(row) for row in rows]


async def find_names(tx: Tx, room_ids: Collection[str]) -> list[SyncEvent]:
    """The name and canonical alias of the rooms, where they are set."""
    return await find_stripped_state(tx, room_ids, ["m.room.name", "m.room.canonical_alias"], [])


async def find_member_counts(tx: Tx, room_ids: Collection[str], upto: int) -> list[tuple[str, str, int]]:
    """Room, membership, and how many people have it at ``upto``."""
    rows = await tx.all(
        """SELECT room_id, membership, count(*) FROM memberships
           WHERE room_id IN_LIST($1) AND membership IN ('join', 'invite') AND from_position <= $2
             AND (to_position IS NULL OR to_position > $2) GROUP BY room_id, membership""",
        list(room_ids),
        upto,
    )
    return [(room_id, membership, count) for room_id, membership, count in rows]


async def find_heroes(tx: Tx, window: Window, room_ids: Collection[str], limit: int) -> list[tuple[str, str, str]]:
    """Room, person and membership: the first ``limit`` others by order of arrival, those present first."""
    rows = await tx.all(
        """SELECT room_id, user_id, membership FROM (
             SELECT room_id, user_id, membership, row_number() OVER (
               PARTITION BY room_id
               ORDER BY CASE WHEN membership IN ('join', 'invite') THEN 0 ELSE 1 END, from_position) AS number
             FROM memberships WHERE room_id IN_LIST($2) AND user_id <> $1 AND membership <> 'knock'
               AND from_position <= $3 AND (to_position IS NULL OR to_position > $3)
           ) AS ranked WHERE number <= $4 ORDER BY room_id, number""",
        window.user_id,
        list(room_ids),
        window.upto,
        limit,
    )
    return [(room_id, user_id, membership) for room_id, user_id, membership in rows]


async def find_by_ids(tx: Tx, event_ids: Collection[str]) -> list[SyncEvent]:
    rows = await tx.all(f"SELECT {_COLUMNS} FROM events e WHERE e.event_id IN_LIST($1)", list(event_ids))
    return [_event(row) for row in rows]


async def find_replaced_state(tx: Tx, room_ids: Collection[str], positions: Collection[int]) -> list[StateRow]:
    """The state that ceased to hold at one of the positions: what a state event in a timeline replaced."""
    rows = await tx.all(
        f"""SELECT s.from_position, s.to_position, {_COLUMNS} FROM room_state s JOIN events e ON e.event_id = s.event_id
            WHERE s.room_id IN_LIST($1) AND s.to_position IN_LIST($2)""",
        list(room_ids),
        list(positions),
    )
    return [_state_row(row) for row in rows]


async def find_movements(
    tx: Tx, window: Window, room_ids: Collection[str], people: Collection[str]
) -> list[tuple[str, str]]:
    """Who of the people came to another membership in the rooms, and to which; a new name is no movement."""
    rows = await tx.all(
        """SELECT DISTINCT m.user_id, m.membership FROM memberships m
           WHERE m.user_id IN_LIST($1) AND m.room_id IN_LIST($2) AND m.from_position > $3 AND m.from_position <= $4
             AND NOT EXISTS (SELECT 1 FROM memberships p WHERE p.user_id = m.user_id AND p.room_id = m.room_id
                             AND p.to_position = m.from_position AND p.membership = m.membership)""",
        list(people),
        list(room_ids),
        window.since,
        window.upto,
    )
    return [(user_id, membership) for user_id, membership in rows]


async def find_joined(tx: Tx, room_ids: Collection[str], limit: int) -> list[str]:
    """Who is joined now to one of the rooms at least."""
    rows = await tx.all(
        """SELECT DISTINCT user_id FROM memberships
           WHERE room_id IN_LIST($1) AND membership = 'join' AND to_position IS NULL LIMIT $2""",
        list(room_ids),
        limit,
    )
    return [row[0] for row in rows]


async def find_joined_rooms(tx: Tx, user_id: str) -> list[str]:
    rows = await tx.all(
        "SELECT room_id FROM memberships WHERE user_id = $1 AND membership = 'join' AND to_position IS NULL", user_id
    )
    return [row[0] for row in rows]


async def is_joined(tx: Tx, user_id: str, room_id: str) -> bool:
    row = await tx.one(
        """SELECT 1 FROM memberships
           WHERE user_id = $1 AND room_id = $2 AND membership = 'join' AND to_position IS NULL""",
        user_id,
        room_id,
    )
    return row is not None


async def find_at_places(tx: Tx, room_ids: Collection[str], orderings: Collection[int]) -> list[StoredEvent]:
    """The events of the rooms that stand at one of the places."""
    rows = await tx.all(
        f"SELECT {EVENT_COLUMNS} FROM events WHERE room_id IN_LIST($1) AND ordering IN_LIST($2)",
        list(room_ids),
        list(orderings),
    )
    return [StoredEvent(*row) for row in rows]
