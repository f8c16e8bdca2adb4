"""What events say of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.base.encoding import decode_json
from tchap.protocol.stored_event import StoredEvent
from tchap.storage.events import EVENT_COLUMNS
from tchap.storage.jobs import Tx


async def has_annotated(tx: Tx, sender: str, event_id: str, key: str) -> bool:
    """Whether the person has put this key on the event already."""
    rows = await tx.all(
        """SELECT client_json FROM events WHERE relates_to = $1 AND rel_type = 'm.annotation' AND sender = $2
             AND redacted_by IS NULL""",
        event_id,
        sender,
    )
    return any(_key_of(row[0]) == key for row in rows)


def _key_of(client_json: bytes) -> object:
    event = decode_json(client_json)
    relation = event.get("content", {}).get("m.relates_to", {}) if isinstance(event, dict) else {}
    return relation.get("key") if isinstance(relation, dict) else None


async def find_relations_to(tx: Tx, event_ids: Sequence[str]) -> list[StoredEvent]:
    """Edits, references and thread messages about these events, oldest first; annotations are the clients' to count."""
    rows = await tx.all(
        f"""SELECT {EVENT_COLUMNS} FROM events WHERE relates_to IN_LIST($1) AND redacted_by IS NULL AND status = 0
            AND rel_type IN ('m.replace', 'm.reference', 'm.thread') ORDER BY ordering""",
        list(event_ids),
    )
    return [StoredEvent(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class RelationQuery:
    """Children of one event: orderings strictly between the bounds, at most ``limit``."""

    room_id: str
    event_ids: tuple[str, ...]
    rel_type: str | None
    event_type: str | None
    above: int
    below: int
    limit: int
    backwards: bool


async def find_children(tx: Tx, query: RelationQuery) -> list[StoredEvent]:
    direction = "DESC" if query.backwards else "ASC"
    rows = await tx.all(
        f"""SELECT {EVENT_COLUMNS} FROM events WHERE room_id = $1 AND relates_to IN_LIST($2) AND ordering > $3
            AND ordering < $4 AND (CAST($5 AS TEXT) IS NULL OR rel_type = $5)
            AND (CAST($6 AS TEXT) IS NULL OR type = $6) ORDER BY ordering {direction} LIMIT $7""",
        query.room_id,
        list(query.event_ids),
        query.above,
        query.below,
        query.rel_type,
        query.event_type,
        query.limit,
    )
    return [StoredEvent(*row) for row in rows]


async def find_threads(tx: Tx, room_id: str, below: int, limit: int) -> list[tuple[str, int]]:
    """(root, ordering of its latest message), latest first."""
    rows = await tx.all(
        """SELECT relates_to, max(ordering) AS latest FROM events
           WHERE room_id = $1 AND rel_type = 'm.thread' AND redacted_by IS NULL AND relates_to IS NOT NULL
           GROUP BY relates_to HAVING max(ordering) < $2 ORDER BY latest DESC LIMIT $3""",
        room_id,
        below,
        limit,
    )
    return [(row[0], row[1]) for row in rows]
