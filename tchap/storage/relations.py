"""What events say of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.base.encoding import decode_json
from tchap.protocol.stored_event import StoredEvent
from tchap.storage.events import EVENT_COLUMNS
from tchap.storage.jobs import Tx


async def has_annotated(tx: Tx, annotation: StoredEvent, key: str) -> bool:
    """Whether another event of the annotation's sender puts this key on the same event."""
    rows = await tx.all(
        """SELECT client_json FROM events WHERE relates_to = $1 AND rel_type = 'm.annotation' AND sender = $2
             AND event_id <> $3 AND redacted_by IS NULL""",
        annotation.relates_to,
        annotation.sender,
        annotation.event_id,
    )
    return any(_key_of(row[0]) == key for row in rows)


async def is_child(tx: Tx, event_id: str) -> bool:
    """Whether the event itself relates to another."""
    return await tx.one("SELECT 1 FROM events WHERE event_id = $1 AND rel_type IS NOT NULL", event_id) is not None


def _key_of(client_json: bytes) -> object:
    event = decode_json(client_json)
    relation = event.get("content", {}).get("m.relates_to", {}) if isinstance(event, dict) else {}
    return relation.get("key") if isinstance(relation, dict) else None


async def find_edits(tx: Tx, event_ids: Sequence[str], limit: int) -> list[StoredEvent]:
    """The latest edits of each event by its own sender, at most ``limit`` each, the latest first."""
    columns = ", ".join(f"c.{name.strip()}" for name in EVENT_COLUMNS.split(","))
    rows = await tx.all(
        f"""SELECT {EVENT_COLUMNS} FROM (
              SELECT {columns}, row_number() OVER (
                PARTITION BY c.relates_to ORDER BY c.origin_server_ts DESC, c.event_id DESC) AS number
              FROM events c JOIN events p ON p.event_id = c.relates_to
              WHERE c.relates_to IN_LIST($1) AND c.rel_type = 'm.replace' AND c.status = 0 AND c.redacted_by IS NULL
                AND c.sender = p.sender AND c.type = p.type AND c.room_id = p.room_id
            ) AS ranked WHERE number <= $2 ORDER BY number""",
        list(event_ids),
        limit,
    )
    return [StoredEvent(*row) for row in rows]


async def find_edit_ids(tx: Tx, original: StoredEvent, limit: int) -> list[str]:
    """What its own sender made of an event, at most ``limit``."""
    rows = await tx.all(
        "SELECT event_id FROM events WHERE relates_to = $1 AND rel_type = 'm.replace' AND room_id = $2 AND sender = $3"
        " LIMIT $4",
        original.event_id,
        original.room_id,
        original.sender,
        limit,
    )
    return [row[0] for row in rows]


async def find_references(tx: Tx, event_ids: Sequence[str], limit: int) -> list[tuple[str, str]]:
    """(parent, child) of the references to each event in its room, the oldest ``limit`` of each, oldest first."""
    rows = await tx.all(
        """SELECT relates_to, event_id FROM (
             SELECT c.relates_to, c.event_id,
                    row_number() OVER (PARTITION BY c.relates_to ORDER BY c.ordering) AS number
             FROM events c JOIN events p ON p.event_id = c.relates_to AND p.room_id = c.room_id
             WHERE c.relates_to IN_LIST($1) AND c.rel_type = 'm.reference' AND c.status = 0
               AND c.redacted_by IS NULL
           ) AS ranked WHERE number <= $2 ORDER BY relates_to, number""",
        list(event_ids),
        limit,
    )
    return [(row[0], row[1]) for row in rows]


@dataclass(frozen=True, slots=True)
class ThreadSummary:
    """A thread as its root shows it: how many messages, where the latest stands, whether the reader wrote one."""

    root: str
    count: int
    latest_ordering: int
    participated: bool


