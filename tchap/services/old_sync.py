"""The state and the stream of events as clients asked for them before /sync: deprecated, and still asked for.

Source: client-server API, `GET /initialSync`, `/events`, `/rooms/{roomId}/initialSync`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tchap.base import limits
from tchap.base.errors import InvalidParam, NotFound
from tchap.base.identity import Requester
from tchap.live.subscribers import DeviceMemory, Waiter
from tchap.protocol.filters import EventFilter, Filter, RoomFilter
from tchap.protocol.stored_event import StoredEvent
from tchap.protocol.sync_assembly import account_data_event, splice
from tchap.protocol.sync_tokens import SyncToken, format_place, format_token, parse_token
from tchap.protocol.sync_values import Ask, RoomFacts
from tchap.services import history
from tchap.services.events import Reader, client_events, find_arounds
from tchap.services.history import Page, PageAsk
from tchap.services.state import get_state, get_stay
from tchap.services.sync_collect import Collected, collect
from tchap.services.sync_shape import global_account_data, room_facts, shape
from tchap.services.visibility import find_sight, find_sights
from tchap.services.world import World
from tchap.storage import old_sync
from tchap.storage.account_data import find_changed_account_data
from tchap.storage.events import find_event
from tchap.storage.jobs import Tx
from tchap.storage.rooms import find_published
from tchap.storage.sync import Window, find_joined_rooms


@dataclass(frozen=True, slots=True)
class OldRoom:
    """A room as these answers show it. ``messages`` are oldest first; ``start`` is None where nothing comes before."""

    room_id: str
    membership: str | None
    messages: Sequence[msgspec.Raw]
    start: str | None
    end: str
    state: Sequence[msgspec.Raw]
    account_data: Sequence[msgspec.Raw]
    is_public: bool
    invite: msgspec.Raw | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything at one moment; ``end`` is where `/events`, and /sync too, go on."""

    rooms: list[OldRoom]
    account_data: list[msgspec.Raw]
    end: str


async def take_snapshot(world: World, requester: Requester, limit: int, with_left: bool) -> Snapshot:
    """All rooms of the person, with at most ``limit`` messages each."""
    chosen = Filter(room=RoomFilter(timeline=EventFilter(limit=limit), include_leave=with_left))
    upto = await world.store.horizon()
    ask = Ask(requester.user_id, requester.device_id, None, upto, chosen, state_after="state")
    found, published = await world.store.read(_collect, ask)
    facts = [room for room in room_facts(ask, found, DeviceMemory()) if room.plan.section != "knock"]
    now_ms = world.clock.now_ms()
    shaped = shape(requester, found, [room for room in facts if room.plan.section != "invite"], now_ms)
    end = _token(upto)
    rooms = []
    for room in facts:
        is_public = room.plan.room_id in published
        if room.plan.section == "invite":
            rooms.append(_invitation(room, found, is_public, now_ms))
            continue
        start = room.timeline.start_ordering if room.timeline.limited else None
        rooms.append(
            OldRoom(
                room_id=room.plan.room_id,
                membership=room.plan.present.membership,
                messages=shaped.raw(room.timeline.events),
                start=None if start is None else format_place(start - 1),
                end=end,
                state=shaped.raw(room.state),
                account_data=[msgspec.Raw(each) for each in room.account_data],
                is_public=is_public,
            )
        )
    return Snapshot(rooms, global_account_data(ask, found), end)


async def _collect(tx: Tx, ask: Ask) -> tuple[Collected, frozenset[str]]:
    found = await collect(tx, ask, 0)
    return found, await find_published(tx, [plan.room_id for plan in found.plans])


def _invitation(room: RoomFacts, found: Collected, is_public: bool, now_ms: int) -> OldRoom:
    event = found.by_id.get(room.plan.present.event_id)
    age = {"age": max(now_ms - event.origin_server_ts, 0)} if event else {}
    invite = msgspec.Raw(splice(event.client_json, age)) if event else None
    return OldRoom(room.plan.room_id, "invite", (), None, "", (), (), is_public, invite)


def _token(position: int, since: SyncToken | None = None) -> str:
    # Messages to the device are not in these answers: a /sync that goes on from here must still bring them.
    return format_token(SyncToken(position, since.typing if since else 0, since.delivered if since else 0))


async def show_room(world: World, requester: Requester, room_id: str, limit: int) -> OldRoom:
    """One room: as it is for its members and, where it is open to all, for anybody, as it was for who left.

    Raises Forbidden for everybody else.
    """
    stay = await get_stay(world, requester, room_id)
    # A page of none cannot be asked for; its one event is left out.
    page = await history.read_messages(world, requester, PageAsk(room_id, limit=max(limit, 1)))
    state = await get_state(world, requester, room_id)
    data, published = await world.store.read(_find_own, requester.user_id, room_id)
    end = _token(await world.store.horizon()) if stay is None or stay.membership == "join" else page.start
    return OldRoom(
        room_id=room_id,
        membership=None if stay is None else stay.membership,
        messages=page.chunk[::-1] if limit else [],
        start=page.end if limit else page.start,
        end=end,
        state=state,
        account_data=data,
        is_public=published,
    )


