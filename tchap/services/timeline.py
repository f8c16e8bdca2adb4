"""The one door by which events enter a room.

Pipelined: under the room's lock an append is checked, built and handed to the writer, and the provisional room moves
on; the lock is let go before the commit, so that a hot room is not held to one message per commit. When a commit
fails the provisional room is dropped, and every append built on it is refused by the revision and built again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from tchap.base import limits
from tchap.base.encoding import encode_json
from tchap.base.errors import BadJson, Forbidden, MatrixError
from tchap.live.rooms import LiveRoom
from tchap.policy.decisions import BOUND, Freedom
from tchap.policy.rooms import RoomView
from tchap.policy.succession import POWER_LEVELS, plan_succession
from tchap.protocol.auth_rules import AuthFacts, AuthRefused, auth_types_for, check_auth
from tchap.protocol.events import BadEvent, Built, Event, EventFields, EventTooLarge, build_event, client_format
from tchap.protocol.identifiers import MediaUri, server_of
from tchap.protocol.media_refs import find_media_refs
from tchap.protocol.notices import NO_NOTICES
from tchap.protocol.relations import THREAD, Relation, find_relation
from tchap.protocol.room_versions import RoomVersion
from tchap.protocol.stored_event import IN_TIMELINE, StoredEvent
from tchap.services.appservices import find_interested
from tchap.services.live_rooms import event_of, get_room_or_forbid, hash_for_references
from tchap.services.push import decide_notices
from tchap.services.room_law import check_event
from tchap.services.timeline_writes import Append, Birth, Erasure, Planned, write_append, write_both
from tchap.services.world import World
from tchap.storage.events import find_event
from tchap.storage.rooms import (
    RoomMoved,
)

T = TypeVar("T")

# Leaving is never refused: what a room already is, its hand-over may repeat, and from a server that the room keeps out.
_HANDING_OVER = Freedom(is_above_law=True)

# Every authoriser of a restricted join here is one of our own users, whose key we hold.
_LOCAL_FACTS = AuthFacts(authoriser_signed=True)


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say. ``txn`` is (device id, transaction id) and makes a repetition harmless.

    ``freedom`` is what the law of Tchap does not ask of the sender.
    ``media``: the files declared with it, besides those that its content names in clear.
    """

    type: str
    sender: str
    content: dict[str, Any]
    state_key: str | None = None
    redacts: str | None = None
    origin_server_ts: int | None = None
    txn: tuple[str, str] | None = None
    freedom: Freedom = BOUND
    media: tuple[MediaUri, ...] = ()


@dataclass(frozen=True, slots=True)
class Successor:
    """A room that takes another's place; `drafts` gives its first events from the id of what announces it there."""

    version: RoomVersion
    birth: Birth
    drafts: Callable[[str], Sequence[Draft]]


async def append(
    world: World, room_id: str, drafts: Sequence[Draft], erasure: Erasure | None = None
) -> list[StoredEvent]:
    """Appends the drafts, all or none, and answers after the durable commit with their rows as stored.

    A room's last administrator hands it over in the commit of her leaving. Raises Forbidden when the authorisation
    rules or the law of Tchap refuse, M_TOO_LARGE and M_BAD_JSON for events that cannot be,
    M_DUPLICATE_ANNOTATION for a reaction the sender has given already.
    """
    for _ in range(limits.MAX_APPEND_ATTEMPTS):
        room = await get_room_or_forbid(world, room_id)
        try:
            return await _append_to(world, room, drafts, erasure)
        except RoomMoved:
            world.live.rooms.drop(room)
    raise _too_busy()


def _too_busy() -> MatrixError:
    return MatrixError(
        "M_UNKNOWN", "The room is too busy, please try again.", "Le salon est très sollicité, réessayez."
    )


async def _append_to(
    world: World, room: LiveRoom, drafts: Sequence[Draft], erasure: Erasure | None
) -> list[StoredEvent]:
    async with room.lock:
        if room.is_dropped:
            raise RoomMoved(room.room_id)
        handover = _hand_over(world, room, drafts)
        planned = await _plan(world, room, (*handover, *drafts))
        if room.is_dropped:
            # An append this one is built on failed while we planned; nothing waits from here to the queue.
            raise RoomMoved(room.room_id)
        job = Append(room.room_id, room.revision, room.extremities, tuple(planned), erasure)
        committed = _enqueue(world, room, job)
    return (await committed)[len(handover) :]


