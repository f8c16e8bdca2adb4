"""Who is in which room, and who was when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tchap.storage.jobs import Tx

_COLUMNS = "user_id, room_id, membership, event_id, sender, from_position, to_position, display_name, avatar_url"


@dataclass(frozen=True, slots=True)
class Membership:
    """One stay in one condition; ``to_position`` None: current."""

    user_id: str
    room_id: str
    membership: str
    event_id: str
    sender: str
    from_position: int
    to_position: int | None = None
    display_name: str | None = None
    avatar_url: str | None = None


async def set_memberships(tx: Tx, rows: Sequence[Membership]) -> None:
    """Each membership holds from its position on; the person's earlier one in the room ends there."""
    await tx.many(
        "UPDATE memberships SET to_position = $3 WHERE user_id = $1 AND room_id = $2 AND to_position IS NULL",
        [(row.user_id, row.room_id, row.from_position) for row in rows],
    )
    await tx.many(
        """INSERT INTO memberships (user_id, room_id, membership, event_id, sender, from_position,
                                    display_name, avatar_url) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        [
            (m.user_id, m.room_id, m.membership, m.event_id, m.sender, m.from_position, m.display_name, m.avatar_url)
            for m in rows
        ],
    )
    await tx.many(
        "DELETE FROM forgotten_rooms WHERE user_id = $1 AND room_id = $2",
        [(row.user_id, row.room_id) for row in rows if row.membership in ("join", "invite", "knock")],
    )


async def remove_membership(tx: Tx, user_id: str, room_id: str, position: int) -> None:
    """The person is nothing in the room from the position on (a fork was resolved without them)."""
    await tx.run(
        "UPDATE memberships SET to_position = $3 WHERE user_id = $1 AND room_id = $2 AND to_position IS NULL",
        user_id,
        room_id,
        position,
    )


async def find_membership(tx: Tx, user_id: str, room_id: str) -> Membership | None:
    row = await tx.one(
        f"SELECT {_COLUMNS} FROM memberships WHERE user_id = $1 AND room_id = $2 AND to_position IS NULL",
        user_id,
        room_id,
    )
    return Membership(*row) if row else None


async def find_membership_spans(tx: Tx, user_id: str, room_id: str) -> list[Membership]:
    """Everything the person ever was in the room, oldest first."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM memberships WHERE user_id = $1 AND room_id = $2 ORDER BY from_position",
        user_id,
        room_id,
    )
    return [Membership(*row) for row in rows]


async def find_spans_in(tx: Tx, user_ids: Collection[str], room_ids: Collection[str]) -> list[Membership]:
    """Everything these people ever were in these rooms, oldest first."""
    rows = await tx.all(
        f"""SELECT {_COLUMNS} FROM memberships WHERE user_id IN_LIST($1) AND room_id IN_LIST($2)
            ORDER BY from_position""",
        list(user_ids),
        list(room_ids),
    )
    return [Membership(*row) for row in rows]


async def find_forgotten(tx: Tx, user_id: str) -> frozenset[str]:
    rows = await tx.all("SELECT room_id FROM forgotten_rooms WHERE user_id = $1", user_id)
    return frozenset(row[0] for row in rows)


async def find_rooms_of(tx: Tx, user_id: str, memberships: Sequence[str]) -> list[Membership]:
    """The rooms where the person's current membership is one of these; forgotten rooms are left out."""
    rows = await tx.all(
        f"""SELECT {_COLUMNS} FROM memberships m WHERE user_id = $1 AND to_position IS NULL AND membership IN_LIST($2)
            AND NOT EXISTS (SELECT 1 FROM forgotten_rooms f WHERE f.user_id = m.user_id AND f.room_id = m.room_id)""",
        user_id,
        list(memberships),
    )
    return [Membership(*row) for row in rows]


async def find_standing(tx: Tx, user_id: str) -> dict[str, str]:
    """What the person is now, by room: forgotten rooms too."""
    rows = await tx.all(
        "SELECT room_id, membership FROM memberships WHERE user_id = $1 AND to_position IS NULL", user_id
    )
    return {row[0]: row[1] for row in rows}


async def find_members(tx: Tx, room_id: str, memberships: Sequence[str]) -> list[Membership]:
    """The people whose current membership in the room is one of these."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM memberships WHERE room_id = $1 AND to_position IS NULL AND membership IN_LIST($2)",
        room_id,
        list(memberships),
    )
    return [Membership(*row) for row in rows]


async def find_users_sharing_rooms(tx: Tx, user_id: str) -> set[str]:
    """Everyone joined to a room the person is joined to, the person included if in any."""
    rows = await tx.all(
        """SELECT DISTINCT other.user_id FROM memberships mine
           JOIN memberships other ON other.room_id = mine.room_id
           WHERE mine.user_id = $1 AND mine.to_position IS NULL AND mine.membership = 'join'
             AND other.to_position IS NULL AND other.membership = 'join'""",
        user_id,
    )
    return {row[0] for row in rows}


async def share_a_room(tx: Tx, user_id: str, other_id: str) -> bool:
    row = await tx.one(
        """SELECT 1 FROM memberships mine JOIN memberships other ON other.room_id = mine.room_id
           WHERE mine.user_id = $1 AND mine.to_position IS NULL AND mine.membership = 'join'
             AND other.user_id = $2 AND other.to_position IS NULL AND other.membership = 'join' LIMIT 1""",
        user_id,
        other_id,
    )
    return row is not None


async def find_companions(tx: Tx, user_id: str, among: Collection[str]) -> set[str]:
    """Those who share a room with somebody, herself included."""
    rows = await tx.all(
        """SELECT DISTINCT other.user_id FROM memberships other WHERE other.user_id IN_LIST($2)
             AND other.to_position IS NULL AND other.membership = 'join' AND EXISTS
             (SELECT 1 FROM memberships mine WHERE mine.room_id = other.room_id AND mine.user_id = $1
              AND mine.to_position IS NULL AND mine.membership = 'join')""",
        user_id,
        sorted(among),
    )
    return {row[0] for row in rows} | ({user_id} & set(among))


_MUTUAL = """FROM memberships mine JOIN memberships other ON other.room_id = mine.room_id
  WHERE mine.user_id = $1 AND mine.to_position IS NULL AND mine.membership = 'join'
    AND other.user_id = $2 AND other.to_position IS NULL AND other.membership = 'join'"""


async def find_mutual_rooms(tx: Tx, pair: tuple[str, str], after: str, limit: int) -> list[str]:
    """The rooms both people are joined to, by id, those after `after`."""
    rows = await tx.all(
        f"SELECT mine.room_id {_MUTUAL} AND mine.room_id > $3 ORDER BY mine.room_id LIMIT $4", *pair, after, limit
    )
    return [row[0] for row in rows]


async def count_mutual_rooms(tx: Tx, pair: tuple[str, str]) -> int:
    row = await tx.one(f"SELECT count(*) {_MUTUAL}", *pair)
    return row[0] if row else 0


async def add_forgotten(tx: Tx, user_id: str, room_id: str) -> None:
    await tx.run(
        "INSERT INTO forgotten_rooms (user_id, room_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", user_id, room_id
    )


async def is_forgotten(tx: Tx, user_id: str, room_id: str) -> bool:
    found = await tx.one("SELECT 1 FROM forgotten_rooms WHERE user_id = $1 AND room_id = $2", user_id, room_id)
    return found is not None
