"""What sliding sync reads beside classic sync: the room list and what its filters look at, one query each."""

from __future__ import annotations

from collections.abc import Collection

from tchap.protocol.sliding_rooms import BUMP_TYPES
from tchap.protocol.sliding_values import Entry
from tchap.storage.database import Tx


async def find_entries(tx: Tx, user_id: str, upto: int, known: Collection[str]) -> list[Entry]:
    """The rooms the person is in, invited to or knocking at, was put out of after having been in, or left of ``known``.

    MSC4186, "Lists": "Rooms that the user has been in but left are only included if the room was previously sent".
    """
    rows = await tx.all(
        """SELECT m.room_id, m.membership, m.from_position,
             CASE WHEN m.membership = 'join' THEN
               (SELECT x.position FROM events x WHERE x.room_id = m.room_id AND x.position <= $2
                ORDER BY x.position DESC LIMIT 1) ELSE m.from_position END AS activity
           FROM memberships m
           WHERE m.user_id = $1 AND m.from_position <= $2 AND (m.to_position IS NULL OR m.to_position > $2)
             AND (m.membership IN ('join', 'invite', 'knock') OR m.room_id IN_LIST($3)
               OR ((m.membership = 'ban' OR m.sender <> m.user_id)
                   AND EXISTS (SELECT 1 FROM memberships p
                               WHERE p.user_id = $1 AND p.room_id = m.room_id AND p.membership = 'join')))
             AND NOT EXISTS (SELECT 1 FROM forgotten_rooms f WHERE f.user_id = $1 AND f.room_id = m.room_id)""",
        user_id,
        upto,
        list(known),
    )
    return [Entry(room_id, membership, start, activity or start) for room_id, membership, start, activity in rows]


async def find_bumps(tx: Tx, room_ids: Collection[str], upto: int) -> dict[str, int]:
    """Of each room the position of its last event that counts as activity (MSC4186, `bump_stamp`)."""
    rows = await tx.all(
        """SELECT r.room_id, (SELECT x.position FROM events x
             WHERE x.room_id = r.room_id AND x.position <= $2 AND x.type IN_LIST($3)
             ORDER BY x.position DESC LIMIT 1) FROM rooms r WHERE r.room_id IN_LIST($1)""",
        list(room_ids),
        upto,
        list(BUMP_TYPES),
    )
    return {room_id: position for room_id, position in rows if position is not None}


async def find_personal(tx: Tx, user_id: str, types: Collection[str]) -> list[tuple[str, str, bytes]]:
    """Room id ('' for global), type and content of the person's account data of some types."""
    rows = await tx.all(
        "SELECT room_id, type, content FROM account_data WHERE user_id = $1 AND type IN_LIST($2)", user_id, list(types)
    )
    return [(room_id, type, bytes(content)) for room_id, type, content in rows]


async def find_state_now(tx: Tx, room_ids: Collection[str], type: str) -> list[tuple[str, str, bytes]]:
    """Room id, state key and event of the rooms' current state of a type."""
    rows = await tx.all(
        """SELECT s.room_id, s.state_key, e.client_json FROM room_state s JOIN events e ON e.event_id = s.event_id
           WHERE s.room_id IN_LIST($1) AND s.to_position IS NULL AND s.type = $2""",
        list(room_ids),
        type,
    )
    return [(room_id, state_key, bytes(event)) for room_id, state_key, event in rows]


async def find_encrypted(tx: Tx, room_ids: Collection[str]) -> frozenset[str]:
    rows = await tx.all(
        """SELECT room_id FROM room_state WHERE room_id IN_LIST($1) AND to_position IS NULL
             AND type = 'm.room.encryption' AND state_key = ''""",
        list(room_ids),
    )
    return frozenset(row[0] for row in rows)


async def find_invited_by(tx: Tx, user_id: str, room_ids: Collection[str], people: Collection[str]) -> frozenset[str]:
    """Of the rooms those to which one of the people invited the person."""
    rows = await tx.all(
        """SELECT DISTINCT room_id FROM memberships
           WHERE user_id = $3 AND room_id IN_LIST($1) AND membership = 'invite' AND to_position IS NULL
             AND sender IN_LIST($2)""",
        list(room_ids),
        list(people),
        user_id,
    )
    return frozenset(row[0] for row in rows)