def _hand_over(world: World, room: LiveRoom, drafts: Sequence[Draft]) -> tuple[Draft, ...]:
    """What a last administrator who leaves by these drafts does first.

    Judged under the lock: of two who leave at once, the first counts on the second and the second on nobody.
    """
    leaver = next((each.sender for each in drafts if _is_leaving(each)), None)
    if leaver is None or leaver not in room.joined or world.settings.test_profile:
        return ()
    content = plan_succession(RoomView(room.version, room.state), leaver)
    return () if content is None else (Draft(POWER_LEVELS, leaver, content, state_key="", freedom=_HANDING_OVER),)


def _is_leaving(draft: Draft) -> bool:
    is_leave = draft.type == "m.room.member" and draft.content.get("membership") == "leave"
    return is_leave and draft.state_key == draft.sender


async def open_room(world: World, room: LiveRoom, birth: Birth, drafts: Sequence[Draft]) -> list[StoredEvent]:
    """Appends a new room's first events, the create event first, in one commit; AliasTaken, and there is no room."""
    planned = await _plan(world, room, drafts)
    job = Append(room.room_id, 0, (), tuple(planned), None, birth)
    committed = _enqueue(world, room, job)
    world.live.rooms.put(room)
    return await committed


async def append_with_successor(world: World, room_id: str, drafts: Sequence[Draft], successor: Successor) -> None:
    """Appends the drafts, the first of which announces the new room, and opens it, all in one commit."""
    for _ in range(limits.MAX_APPEND_ATTEMPTS):
        room = await get_room_or_forbid(world, room_id)
        try:
            await _append_both(world, room, drafts, successor)
            return
        except RoomMoved:
            world.live.rooms.drop(room)
    raise _too_busy()


async def _append_both(world: World, room: LiveRoom, drafts: Sequence[Draft], successor: Successor) -> None:
    row = successor.birth.row
    new = LiveRoom(room_id=row.room_id, version=successor.version, state={})
    async with room.lock:
        planned = await _plan(world, room, drafts)
        born = await _plan(world, new, successor.drafts(planned[0].event.event_id))
        if room.is_dropped:
            raise RoomMoved(room.room_id)
        job = Append(room.room_id, room.revision, room.extremities, tuple(planned))
        birth = Append(new.room_id, 0, (), tuple(born), None, successor.birth)
        committed = asyncio.ensure_future(world.store.write_pipelined(write_both, job, birth))
        for place, (each, its_job) in enumerate(((room, job), (new, birth))):
            _move_on(each, its_job)
            committed.add_done_callback(partial(_settle, world, each, its_job, place))
        world.live.rooms.put(new)
    await asyncio.shield(committed)


def _settle(
    world: World, room: LiveRoom, append_: Append, place: int, done: asyncio.Future[tuple[list[StoredEvent], ...]]
) -> None:
    rows = _rows_of(done)
    _after_commit(world, room, append_, None if rows is None else rows[place])


async def _plan(world: World, room: LiveRoom, drafts: Sequence[Draft]) -> list[Planned]:
    """Builds each draft on the one before it. Nothing moves in the room unless all of them may be."""
    planned: list[Planned] = []
    ahead = _Ahead.of(room)
    for draft in drafts:
        _check_server(room, draft)
        built = _build(world, room, ahead, draft)
        stored = await _stored(world, room, draft, built, ahead.ordering + 1)
        # In a room that is being born nobody listens yet.
        notices = await decide_notices(world, room, built.event) if room.extremities else NO_NOTICES
        interested = await find_interested(world, room, built.event)
        planned.append(Planned(built.event, stored, notices, interested, _media_of(world, draft)))
        ahead.move(room, built)
    return planned


