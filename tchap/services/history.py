"""Reading what was said: pages of a room's timeline, one event and its surroundings, who was there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from tchap.base import limits
from tchap.base.errors import InvalidParam, NotFound
from tchap.base.identity import Requester
from tchap.protocol.filters import EventFilter
from tchap.protocol.stored_event import StoredEvent
from tchap.protocol.sync_tokens import format_place, parse_place, parse_token
from tchap.services.events import Reader, client_event, client_events, find_around
from tchap.services.memberships import get_room_of
from tchap.services.state import get_stay
from tchap.services.visibility import Sight, find_sight
from tchap.services.world import World
from tchap.storage.events import (
    Stretch,
    find_event,
    find_near,
    find_place,
    find_position_of_place,
    find_timeline,
)
from tchap.storage.jobs import Tx
from tchap.storage.memberships import Membership, find_members
from tchap.storage.relations import has_related
from tchap.storage.room_state import find_member_events_at, find_state_events_at

END = 2**62
NO_FILTER = EventFilter()


@dataclass(frozen=True, slots=True)
class PageAsk:
    """A page of `/messages`: tokens as the client gave them."""

    room_id: str
    since: str | None = None
    upto: str | None = None
    backwards: bool = True
    limit: int = limits.DEFAULT_PAGE
    filter: EventFilter = NO_FILTER


@dataclass(frozen=True, slots=True)
class Page:
    """What `/messages` answers; ``end`` is None when nothing is left in that direction."""

    chunk: list[msgspec.Raw]
    state: list[msgspec.Raw]
    start: str
    end: str | None


async def read_messages(world: World, requester: Requester, ask: PageAsk) -> Page:
    """A page of the room's timeline. Raises Forbidden for whoever never was in the room."""
    stay = await get_stay(world, requester, ask.room_id)
    reader = Reader.of(requester, world.clock.now_ms())
    return await world.store.read(_read_page, ask, stay, reader)


async def _read_page(tx: Tx, ask: PageAsk, stay: Membership | None, reader: Reader) -> Page:
    sight = await find_sight(tx, reader.user_id, ask.room_id)
    start = await _start(tx, ask, stay)
    bound = await find_token_place(tx, ask.room_id, ask.upto)
    found, place = await _scan(tx, ask, sight, (start, bound))
    around = await find_around(tx, sight, ask.room_id, found)
    state = await _page_state(tx, ask, found)
    return Page(
        chunk=client_events(found, around, reader),
        state=client_events(state, around, reader),
        start=ask.since if ask.since is not None else format_place(start),
        end=None if place is None else format_place(place),
    )


async def _start(tx: Tx, ask: PageAsk, stay: Membership | None) -> int:
    given = await find_token_place(tx, ask.room_id, ask.since)
    if given is not None:
        return given
    if not ask.backwards:
        return 0
    # Those who left begin where they left.
    left = stay is not None and stay.membership != "join"
    return await find_place(tx, ask.room_id, stay.from_position if stay is not None and left else END)


async def find_token_place(tx: Tx, room_id: str, token: str | None) -> int | None:
    """The place in the room's timeline behind a pagination or sync token, None without one."""
    if token is None:
        return None
    try:
        return parse_place(token)
    except ValueError:
        pass
    try:
        return await find_place(tx, room_id, parse_token(token).position)
    except ValueError as error:
        raise bad_token() from error


def bad_token() -> InvalidParam:
    return InvalidParam("This token was not given by this server.", "Ce jeton ne vient pas de ce serveur.")


