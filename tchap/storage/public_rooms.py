"""What rooms look like from outside: the directory of published rooms, and what describes any room."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from tchap.base.encoding import decode_json
from tchap.storage.jobs import Tx

Contents = Mapping[str, dict[str, object]]
SHOWN = (
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
_COUNTED = """SELECT r.room_id, r.version, r.instance, (SELECT count(*) FROM memberships m
  WHERE m.room_id = r.room_id AND m.membership = 'join' AND m.to_position IS NULL) FROM rooms r"""


@dataclass(frozen=True, slots=True)
class PublishedRoom:
    """A room as a directory shows it: the contents of its describing state by event type."""

    room_id: str
    version: str
    instance: str
    joined: int
    contents: Contents = field(default_factory=dict)


async def find_published(tx: Tx, instances: Sequence[str]) -> list[PublishedRoom]:
    """Every room published by these instances, without its contents."""
    rows = await tx.all(f"{_COUNTED} WHERE r.is_published = 1 AND r.instance IN_LIST($1)", list(instances))
    return [PublishedRoom(*row) for row in rows]


async def find_rooms(tx: Tx, room_ids: Collection[str]) -> list[PublishedRoom]:
    """These rooms, without their contents."""
    rows = await tx.all(f"{_COUNTED} WHERE r.room_id IN_LIST($1)", list(room_ids))
    return [PublishedRoom(*row) for row in rows]


async def find_contents(tx: Tx, room_ids: Collection[str], kinds: Sequence[str] = SHOWN) -> dict[str, Contents]:
    """The contents of the rooms' state of these types under the empty key, by room."""
    states = await tx.all(
        """SELECT s.room_id, s.type, e.client_json FROM room_state s JOIN events e ON e.event_id = s.event_id
           WHERE s.room_id IN_LIST($1) AND s.type IN_LIST($2) AND s.state_key = '' AND s.to_position IS NULL""",
        list(room_ids),
        list(kinds),
    )
    contents: dict[str, dict[str, dict[str, object]]] = {room_id: {} for room_id in room_ids}
    for room_id, kind, client_json in states:
        contents[room_id][kind] = _content_of(bytes(client_json))
    return dict(contents)


def _content_of(client_json: bytes) -> dict[str, object]:
    event = decode_json(client_json)
    content = event.get("content") if isinstance(event, dict) else None
    return content if isinstance(content, dict) else {}


async def set_listed(tx: Tx, service_id: str, network_id: str, room_id: str, is_listed: bool) -> None:
    """Puts the room in the directory an application service keeps of its network, or takes it out."""
    if is_listed:
        await tx.run(
            """INSERT INTO appservice_rooms (appservice_id, network_id, room_id) VALUES ($1, $2, $3)
               ON CONFLICT DO NOTHING""",
            service_id,
            network_id,
            room_id,
        )
        return
    await tx.run(
        "DELETE FROM appservice_rooms WHERE appservice_id = $1 AND network_id = $2 AND room_id = $3",
        service_id,
        network_id,
        room_id,
    )


async def find_listed(tx: Tx, network_id: str | None, service_id: str | None, instances: Sequence[str]) -> list[str]:
    """The ids of the rooms of a network, None: of all; of one service, None: of all."""
    rows = await tx.all(
        """SELECT DISTINCT a.room_id FROM appservice_rooms a JOIN rooms r ON r.room_id = a.room_id
           WHERE ($1 = 1 OR a.network_id = $2) AND ($3 = 1 OR a.appservice_id = $4) AND r.instance IN_LIST($5)""",
        int(network_id is None),
        network_id or "",
        int(service_id is None),
        service_id or "",
        list(instances),
    )
    return [row[0] for row in rows]