def _media_of(world: World, draft: Draft) -> tuple[MediaUri, ...]:
    """The files that go with the event when it goes; a plain Matrix server knows no such thing."""
    if world.settings.test_profile:
        return ()
    return (*draft.media, *find_media_refs(draft.type, draft.state_key, draft.content))[: limits.MAX_ATTACHED_MEDIA]


def _check_server(room: LiveRoom, draft: Draft) -> None:
    """Server ACLs go by exact server name, between those hosted here too; whoever is kept out may still leave."""
    is_going = _is_leaving(draft) or draft.freedom is _HANDING_OVER
    if room.denies(server_of(draft.sender)) and not is_going:
        raise Forbidden("This room keeps your server out.", "Ce salon n'admet pas votre serveur.")


@dataclass(slots=True)
class _Ahead:
    """Where the room will be once the drafts planned so far are in."""

    state: dict[tuple[str, str], Event]
    extremities: tuple[str, ...]
    depth: int
    ordering: int
    is_copy: bool = False

    @classmethod
    def of(cls, room: LiveRoom) -> _Ahead:
        return cls(room.state, room.extremities, room.depth, room.last_ordering)

    def move(self, room: LiveRoom, built: Built) -> None:
        event = built.event
        if event.state_key is not None:
            if not self.is_copy:
                self.state, self.is_copy = dict(self.state), True
            self.state[(event.type, event.state_key)] = event
        if room.version.event_ids == "given":
            room.keep_reference(event.event_id, hash_for_references(room.version, built.pdu))
        self.extremities, self.depth, self.ordering = (event.event_id,), event.depth, self.ordering + 1


def _build(world: World, room: LiveRoom, ahead: _Ahead, draft: Draft) -> Built:
    fields = EventFields(
        room_id="" if draft.type == "m.room.create" and room.version.room_id_is_hash else room.room_id,
        type=draft.type,
        sender=draft.sender,
        content=draft.content,
        origin_server_ts=world.clock.now_ms() if draft.origin_server_ts is None else draft.origin_server_ts,
        depth=ahead.depth + 1,
        prev_events=ahead.extremities,
        state_key=draft.state_key,
        redacts=draft.redacts,
        event_id=_given_id(world, room, draft),
        reference_hashes=room.reference_hashes,
    )
    try:
        fields = _with_auth_events(room, ahead, fields)
        built = build_event(room.version, fields)
        is_member = draft.type == "m.room.member"
        if is_member:
            # Whoever may not come in is told why by the law of Tchap; of all else, only the members of the room learn.
            check_event(world, room, ahead.state, built.event, draft.freedom)
        check_auth(room.version, built.event, ahead.state, _LOCAL_FACTS)
        if not is_member:
            check_event(world, room, ahead.state, built.event, draft.freedom)
    except AuthRefused as refused:
        raise Forbidden(f"You may not do this here: {refused.reason}.", _FRENCH_REFUSAL) from refused
    except EventTooLarge as error:
        raise MatrixError("M_TOO_LARGE", f"The event is too large: {error}.", "Le message est trop long.") from error
    except BadEvent as error:
        raise BadJson(f"This cannot be an event: {error}.") from error
    return built


_FRENCH_REFUSAL = "Vous n'avez pas le droit de faire cela dans ce salon."


def _given_id(world: World, room: LiveRoom, draft: Draft) -> str:
    """Room versions 1 and 2: whoever makes an event names it."""
    if room.version.event_ids != "given":
        return ""
    return f"${world.entropy.letters(18)}:{server_of(draft.sender)}"


def _with_auth_events(room: LiveRoom, ahead: _Ahead, fields: EventFields) -> EventFields:
    """Server-server API, "Auth events selection"."""
    if fields.type == "m.room.create":
        return fields
    probe = Event(
        event_id="",
        room_id=fields.room_id,
        type=fields.type,
        sender=fields.sender,
        content=fields.content,
        state_key=fields.state_key,
    )
    state = ahead.state
    cited = tuple(state[key].event_id for key in auth_types_for(room.version, probe) if key in state)
    return EventFields(
        room_id=fields.room_id,
        type=fields.type,
        sender=fields.sender,
        content=fields.content,
        origin_server_ts=fields.origin_server_ts,
        depth=fields.depth,
        prev_events=fields.prev_events,
        auth_events=cited,
        state_key=fields.state_key,
        redacts=fields.redacts,
        event_id=fields.event_id,
        reference_hashes=fields.reference_hashes,
    )


