"""The road of events that name their own place in the graph: those of other servers.

All is judged inside one job of the writer, against what is stored: appends of ours that are being committed come before
it in the writer's order, and the room's lock keeps later ones after it. Signatures and hashes were verified before.
Source: server-server API, "Checks performed on receipt of a PDU", "Soft failure".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tchap.base import limits
from tchap.base.encoding import encode_json
from tchap.live.rooms import LiveRoom
from tchap.policy.decisions import ALLOWED, Road
from tchap.policy.room_events import decide_received
from tchap.policy.rooms import RoomView
from tchap.protocol.auth_context import CREATE
from tchap.protocol.auth_rules import AuthFacts, AuthRefused, check_auth, check_auth_events, is_allowed
from tchap.protocol.events import BadEvent, Event, client_format, parse_pdu
from tchap.protocol.notices import NO_NOTICES, Notices
from tchap.protocol.relations import THREAD, find_relation
from tchap.protocol.room_versions import RoomVersion
from tchap.protocol.state_resolution import resolve
from tchap.protocol.stored_event import IN_TIMELINE, REJECTED, SOFT_FAILED, StoredEvent
from tchap.services.appservices import find_interested
from tchap.services.live_rooms import event_of, get_room, hash_for_references
from tchap.services.push import decide_notices
from tchap.services.timeline_writes import membership_row
from tchap.services.world import World
from tchap.storage.appservices import add_to_queue
from tchap.storage.events import add_event, find_event, find_events
from tchap.storage.jobs import Tx
from tchap.storage.memberships import remove_membership, set_memberships
from tchap.storage.push import add_notices
from tchap.storage.room_state import StateRow, find_current_state, remove_state, set_states
from tchap.storage.rooms import RoomMoved, claim_revision, find_extremities, find_last_places, set_extremities
from tchap.storage.state_deltas import StateIds, add_state_delta, find_state_after

_SIGNED = AuthFacts(authoriser_signed=True)


class MissingEvents(Exception):
    """Events cite others that are not here, or whose state is not known; nothing of the batch is stored."""

    def __init__(self, event_ids: Iterable[str]) -> None:
        self.event_ids = tuple(sorted(event_ids))
        super().__init__(", ".join(self.event_ids))


@dataclass(frozen=True, slots=True)
class _Arrival:
    event: Event
    pdu: dict[str, Any]
    notices: Notices
    appservices: tuple[str, ...]


@dataclass(slots=True)
class _Graph:
    """The room as the job sees it; `events` remembers what was read, `changes` what clients are told.

    `obeys_tchap`: the law of Tchap is asked too.
    """

    room_id: str
    version: RoomVersion
    state: StateIds
    extremities: tuple[str, ...]
    ordering: int
    revision: int
    obeys_tchap: bool
    events: dict[str, Event] = field(default_factory=dict)
    rejected: set[str] = field(default_factory=set)
    depth: int = 0
    changes: dict[tuple[str, str], Event | None] = field(default_factory=dict)
    rows: list[StoredEvent] = field(default_factory=list)


async def append_received(world: World, room_id: str, pdus: Sequence[dict[str, Any]]) -> list[StoredEvent]:
    """Takes in events of one room, each after those it cites; answers with the rows of those not known before.

    Raises BadEvent for what is no event of this room, MissingEvents, NotFound for an unknown room: then nothing of
    the batch is stored.
    """
    for _ in range(limits.MAX_APPEND_ATTEMPTS):
        room = await get_room(world, room_id)
        async with room.lock:
            if not room.is_dropped:
                return await _receive_into(world, room, pdus)
    raise RoomMoved(room_id)


async def _receive_into(world: World, room: LiveRoom, pdus: Sequence[dict[str, Any]]) -> list[StoredEvent]:
    arrivals = []
    for pdu in pdus:
        event = parse_pdu(room.version, pdu)
        if event.room_id != room.room_id:
            raise BadEvent("the event is of another room")
        notices = await decide_notices(world, room, event)
        arrivals.append(_Arrival(event, pdu, notices, await find_interested(world, room, event)))
    try:
        obeys_tchap = not world.settings.test_profile
        graph = await world.store.write_pipelined(_receive, (room.room_id, room.version), tuple(arrivals), obeys_tchap)
    except MissingEvents:
        raise
    except BaseException:
        # Stored or not, nobody knows: the room is read again.
        world.live.rooms.drop(room)
        raise
    if graph.rows:
        _follow(world, room, graph, arrivals)
    return graph.rows


def _follow(world: World, room: LiveRoom, graph: _Graph, arrivals: Sequence[_Arrival]) -> None:
    """The live room moves to where the committed job left it."""
    told = [row for row in graph.rows if row.position is not None]
    if not told:
        return
    for key, event in graph.changes.items():
        if event is None:
            room.remove_state(key)
        else:
            room.set_state(event)
    by_id = {each.event.event_id: each for each in arrivals}
    if room.version.event_ids == "given":
        for row in told:
            room.keep_reference(row.event_id, hash_for_references(room.version, by_id[row.event_id].pdu))
    room.extremities, room.depth, room.last_ordering = graph.extremities, graph.depth, graph.ordering
    room.revision += 1
    room.keep_recent(told)
    if room.revision != graph.revision:
        world.live.rooms.drop(room)
    world.metrics.events.inc(len(told))
    world.live.push.hear_events()
    world.live.appservices.tell({service for row in told for service in by_id[row.event_id].appservices})
    people = [key for kind, key in graph.changes if kind == "m.room.member"]
    world.live.notifier.tell(told[-1].position or 0, rooms=(room.room_id,), users=people)


async def _receive(tx: Tx, room: tuple[str, RoomVersion], arrivals: Sequence[_Arrival], obeys_tchap: bool) -> _Graph:
    room_id, version = room
    revision = await claim_revision(tx, room_id)
    state = {(each.type, each.state_key): each.event_id for each in await find_current_state(tx, room_id)}
    ordering = (await find_last_places(tx, room_id))[0]
    ends = tuple(await find_extremities(tx, room_id))
    graph = _Graph(room_id, version, state, ends, ordering, revision, obeys_tchap)
    known = set(await find_events(tx, [each.event.event_id for each in arrivals]))
    for arrival in arrivals:
        if arrival.event.event_id not in known:
            known.add(arrival.event.event_id)
            await _receive_one(tx, graph, arrival)
    if not any(row.position is not None for row in graph.rows):
        await claim_revision(tx, room_id, -1)
    graph.depth = (await find_last_places(tx, room_id))[2]
    return graph


async def _receive_one(tx: Tx, graph: _Graph, arrival: _Arrival) -> None:
    event = arrival.event
    await _load_chain(tx, graph, event.auth_events)
    parents = await _parents(tx, graph, event.prev_events)
    await _load_chain(tx, graph, {held for state in (graph.state, *parents.values()) for held in state.values()})
    graph.events[event.event_id] = event
    is_linear = len(graph.extremities) == 1 and event.prev_events == graph.extremities
    before = graph.state if is_linear else _resolve(graph, parents.values())
    status = _judge(graph, event, before)
    after = dict(before)
    if event.state_key is not None and status != REJECTED:
        after[(event.type, event.state_key)] = event.event_id
    if status == REJECTED:
        graph.rejected.add(event.event_id)
    row = await _stored(tx, graph, arrival, status)
    await add_event(tx, row)
    graph.rows.append(row)
    if not (is_linear and status == IN_TIMELINE):
        await add_state_delta(tx, (graph.room_id, event.event_id), after, parents)
    if status == IN_TIMELINE:
        await _tell(tx, graph, arrival, row, after)


async def _load_chain(tx: Tx, graph: _Graph, event_ids: Iterable[str]) -> None:
    """Reads events and their auth chains, a generation at a time."""
    waiting = {each for each in event_ids if each not in graph.events}
    while waiting:
        found = await find_events(tx, list(waiting))
        if missing := waiting - found.keys():
            raise MissingEvents(missing)
        graph.events.update((each, event_of(stored)) for each, stored in found.items())
        graph.rejected.update(each for each, stored in found.items() if stored.status == REJECTED)
        cited = {each for event_id in found for each in graph.events[event_id].auth_events}
        waiting = cited - graph.events.keys()


async def _parents(tx: Tx, graph: _Graph, event_ids: Iterable[str]) -> dict[str, StateIds]:
    """The states after events."""
    states = {each: await find_state_after(tx, each) for each in event_ids}
    known = {each: state for each, state in states.items() if state is not None}
    if missing := states.keys() - known.keys():
        raise MissingEvents(missing)
    return known


def _resolve(graph: _Graph, states: Iterable[StateIds]) -> StateIds:
    return resolve(graph.version, list(states), graph.events, graph.rejected)


def _judge(graph: _Graph, event: Event, before: StateIds) -> int:
    """Checks 4 to 6 on receipt, then the law of Tchap; the status the event gets."""
    if event.type == "m.room.create":  # the room has one already
        return REJECTED
    cited = [graph.events[each] for each in event.auth_events]
    by_key = {(each.type, each.state_key or ""): each for each in cited}
    by_key.setdefault(CREATE, graph.events[graph.state[CREATE]])  # version 12 implies it
    try:
        check_auth_events(graph.version, event, cited, graph.rejected)
        check_auth(graph.version, event, by_key, _SIGNED)
        check_auth(graph.version, event, _values(graph, before), _SIGNED)
    except AuthRefused:
        return REJECTED
    current = _values(graph, graph.state)
    is_lawful = is_allowed(graph.version, event, current, _SIGNED) and (
        not graph.obeys_tchap or decide_received(RoomView(graph.version, current), event, Road.TOLD) == ALLOWED
    )
    return IN_TIMELINE if is_lawful else SOFT_FAILED


def _values(graph: _Graph, state: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], Event]:
    return {key: graph.events[held] for key, held in state.items()}


async def _tell(tx: Tx, graph: _Graph, arrival: _Arrival, row: StoredEvent, after: StateIds) -> None:
    """The event is in the timeline: the ends of the graph, the current state and who is told follow."""
    graph.ordering = row.ordering or graph.ordering
    left = [each for each in graph.extremities if each not in arrival.event.prev_events]
    if len(left) >= limits.MAX_PREV_EVENTS:
        # Our next event must be able to cite every end: the shallowest ones are let go.
        ends = await find_events(tx, left)
        left = sorted(left, key=lambda each: (ends[each].depth, each))[1 - limits.MAX_PREV_EVENTS :]
    if left:
        states = await _parents(tx, graph, left)
        await _load_chain(tx, graph, {held for state in states.values() for held in state.values()})
        current = _resolve(graph, [after, *states.values()])
    else:
        current = after
    graph.extremities = (*left, row.event_id)
    await set_extremities(tx, graph.room_id, graph.extremities)
    await _write_told(tx, graph, current, row.position or 0)
    if arrival.notices is not NO_NOTICES:
        await add_notices(tx, row.event_id, row.room_id, row.ordering or 0, arrival.notices)
    if arrival.appservices:
        await add_to_queue(tx, [(each, row.position or 0, row.event_id) for each in arrival.appservices])


async def _write_told(tx: Tx, graph: _Graph, current: StateIds, position: int) -> None:
    """The difference between the state told so far and the current one, at the position of what made it."""
    set_ = [(key, graph.events[held]) for key, held in current.items() if graph.state.get(key) != held]
    gone = [key for key in graph.state if key not in current]
    rows = [(StateRow(*key, event.event_id), position) for key, event in set_]
    if rows:
        await set_states(tx, graph.room_id, rows)
    members = [membership_row(graph.room_id, event, position) for key, event in set_ if key[0] == "m.room.member"]
    if members:
        await set_memberships(tx, members)
    for type_, state_key in gone:
        await remove_state(tx, graph.room_id, type_, state_key, position)
        if type_ == "m.room.member":
            await remove_membership(tx, state_key, graph.room_id, position)
    graph.changes.update(set_)
    graph.changes.update((key, None) for key in gone)
    graph.state = dict(current)


async def _stored(tx: Tx, graph: _Graph, arrival: _Arrival, status: int) -> StoredEvent:
    event = arrival.event
    client = client_format(event)
    relation = find_relation(event.content) if event.state_key is None else None
    thread_id = None
    if relation is not None and relation.rel_type == THREAD:
        thread_id = relation.event_id
    elif relation is not None and (near := await find_event(tx, relation.event_id)) and near.room_id == graph.room_id:
        thread_id = near.thread_id
    row = StoredEvent(
        event_id=event.event_id,
        room_id=graph.room_id,
        position=None,
        ordering=None,
        depth=event.depth,
        type=event.type,
        state_key=event.state_key,
        sender=event.sender,
        origin_server_ts=event.origin_server_ts,
        relates_to=relation.event_id if relation else None,
        rel_type=relation.rel_type if relation else None,
        thread_id=thread_id,
        redacted_by=None,
        status=status,
        txn_device=None,
        txn_id=None,
        client_json=encode_json(client),
        graph_json=encode_json({key: arrival.pdu[key] for key in arrival.pdu.keys() - client.keys() - {"unsigned"}}),
    )
    if status != IN_TIMELINE:
        return row
    return replace(row, position=await tx.next_position(), ordering=graph.ordering + 1)