async def _scan(
    tx: Tx, ask: PageAsk, sight: Sight, places: tuple[int, int | None]
) -> tuple[list[StoredEvent], int | None]:
    """The events asked for, and the place after the last one looked at (None at the end of the timeline).

    What the reader may not see or does not want is passed over, a bounded number of times: a page may be short.
    """
    start, bound = places
    low, high = (-END if bound is None else bound, start + 1)
    if not ask.backwards:
        low, high = (start, END if bound is None else bound + 1)
    found: list[StoredEvent] = []
    for _ in range(limits.MAX_HISTORY_ROUNDS):
        # One more than asked tells whether anything is left.
        stretch = Stretch(low, high, ask.limit + 1, ask.backwards)
        batch = await find_timeline(tx, ask.room_id, stretch)
        for event in batch:
            place = event.ordering or 0
            if len(found) == ask.limit:
                return found, place if ask.backwards else place - 1
            if sight.sees(event) and await _is_wanted(tx, ask.filter, event):
                found.append(event)
            low, high = (low, place) if ask.backwards else (place, high)
        if len(batch) <= ask.limit:
            return found, None
    return found, high - 1 if ask.backwards else low


async def _is_wanted(tx: Tx, wanted: EventFilter, event: StoredEvent) -> bool:
    if not wanted.admits_room(event.room_id) or not wanted.admits_type(event.type):
        return False
    if wanted.contains_url is not None and not wanted.admits(event.type, event.sender, event.client()["content"]):
        return False
    if wanted.related_by_rel_types is not None or wanted.related_by_senders is not None:
        senders, kinds = wanted.related_by_senders, wanted.related_by_rel_types
        if not await has_related(tx, event.event_id, sorted(senders or ()), sorted(kinds or ())):
            return False
    return wanted.admits_sender(event.sender)


async def _page_state(tx: Tx, ask: PageAsk, found: list[StoredEvent]) -> list[StoredEvent]:
    """Lazy loading: the membership events of those who speak in the page."""
    if not ask.filter.lazy_load_members or not found:
        return []
    senders = sorted({event.sender for event in found})
    position = max((event.position or 0) for event in found)
    state = await find_state_events_at(tx, ask.room_id, position, senders)
    return [event for event in state if event.type == "m.room.member"]


def _unseen() -> NotFound:
    return NotFound("There is no such event, or it is not yours to see.", "Ce message n'existe pas ou vous est caché.")


async def read_event(world: World, requester: Requester, room_id: str, event_id: str) -> bytes:
    """One event as the requester may see it; NotFound otherwise."""
    reader = Reader.of(requester, world.clock.now_ms())
    return await world.store.read(_read_event, room_id, event_id, reader)


async def _read_event(tx: Tx, room_id: str, event_id: str, reader: Reader) -> bytes:
    sight = await find_sight(tx, reader.user_id, room_id)
    event = await find_visible(tx, sight, room_id, event_id)
    return client_event(event, await find_around(tx, sight, room_id, [event]), reader)


async def find_visible(tx: Tx, sight: Sight, room_id: str, event_id: str) -> StoredEvent:
    """The event, if it stands in the room and the person may see it; else NotFound."""
    event = await find_event(tx, event_id)
    if event is None or event.room_id != room_id or event.ordering is None or not sight.sees(event):
        raise _unseen()
    return event


@dataclass(frozen=True, slots=True)
class ContextAsk:
    room_id: str
    event_id: str
    limit: int = limits.DEFAULT_PAGE
    filter: EventFilter = NO_FILTER


@dataclass(frozen=True, slots=True)
class Context:
    """An event and what stands around it; ``before`` is newest first."""

    event: bytes
    before: Page
    after: Page
    state: list[msgspec.Raw]


async def read_context(world: World, requester: Requester, ask: ContextAsk) -> Context:
    """An event with its surroundings. Raises NotFound when the requester may not see it."""
    reader = Reader.of(requester, world.clock.now_ms())
    return await world.store.read(_read_context, ask, reader)