async def _stored(world: World, room: LiveRoom, draft: Draft, built: Built, ordering: int) -> StoredEvent:
    event, pdu = built
    relation = find_relation(event.content) if event.state_key is None else None
    graph: dict[str, Any] = {key: pdu[key] for key in ("auth_events", "prev_events", "depth", "hashes")}
    device, txn_id = draft.txn or (None, None)
    return StoredEvent(
        event_id=event.event_id,
        room_id=room.room_id,
        position=None,
        ordering=ordering,
        depth=event.depth,
        type=event.type,
        state_key=event.state_key,
        sender=event.sender,
        origin_server_ts=event.origin_server_ts,
        relates_to=relation.event_id if relation else None,
        rel_type=relation.rel_type if relation else None,
        thread_id=await _thread_of(world, room, relation) if relation else None,
        redacted_by=None,
        status=IN_TIMELINE,
        txn_device=device,
        txn_id=txn_id,
        client_json=encode_json(client_format(event)),
        graph_json=encode_json({**graph, "signatures": {}}),
    )


async def _thread_of(world: World, room: LiveRoom, relation: Relation) -> str | None:
    """The thread's root: named by the event itself, or that of the event it is about ("Threading")."""
    if relation.rel_type == THREAD:
        return relation.event_id
    near = next((each for each in room.recent if each.event_id == relation.event_id), None)
    found = near or await world.store.read(find_event, relation.event_id)
    return found.thread_id if found and found.room_id == room.room_id else None


def _enqueue(world: World, room: LiveRoom, append_: Append) -> asyncio.Future[list[StoredEvent]]:
    """Hands the job to the writer and moves the provisional room on; the rest follows the commit, whoever waits."""
    began_s = world.clock.monotonic()
    committed = asyncio.ensure_future(world.store.write_pipelined(write_append, append_))
    _move_on(room, append_)
    # Woken first: whoever speaks is answered before those who listen, some of whom may be the same person's devices.
    answered = asyncio.shield(committed)
    committed.add_done_callback(lambda done: _after_commit(world, room, append_, _rows_of(done)))
    committed.add_done_callback(lambda _: world.metrics.commit_seconds.observe(world.clock.monotonic() - began_s))
    return answered


def _move_on(room: LiveRoom, append_: Append) -> None:
    for planned in append_.planned:
        if planned.event.state_key is not None:
            room.set_state(planned.event)
    last = append_.planned[-1].stored
    room.extremities, room.depth = (last.event_id,), last.depth
    room.last_ordering, room.revision = last.ordering or 0, room.revision + 1
    room.committing += 1


def _rows_of(done: asyncio.Future[T]) -> T | None:
    """What was committed, None when nothing was."""
    return None if done.cancelled() or done.exception() is not None else done.result()


def _after_commit(world: World, room: LiveRoom, append_: Append, rows: list[StoredEvent] | None) -> None:
    room.committing -= 1
    if rows is None:
        world.live.rooms.drop(room)
        return
    room.keep_recent(rows)
    if append_.erasure is not None:
        _erase_live(room, append_.erasure.event, rows[0].event_id)
    world.metrics.events.inc(len(rows))
    world.live.push.hear_events()
    world.live.appservices.tell({service for each in append_.planned for service in each.appservices})
    people = [each.event.state_key or "" for each in append_.planned if each.event.type == "m.room.member"]
    world.live.notifier.tell(rows[-1].position or 0, rooms=(room.room_id,), users=people)


def _erase_live(room: LiveRoom, gone: StoredEvent, redacted_by: str) -> None:
    room.replace_recent(replace(gone, redacted_by=redacted_by))
    key = (gone.type, gone.state_key or "")
    held = room.state.get(key)
    if held is not None and held.event_id == gone.event_id:
        room.set_state(event_of(gone))
