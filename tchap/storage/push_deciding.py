"""What the duty that decides on notifications reads: the events of a window, and whom they could be told to.

Only people who have pushers are looked at, in a fixed number of queries whatever the rooms' sizes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.protocol.notices import RuleVersion
from tchap.storage.database import Row, Tx


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """An event of the window. ``member_json`` is its client format where it is a membership event."""

    event_id: str
    room_id: str
    position: int
    type: str
    state_key: str | None
    sender: str
    thread_id: str
    member_json: bytes | None


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody was joined to a room from a position on, until another (None: they still are)."""

    user_id: str
    room_id: str
    from_position: int
    to_position: int | None


@dataclass(frozen=True, slots=True)
class Marks:
    """Up to where a person has read: by room and thread ('' is everything in the room)."""

    positions: dict[tuple[str, str, str], int]

    def has_read(self, user_id: str, place: tuple[str, str], position: int) -> bool:
        """``place`` is a room and a thread."""
        room_id, thread_id = place
        return position <= max(
            self.positions.get((user_id, room_id, ""), 0), self.positions.get((user_id, room_id, thread_id), 0)
        )


async def find_progress(tx: Tx) -> int:
    row = await tx.one("SELECT position FROM push_progress WHERE name = 'decided'")
    assert row is not None
    return int(row[0])


async def move_progress(tx: Tx, before: int, after: int) -> bool:
    """False where somebody else has moved it: their decisions stand, ours are dropped."""
    moved = await tx.run(
        "UPDATE push_progress SET position = $2 WHERE name = 'decided' AND position = $1", before, after
    )
    return moved > 0


async def find_told_events(tx: Tx, since: int, upto: int) -> tuple[list[ToldEvent], int]:
    """The first events of the window, in the order of their positions, without those taken back since; and up to where
    that is everything."""
    rows = await tx.all(
        """SELECT event_id, room_id, position, type, state_key, sender, coalesce(thread_id, 'main'),
                  CASE WHEN type = 'm.room.member' THEN client_json END, redacted_by
           FROM events WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3""",
        since,
        upto,
        limits.PUSH_WINDOW,
    )
    end = rows[-1][2] if len(rows) == limits.PUSH_WINDOW else upto
    return [_told_event(row) for row in rows if row[8] is None], end


def _told_event(row: Row) -> ToldEvent:
    event_id, room_id, position, kind, state_key, sender, thread_id, member, _ = row
    body = None if member is None else bytes(member)
    return ToldEvent(event_id, room_id, position, kind, state_key, sender, thread_id, body)


async def find_stays(tx: Tx, room_ids: Collection[str], since: int) -> list[Stay]:
    """Who among the people with pushers has been in the rooms after ``since`` and still is.

    The order of the join is fixed (on SQLite): people with pushers are fewer than members.
    """
    rows = await tx.all(
        """SELECT m.user_id, m.room_id, m.from_position, m.to_position
           FROM (SELECT DISTINCT user_id FROM pushers) p CROSS JOIN memberships m
           WHERE m.user_id = p.user_id AND m.room_id IN_LIST($1) AND m.membership = 'join'
             AND (m.to_position IS NULL OR m.to_position > $2)""",
        list(room_ids),
        since,
    )
    stays = [Stay(*row) for row in rows]
    present = {(stay.user_id, stay.room_id) for stay in stays if stay.to_position is None}
    return [stay for stay in stays if (stay.user_id, stay.room_id) in present]


async def find_class_notices(tx: Tx, room_ids: Collection[str], since: int, upto: int) -> dict[str, dict[int, str]]:
    """Actions by event and class."""
    rows = await tx.all(
        """SELECT event_id, class_id, actions FROM push_notices
           WHERE room_id IN_LIST($1) AND position > $2 AND position <= $3""",
        list(room_ids),
        since,
        upto,
    )
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for event_id, class_id, actions in rows:
        found[event_id][class_id] = actions
    return found


async def find_personal_notices(
    tx: Tx, people: Collection[str], room_ids: Collection[str], window: tuple[int, int]
) -> dict[tuple[str, str], str]:
    """Actions by event and person; empty where the person is not to be told what their class is."""
    rows = await tx.all(
        """SELECT event_id, user_id, notify, actions FROM push_personal_notices
           WHERE user_id IN_LIST($1) AND room_id IN_LIST($2) AND position > $3 AND position <= $4""",
        list(people),
        list(room_ids),
        *window,
    )
    return {(event_id, user_id): actions if notify else "" for event_id, user_id, notify, actions in rows}


async def find_versions_of(tx: Tx, people: Collection[str]) -> dict[str, tuple[RuleVersion, ...]]:
    """The rule classes of several people over time, oldest first."""
    rows = await tx.all(
        """SELECT user_id, from_position, class_id, room_classes FROM push_rule_sets WHERE user_id IN_LIST($1)
           ORDER BY user_id, from_position""",
        list(people),
    )
    found: dict[str, list[RuleVersion]] = defaultdict(list)
    for user_id, position, class_id, classes in rows:
        room_classes = cast("dict[str, int]", decode_json(bytes(classes)))
        found[user_id].append(RuleVersion(position, class_id, room_classes))
    return {user_id: tuple(versions) for user_id, versions in found.items()}


async def find_marks(tx: Tx, people: Collection[str], room_ids: Collection[str]) -> Marks:
    """Up to where the people have read the rooms, by their receipts and by what they sent."""
    rows = await tx.all(
        """SELECT user_id, room_id, thread_id, max(event_position) FROM (
             SELECT user_id, room_id, thread_id, event_position FROM receipts
             WHERE room_id IN_LIST($2) AND user_id IN_LIST($1) AND receipt_type IN ('m.read', 'm.read.private')
             UNION ALL
             SELECT user_id, room_id, thread_id, event_position FROM sent_marks
             WHERE room_id IN_LIST($2) AND user_id IN_LIST($1)
           ) AS every_mark GROUP BY user_id, room_id, thread_id""",
        list(people),
        list(room_ids),
    )
    return Marks({(user_id, room_id, thread_id): position for user_id, room_id, thread_id, position in rows})


async def find_ignored_by(tx: Tx, people: Collection[str]) -> dict[str, frozenset[str]]:
    """Whom each of the people ignores ("Ignoring Users")."""
    rows = await tx.all(
        """SELECT user_id, content FROM account_data
           WHERE user_id IN_LIST($1) AND room_id = '' AND type = 'm.ignored_user_list'""",
        list(people),
    )
    return {row[0]: _ignored(row) for row in rows}


def _ignored(row: Row) -> frozenset[str]:
    content = decode_json(bytes(row[1]))
    users = content.get("ignored_users") if isinstance(content, dict) else None
    return frozenset(users) if isinstance(users, dict) else frozenset()
