"""Spaces: the rooms under a room, however deep, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tchap.base import limits
from tchap.storage.events import EVENT_COLUMNS, StoredEvent
from tchap.storage.jobs import Tx

_EVENT = ", ".join(f"e.{name.strip()}" for name in EVENT_COLUMNS.split(","))


async def find_tree(tx: Tx, root: str, depth: int) -> list[str]:
    """The root and every room named under it, up to `depth` steps away; children that were removed among them."""
    rows = await tx.all(
        """WITH RECURSIVE tree (room_id, depth) AS (
             SELECT r.room_id, 0 FROM rooms r WHERE r.room_id = $1
             UNION
             SELECT s.state_key, tree.depth + 1 FROM tree JOIN room_state s
               ON s.room_id = tree.room_id AND s.type = 'm.space.child' AND s.to_position IS NULL
             WHERE tree.depth < $2)
           SELECT DISTINCT room_id FROM (SELECT room_id FROM tree LIMIT $3) AS near""",
        root,
        depth,
        limits.MAX_SPACE_ROWS,
    )
    return [row[0] for row in rows]


async def find_children(tx: Tx, room_ids: Collection[str]) -> list[StoredEvent]:
    """The current `m.space.child` events of these rooms."""
    rows = await tx.all(
        f"""SELECT {_EVENT} FROM room_state s JOIN events e ON e.event_id = s.event_id
            WHERE s.room_id IN_LIST($1) AND s.type = 'm.space.child' AND s.to_position IS NULL""",
        list(room_ids),
    )
    return [StoredEvent(*row) for row in rows]


async def find_spaces_with(tx: Tx, room_ids: Sequence[str], child: str) -> list[str]:
    """Which of these rooms name the child."""
    rows = await tx.all(
        """SELECT room_id FROM room_state
           WHERE room_id IN_LIST($1) AND type = 'm.space.child' AND state_key = $2 AND to_position IS NULL""",
        list(room_ids),
        child,
    )
    return [row[0] for row in rows]
