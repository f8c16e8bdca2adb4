"""The directory of published rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.base.encoding import decode_json
from tchap.storage.events import find_events
from tchap.storage.jobs import Tx

_SHOWN = (
    "m.room.name",
    "m.room.topic",
    "m.room.avatar",
    "m.room.canonical_alias",
    "m.room.create",
    "m.room.join_rules",
    "m.room.history_visibility",
    "m.room.guest_access",
    "m.room.encryption",
)


@dataclass(frozen=True, slots=True)
class PublishedRoom:
    """A room as a directory shows it: the contents of its describing state by event type."""

    room_id: str
    version: str
    instance: str
    joined: int
    contents: dict[str, dict[str, object]]


async def find_published(tx: Tx, instances: Sequence[str]) -> list[PublishedRoom]:
    """Every room published by these instances, in a fixed number of queries."""
    rows = await tx.all("SELECT room_id FROM rooms WHERE is_published = 1 AND instance IN_LIST($1)", list(instances))
    return await describe_rooms(tx, [row[0] for row in rows])


async def describe_rooms(tx: Tx, room_ids: Sequence[str]) -> list[PublishedRoom]:
    """What a directory shows of each of these rooms."""
    rooms = await tx.all("SELECT room_id, version, instance FROM rooms WHERE room_id IN_LIST($1)", list(room_ids))
    counts = await tx.all(
        """SELECT room_id, count(*) FROM memberships
           WHERE room_id IN_LIST($1) AND membership = 'join' AND to_position IS NULL GROUP BY room_id""",
        list(room_ids),
    )
    states = await tx.all(
        """SELECT room_id, type, event_id FROM room_state
           WHERE room_id IN_LIST($1) AND type IN_LIST($2) AND state_key = '' AND to_position IS NULL""",
        list(room_ids),
        list(_SHOWN),
    )
    events = await find_events(tx, [row[2] for row in states])
    contents: dict[str, dict[str, dict[str, object]]] = {}
    for room_id, kind, event_id in states:
        contents.setdefault(room_id, {})[kind] = _content_of(events[event_id].client_json)
    joined: dict[str, int] = {row[0]: row[1] for row in counts}
    return [PublishedRoom(row[0], row[1], row[2], joined.get(row[0], 0), contents.get(row[0], {})) for row in rooms]


def _content_of(client_json: bytes) -> dict[str, object]:
    event = decode_json(client_json)
    content = event.get("content") if isinstance(event, dict) else None
    return content if isinstance(content, dict) else {}