async def find_thread_summaries(
    tx: Tx, event_ids: Sequence[str], reader: str, ignored: Sequence[str]
) -> list[ThreadSummary]:
    """The threads these events are roots of, without the messages of people the reader ignores."""
    rows = await tx.all(
        """SELECT c.relates_to, count(*), max(c.ordering), max(CASE WHEN c.sender = $2 THEN 1 ELSE 0 END)
           FROM events c JOIN events p ON p.event_id = c.relates_to AND p.room_id = c.room_id
           WHERE c.relates_to IN_LIST($1) AND c.rel_type = 'm.thread' AND c.status = 0 AND c.redacted_by IS NULL
             AND c.ordering IS NOT NULL AND NOT (c.sender IN_LIST($3)) GROUP BY c.relates_to""",
        list(event_ids),
        reader,
        list(ignored),
    )
    return [ThreadSummary(row[0], row[1], row[2], bool(row[3])) for row in rows]


@dataclass(frozen=True, slots=True)
class RelationQuery:
    """Children of some events: orderings strictly between the bounds, at most ``limit``; empty kinds mean any."""

    room_id: str
    event_ids: tuple[str, ...]
    rel_type: str
    event_type: str
    above: int
    below: int
    limit: int
    backwards: bool


async def find_children(tx: Tx, query: RelationQuery) -> list[StoredEvent]:
    """The children in the direction asked."""
    direction = "DESC" if query.backwards else "ASC"
    rows = await tx.all(
        f"""SELECT {EVENT_COLUMNS} FROM events WHERE room_id = $1 AND relates_to IN_LIST($2) AND ordering > $3
            AND ordering < $4 AND (CAST($5 AS TEXT) = '' OR rel_type = $5)
            AND (CAST($6 AS TEXT) = '' OR type = $6) ORDER BY ordering {direction} LIMIT $7""",
        query.room_id,
        list(query.event_ids),
        query.above,
        query.below,
        query.rel_type,
        query.event_type,
        query.limit,
    )
    return [StoredEvent(*row) for row in rows]


async def find_child_ids(tx: Tx, room_id: str, event_ids: Sequence[str], limit: int) -> list[str]:
    """The ids of what relates to the events, whatever the kind."""
    rows = await tx.all(
        "SELECT event_id FROM events WHERE room_id = $1 AND relates_to IN_LIST($2) ORDER BY ordering LIMIT $3",
        room_id,
        list(event_ids),
        limit,
    )
    return [row[0] for row in rows]


@dataclass(frozen=True, slots=True)
class ThreadQuery:
    """Threads whose latest message stands below ``below``; ``participant`` empty: everybody's.

    Messages of people ``ignored`` do not count.
    """

    room_id: str
    below: int
    limit: int
    participant: str = ""
    ignored: tuple[str, ...] = ()


async def find_threads(tx: Tx, query: ThreadQuery) -> list[tuple[str, int]]:
    """(root, ordering of its latest message), latest first."""
    rows = await tx.all(
        """SELECT c.relates_to, max(c.ordering) AS latest FROM events c JOIN events r ON r.event_id = c.relates_to
           WHERE c.room_id = $1 AND r.room_id = $1 AND r.status = 0 AND c.status = 0
             AND c.rel_type = 'm.thread' AND c.redacted_by IS NULL AND NOT (c.sender IN_LIST($5))
           GROUP BY c.relates_to
           HAVING max(c.ordering) < $2 AND (CAST($4 AS TEXT) = ''
             OR max(CASE WHEN c.sender = $4 OR r.sender = $4 THEN 1 ELSE 0 END) = 1)
           ORDER BY latest DESC LIMIT $3""",
        query.room_id,
        query.below,
        query.limit,
        query.participant,
        list(query.ignored),
    )
    return [(row[0], row[1]) for row in rows]


async def has_related(tx: Tx, event_id: str, senders: Sequence[str], rel_types: Sequence[str]) -> bool:
    """Whether something relates to the event, from one of the people and in one of the ways (empty: any)."""
    row = await tx.one(
        """SELECT 1 FROM events WHERE relates_to = $1 AND redacted_by IS NULL AND status = 0
           AND ($2 = 1 OR sender IN_LIST($3)) AND ($4 = 1 OR rel_type IN_LIST($5)) LIMIT 1""",
        event_id,
        int(not senders),
        list(senders),
        int(not rel_types),
        list(rel_types),
    )
    return row is not None
