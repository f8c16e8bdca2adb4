"""Bringing a room into memory, in a fixed number of queries whatever its size."""

from __future__ import annotations

from dataclasses import dataclass

from tchap.base import limits
from tchap.base.encoding import decode_json, unpadded_base64
from tchap.base.errors import Forbidden, NotFound
from tchap.live.rooms import LiveRoom
from tchap.protocol.events import Event, reference_hash
from tchap.protocol.room_versions import ROOM_VERSIONS, RoomVersion
from tchap.services.world import World
from tchap.storage.events import StoredEvent, Stretch, find_events, find_timeline
from tchap.storage.jobs import Tx
from tchap.storage.room_state import find_current_state
from tchap.storage.rooms import RoomRow, find_extremities, find_last_places, find_room

EVERYTHING = 2**62


@dataclass(frozen=True, slots=True)
class _Loaded:
    row: RoomRow
    state: list[StoredEvent]
    extremities: list[str]
    places: tuple[int, int, int]
    tail: list[StoredEvent]
    # Those of the graph's ends that stand in no timeline any more.
    ends: list[StoredEvent]


async def get_room(world: World, room_id: str) -> LiveRoom:
    """The live room, loaded when it is not in memory; NotFound when there is no such room."""
    room = await find_live_room(world, room_id)
    if room is None:
        raise NotFound("There is no such room.", "Ce salon n'existe pas.")
    return room


async def get_room_or_forbid(world: World, room_id: str) -> LiveRoom:
    """The live room; an unknown one is answered as one the requester is not in, so that ids cannot be probed."""
    room = await find_live_room(world, room_id)
    if room is None:
        raise not_a_member()
    return room


def not_a_member() -> Forbidden:
    return Forbidden("You are not in this room.", "Vous ne faites pas partie de ce salon.")


async def find_live_room(world: World, room_id: str) -> LiveRoom | None:
    room = world.live.rooms.get(room_id)
    if room is not None:
        return room
    try:
        async with world.live.rooms.loading(room_id):
            room = world.live.rooms.get(room_id)
            if room is None:
                loaded = await world.store.read(_load, room_id)
                room = _live_room(loaded) if loaded else None
                if room is not None:
                    world.live.rooms.put(room)
    finally:
        world.live.rooms.loaded(room_id)
    return room


async def _load(tx: Tx, room_id: str) -> _Loaded | None:
    row = await find_room(tx, room_id)
    if row is None:
        return None
    rows = await find_current_state(tx, room_id)
    extremities = await find_extremities(tx, room_id)
    events = await find_events(tx, [*(each.event_id for each in rows), *extremities])
    held = {each.event_id for each in rows}
    places = await find_last_places(tx, room_id)
    stretch = Stretch(-EVERYTHING, EVERYTHING, limits.MAX_RECENT_EVENTS, backwards=True)
    tail = await find_timeline(tx, room_id, stretch)
    state = [event for event in events.values() if event.event_id in held]
    ends = [events[each] for each in extremities if each in events]
    return _Loaded(row, state, extremities, places, tail[::-1], ends)


def _live_room(loaded: _Loaded) -> LiveRoom:
    version = ROOM_VERSIONS[loaded.row.version]
    ordering, position, depth = loaded.places
    tail = [stored for stored in loaded.tail if stored.position is not None]
    room = LiveRoom(
        room_id=loaded.row.room_id,
        version=version,
        state={(each.type, each.state_key or ""): event_of(each) for each in loaded.state},
        extremities=tuple(loaded.extremities),
        depth=depth,
        last_ordering=ordering,
        revision=loaded.row.revision,
        last_position=position,
        recent_from_position=(tail[0].position or 1) - 1 if tail else position,
    )
    room.recent.extend(tail)
    if version.event_ids == "given":
        for stored in (*loaded.state, *loaded.tail, *loaded.ends):
            room.reference_hashes[stored.event_id] = hash_for_references(version, stored.pdu())
    return room


def hash_for_references(version: RoomVersion, pdu: dict[str, object]) -> str:
    """Room versions 1 and 2 name the events they refer to with their reference hashes."""
    return unpadded_base64(reference_hash(version, pdu))


def event_of(stored: StoredEvent) -> Event:
    """The event's value as the laws read it."""
    client = stored.client()
    graph = decode_json(stored.graph_json)
    assert isinstance(graph, dict)
    redacts = client.get("redacts")
    return Event(
        event_id=stored.event_id,
        room_id=stored.room_id,
        type=stored.type,
        sender=stored.sender,
        content=client["content"],
        state_key=stored.state_key,
        origin_server_ts=stored.origin_server_ts,
        depth=stored.depth,
        prev_events=tuple(_ids(graph.get("prev_events", []))),
        auth_events=tuple(_ids(graph.get("auth_events", []))),
        redacts=redacts if isinstance(redacts, str) else None,
        hashes=graph.get("hashes", {}),
        signatures=graph.get("signatures", {}),
    )


def _ids(references: list[object]) -> list[str]:
    return [str(each[0]) if isinstance(each, list) else str(each) for each in references]