async def _find_own(tx: Tx, user_id: str, room_id: str) -> tuple[list[msgspec.Raw], bool]:
    rows = await find_changed_account_data(tx, user_id, history.END, history.END, [room_id])
    data = [msgspec.Raw(account_data_event(each.type, each.content)) for each in rows if each.room_id == room_id]
    return data, bool(await find_published(tx, [room_id]))


@dataclass(frozen=True, slots=True)
class EventsAsk:
    """What `GET /events` asks; ``room_id`` for the events of that room alone, which need not be the person's."""

    since: str | None
    timeout_ms: int
    room_id: str | None = None


async def listen(world: World, requester: Requester, ask: EventsAsk) -> Page:
    """Events from a token on: at once when there are any, else as soon as there are or when the time is over.

    Raises M_INVALID_PARAM for a token of nobody, Forbidden for a room that is not to be read.
    """
    waiter = world.live.notifier.listen(requester.user_id, requester.device_id)
    try:
        return await _listen(world, requester, ask, waiter)
    finally:
        world.live.notifier.leave(waiter)


async def _listen(world: World, requester: Requester, ask: EventsAsk, waiter: Waiter) -> Page:
    since = await _since(world, ask)
    deadline = world.clock.monotonic() + ask.timeout_ms / 1000
    while True:
        waiter.told.clear()
        await _follow(world, waiter)
        page = await _read(world, requester, ask, since)
        remaining = deadline - world.clock.monotonic()
        if page.chunk or remaining <= 0 or world.live.notifier.stopped:
            return page
        # Nobody wakes those who look into a room from outside: they look again by themselves.
        look_s = remaining if ask.room_id is None else min(remaining, limits.PEEK_AGAIN_S)
        with world.metrics.long_polls.track_inprogress():
            heard = await waiter.wait(look_s)
        if not heard and look_s == remaining:
            return page


async def _since(world: World, ask: EventsAsk) -> SyncToken:
    if not ask.since:
        return SyncToken(await world.store.horizon(), to_device=0)
    try:
        return parse_token(ask.since)
    except ValueError as error:
        raise InvalidParam(
            "This token was not given by this server.", "Ce jeton ne vient pas de ce serveur."
        ) from error


async def _follow(world: World, waiter: Waiter) -> None:
    """Before anything is read, the person hears of every room they are in."""
    subscriber = waiter.subscriber
    if subscriber.is_stale:
        subscriber.is_stale = False
        rooms = await world.store.read(find_joined_rooms, subscriber.user_id)
        world.live.notifier.follow(subscriber, frozenset(rooms), world.store.committed_position())


async def _read(world: World, requester: Requester, ask: EventsAsk, since: SyncToken) -> Page:
    upto = max(await world.store.horizon(), since.position)
    window = Window(requester.user_id, since.position, upto)
    reader = Reader.of(requester, world.clock.now_ms())
    if ask.room_id is None:
        chunk, last = await world.store.read(_read_own, window, reader)
    else:
        await get_stay(world, requester, ask.room_id)
        chunk, last = await world.store.read(_read_room, ask.room_id, window, reader)
    end = _token(upto if last is None else last, since)
    return Page(chunk, [], ask.since or _token(since.position, since), end)


async def _read_own(tx: Tx, window: Window, reader: Reader) -> tuple[list[msgspec.Raw], int | None]:
    events = await old_sync.find_told(tx, window, limits.MAX_OLD_EVENTS)
    sights = await find_sights(tx, reader.user_id, list({event.room_id for event in events}))
    ignored = next((sight.ignored for sight in sights.values()), frozenset[str]())
    shown = [event for event in events if event.state_key is not None or event.sender not in ignored]
    arounds = await find_arounds(tx, sights, shown)
    chunk = [raw for event in shown for raw in client_events([event], arounds[event.room_id], reader)]
    return chunk, _cut(events)


async def _read_room(tx: Tx, room_id: str, window: Window, reader: Reader) -> tuple[list[msgspec.Raw], int | None]:
    events = await old_sync.find_told_in(tx, room_id, (window.since, window.upto), limits.MAX_OLD_EVENTS)
    sight = await find_sight(tx, reader.user_id, room_id)
    shown = sight.visible(events)
    arounds = await find_arounds(tx, {room_id: sight}, shown)
    return client_events(shown, arounds[room_id], reader), _cut(events)


def _cut(events: Sequence[StoredEvent]) -> int | None:
    """Where a full page ends, None where nothing was left out."""
    return events[-1].position if len(events) == limits.MAX_OLD_EVENTS else None


async def read_event(world: World, requester: Requester, event_id: str) -> bytes:
    """One event wherever it is; NotFound when there is none that the person may see."""
    event = await world.store.read(find_event, event_id)
    if event is None:
        raise NotFound(
            "There is no such event, or it is not yours to see.", "Ce message n'existe pas ou vous est caché."
        )
    return await history.read_event(world, requester, event.room_id, event_id)