async def _read_context(tx: Tx, ask: ContextAsk, reader: Reader) -> Context:
    sight = await find_sight(tx, reader.user_id, ask.room_id)
    event = await find_visible(tx, sight, ask.room_id, ask.event_id)
    place = event.ordering or 0
    before = PageAsk(ask.room_id, None, None, True, ask.limit // 2, ask.filter)
    after = PageAsk(ask.room_id, None, None, False, ask.limit - ask.limit // 2, ask.filter)
    earlier, low = await _scan(tx, before, sight, (place - 1, None))
    later, high = await _scan(tx, after, sight, (place, None))
    shown = [event, *earlier, *later]
    around = await find_around(tx, sight, ask.room_id, shown)
    position = max((each.position or 0) for each in shown)
    members = sorted({each.sender for each in shown}) if ask.filter.lazy_load_members else None
    state = await find_state_events_at(tx, ask.room_id, position, members)
    oldest, newest = (earlier or [event])[-1], (later or [event])[-1]
    below = (oldest.ordering or 0) - 1 if low is None else low
    above = (newest.ordering or 0) if high is None else high
    return Context(
        event=client_event(event, around, reader),
        before=Page(client_events(earlier, around, reader), [], "", format_place(below)),
        after=Page(client_events(later, around, reader), [], "", format_place(above)),
        state=client_events(state, around, reader),
    )


@dataclass(frozen=True, slots=True)
class MembersAsk:
    """`at` is a token; the memberships are filters."""

    room_id: str
    at: str | None = None
    membership: str | None = None
    not_membership: str | None = None


async def read_members(world: World, requester: Requester, ask: MembersAsk) -> list[msgspec.Raw]:
    """The membership events of the room, now or at a token; as they were at the end for those who left."""
    stay = await get_stay(world, requester, ask.room_id)
    reader = Reader.of(requester, world.clock.now_ms())
    return await world.store.read(_read_members, ask, stay, reader)


async def _read_members(tx: Tx, ask: MembersAsk, stay: Membership | None, reader: Reader) -> list[msgspec.Raw]:
    end = stay.from_position if stay is not None and stay.membership != "join" else END
    place = await find_token_place(tx, ask.room_id, ask.at)
    if place is not None:
        end = min(end, await find_position_of_place(tx, ask.room_id, place))
    events = [event for event in await find_member_events_at(tx, ask.room_id, end) if _is_asked_for(event, ask)]
    around = await find_around(tx, await find_sight(tx, reader.user_id, ask.room_id), ask.room_id, events)
    return client_events(events, around, reader)


def _is_asked_for(event: StoredEvent, ask: MembersAsk) -> bool:
    if ask.membership is None and ask.not_membership is None:
        return True
    membership = event.client()["content"].get("membership")
    # Client-server API, `GET /members`: the two filters widen one another.
    return membership == ask.membership or (ask.not_membership is not None and membership != ask.not_membership)


async def read_joined_members(world: World, requester: Requester, room_id: str) -> list[Membership]:
    """Who is in the room, for somebody who is in it too."""
    await get_room_of(world, requester, room_id)
    return await world.store.read(find_members, room_id, ("join",))


async def find_event_near(
    world: World, requester: Requester, room_id: str, when: tuple[int, Literal["f", "b"]]
) -> tuple[str, int]:
    """(id, time) of the event nearest to `(time in milliseconds, direction)`; NotFound when there is none to see."""
    await get_stay(world, requester, room_id)
    return await world.store.read(_find_near, requester.user_id, room_id, when)


async def _find_near(tx: Tx, user_id: str, room_id: str, when: tuple[int, Literal["f", "b"]]) -> tuple[str, int]:
    ts, direction = when
    sight = await find_sight(tx, user_id, room_id)
    # What one may not see is passed over, a bounded number of times; each time more is read at once.
    passed, wanted = 0, 1
    for _ in range(limits.MAX_NEAR_ROUNDS):
        near = await find_near(tx, room_id, (ts, direction == "b"), (passed, wanted))
        seen = next(iter(sight.visible(near)), None)
        if seen is not None:
            return seen.event_id, seen.origin_server_ts
        if len(near) < wanted:
            break
        passed, wanted = passed + wanted, wanted * 4
    raise _unseen()
