"""Finding what was said (client-server API, module "Server Side Search").

A page costs a fixed number of queries, however many rooms, matches and results there are, and looks at a bounded
number of matches: where there are more, it ends early and says where to go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec

from tchap.base import limits
from tchap.base.identity import Requester
from tchap.protocol import search_text
from tchap.protocol.filters import EventFilter
from tchap.protocol.search_text import KEY_OF_TYPE, SearchTerms, room_word
from tchap.protocol.stored_event import StoredEvent
from tchap.protocol.sync_assembly import splice
from tchap.protocol.sync_rooms import content_of
from tchap.protocol.sync_tokens import format_place
from tchap.protocol.sync_values import SyncEvent
from tchap.services.events import Around, Reader, client_event, client_events, find_arounds
from tchap.services.search_index import catch_up
from tchap.services.visibility import Sight, find_sights
from tchap.services.world import World
from tchap.storage import search as storage
from tchap.storage.events import find_events
from tchap.storage.jobs import Tx
from tchap.storage.memberships import Membership, find_spans_in
from tchap.storage.search import Matches, Quest
from tchap.storage.sync import Window, find_all_members, find_full_state, find_stripped_state

END = 2**62
GroupKey = Literal["room_id", "sender"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: matches below a position, after so many shown; in one group, where one is named.

    Ordered by time the position is that of the last result shown, by rank that of the newest match of the first page.
    """

    below: int = END
    shown: int = 0
    group: tuple[GroupKey, str] | None = None


@dataclass(frozen=True, slots=True)
class ContextWish:
    """How many events before and after each result are wanted, and whether their senders' profiles too."""

    before: int
    after: int
    with_profiles: bool


@dataclass(frozen=True, slots=True)
class SearchAsk:
    """A search; ``place`` is where the page asked for begins."""

    phrases: tuple[tuple[str, ...], ...]
    keys: frozenset[str]
    filter: EventFilter
    by_rank: bool
    limit: int
    place: Place
    context: ContextWish | None = None
    groupings: tuple[GroupKey, ...] = ()
    with_state: bool = False


@dataclass(frozen=True, slots=True)
class ResultContext:
    """What stands around a result: ``before`` newest first, as in `GET /context`; profiles are (name, avatar) by
    person."""

    before: list[msgspec.Raw]
    after: list[msgspec.Raw]
    start: str
    end: str
    profiles: Mapping[str, tuple[str | None, str | None]] | None


@dataclass(frozen=True, slots=True)
class Result:
    rank: float
    event_id: str
    event: msgspec.Raw
    context: ResultContext | None


@dataclass(frozen=True, slots=True)
class Group:
    """The results of the page that share a value; ``next_place`` is where others of the group are found."""

    event_ids: list[str]
    next_place: Place | None


@dataclass(frozen=True, slots=True)
class Found:
    """One page."""

    count: int = 0
    highlights: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    groups: Mapping[GroupKey, Mapping[str, Group]] = field(default_factory=dict)
    state: Mapping[str, list[msgspec.Raw]] = field(default_factory=dict)
    next_place: Place | None = None


async def search(world: World, requester: Requester, ask: SearchAsk) -> Found:
    """One page of what answers, among all that the person may read in rooms they are or were in."""
    quest = _plan(ask, await world.store.read(_find_rooms, requester.user_id, ask.filter))
    if not (quest.terms.phrases and quest.room_ids and quest.types) or quest.senders == ():
        return Found()
    await catch_up(world, quest.room_ids)
    reader = Reader.of(requester, world.clock.now_ms())
    return await world.store.read(_search, quest, ask, reader)


async def _find_rooms(tx: Tx, user_id: str, wanted: EventFilter) -> tuple[str, ...]:
    """The rooms to search; of one that is named and was upgraded, those it came from too, as far as one was there."""
    rooms = set(await storage.find_searchable_rooms(tx, user_id)) - wanted.not_rooms
    if wanted.rooms is None:
        return tuple(sorted(rooms))
    chosen = level = rooms & wanted.rooms
    for _ in range(limits.MAX_PREDECESSORS):
        found = [content_of(event) for event in await find_stripped_state(tx, level, ["m.room.create"], [])]
        level = {_predecessor(content) for content in found} & rooms - chosen
        if not level:
            break
        chosen = chosen | level
    return tuple(sorted(chosen))


def _predecessor(content: Mapping[str, object]) -> str:
    stated = content.get("predecessor")
    room_id = stated.get("room_id") if isinstance(stated, dict) else None
    return room_id if isinstance(room_id, str) else ""


def _plan(ask: SearchAsk, chosen: tuple[str, ...]) -> Quest:
    wanted = ask.filter
    senders = wanted.senders
    if ask.place.group is not None:
        key, value = ask.place.group
        if key == "room_id":
            chosen = tuple(each for each in chosen if each == value)
        else:
            senders = frozenset((value,)) if senders is None or value in senders else frozenset()
    named = tuple(map(room_word, chosen)) if len(chosen) <= limits.MAX_SEARCH_ROOM_WORDS else ()
    return Quest(
        terms=SearchTerms(ask.phrases, named),
        below=ask.place.below,
        room_ids=chosen,
        types=tuple(each for each, key in KEY_OF_TYPE.items() if key in ask.keys and wanted.admits_type(each)),
        senders=None if senders is None else tuple(sorted(senders)),
        not_senders=tuple(sorted(wanted.not_senders)),
        has_url=wanted.contains_url,
    )


@dataclass(frozen=True, slots=True)
class _Hit:
    event: StoredEvent
    rank: float


async def _search(tx: Tx, quest: Quest, ask: SearchAsk, reader: Reader) -> Found:
    matches = await storage.find_matches(tx, quest)
    sights = await find_sights(tx, reader.user_id, list({event.room_id for event, _ in matches.found}))
    hits = _order(ask, [each for each in matches.found if _may_find(sights[each[0].room_id], each[0])])
    begin = ask.place.shown if ask.by_rank else 0
    page = hits[begin : begin + ask.limit]
    events = await find_events(tx, [hit.event.event_id for hit in page])
    results = await _show(tx, ask, reader, _Page(page, events, sights))
    return Found(
        count=len(hits) if ask.by_rank else ask.place.shown + len(hits),
        highlights=search_text.find_highlights(map(_said, events.values()), ask.phrases),
        results=results,
        groups={key: _group(ask, key, hits, begin) for key in ask.groupings},
        state=await _find_state(tx, reader, {hit.event.room_id for hit in page}) if ask.with_state else {},
        next_place=_next_place(ask, hits, matches),
    )


def _may_find(sight: Sight, event: StoredEvent) -> bool:
    """ "It won't include events in rooms that happened after you left", whoever may read the room."""
    position = event.position or 0
    joined = [stay.from_position for stay in sight.stays if stay.membership == "join"]
    last = joined[-1] if joined else END
    left = next((stay.from_position for stay in sight.stays if stay.from_position > last), END)
    return position <= left and sight.sees(event)


def _order(ask: SearchAsk, found: Sequence[tuple[StoredEvent, str]]) -> list[_Hit]:
    hits = [_Hit(event, search_text.rank(words, ask.phrases)) for event, words in found]
    # Of equal answers the one given first comes first.
    return sorted(hits, key=lambda hit: (-hit.rank, hit.event.position or 0)) if ask.by_rank else hits


def _next_place(ask: SearchAsk, hits: Sequence[_Hit], matches: Matches) -> Place | None:
    """Where to go on; a full page always says so, as clients and suites of other servers expect."""
    if ask.by_rank:
        shown = ask.place.shown + ask.limit
        return replace(ask.place, below=_top(hits), shown=shown) if len(hits) >= shown else None
    below = hits[ask.limit - 1].event.position if len(hits) >= ask.limit else matches.lowest
    shown = ask.place.shown + min(len(hits), ask.limit)
    return None if below is None else replace(ask.place, below=below, shown=shown)


def _top(hits: Sequence[_Hit]) -> int:
    """Just above the newest: what is said while somebody turns the pages does not move the results."""
    return max(hit.event.position or 0 for hit in hits) + 1


def _group(ask: SearchAsk, key: GroupKey, hits: Sequence[_Hit], begin: int) -> dict[str, Group]:
    """The page's results by the value they share, in the order in which the values come."""
    members: dict[str, list[tuple[int, _Hit]]] = {}
    for index, hit in enumerate(hits):
        members.setdefault(hit.event.room_id if key == "room_id" else hit.event.sender, []).append((index, hit))
    found: dict[str, tuple[int, Group]] = {}
    for value, all_ in members.items():
        shown = [(index, hit) for index, hit in all_ if begin <= index < begin + ask.limit]
        if not shown:
            continue
        passed = sum(1 for index, _ in all_ if index < begin + ask.limit)
        below = _top(hits) if ask.by_rank else shown[-1][1].event.position or 0
        more = Place(below, passed, (key, value)) if len(all_) > passed and ask.place.group is None else None
        found[value] = (shown[0][0], Group([hit.event.event_id for _, hit in shown], more))
    return {value: group for value, (_, group) in sorted(found.items(), key=lambda each: each[1][0])}


def _said(event: StoredEvent) -> str:
    """What to look for highlights in: an edit's words are told with the event itself."""
    content = event.client()["content"]
    return search_text.find_search_text(event.type, content)[: limits.MAX_SEARCH_RANKED]


@dataclass(frozen=True, slots=True)
class _Page:
    """The results of a page, their events by id, and what the reader sees of their rooms."""

    hits: Sequence[_Hit]
    events: Mapping[str, StoredEvent]
    sights: Mapping[str, Sight]


async def _show(tx: Tx, ask: SearchAsk, reader: Reader, page: _Page) -> list[Result]:
    near = await _find_near(tx, ask, page)
    shown = {event.event_id: event for event in page.events.values()}
    shown |= {event.event_id: event for events in near.values() for event in events}
    rooms = {event.room_id for event in shown.values()}
    arounds = await find_arounds(tx, {room: page.sights[room] for room in rooms}, list(shown.values()))
    spans: list[Membership] = []
    if ask.context is not None and ask.context.with_profiles:
        spans = await find_spans_in(tx, list({event.sender for event in shown.values()}), list(rooms))
    results = []
    for hit in page.hits:
        event = page.events.get(hit.event.event_id)
        if event is not None:
            around = arounds[event.room_id]
            context = _context(ask, (event, near.get(event.room_id, ())), around, reader, spans)
            raw = msgspec.Raw(client_event(event, around, reader))
            results.append(Result(hit.rank, event.event_id, raw, context))
    return results


async def _find_near(tx: Tx, ask: SearchAsk, page: _Page) -> dict[str, list[StoredEvent]]:
    """What stands around the results and may be seen, by room, in the room's order."""
    if ask.context is None or not page.events:
        return {}
    found: dict[str, list[StoredEvent]] = {}
    for event in await storage.find_surroundings(tx, list(page.events), ask.context.before, ask.context.after):
        if _may_find(page.sights[event.room_id], event):
            found.setdefault(event.room_id, []).append(event)
    return found


def _context(
    ask: SearchAsk,
    place: tuple[StoredEvent, Sequence[StoredEvent]],
    around: Around,
    reader: Reader,
    spans: Sequence[Membership],
) -> ResultContext | None:
    if ask.context is None:
        return None
    event, near = place
    at = event.ordering or 0
    before = [each for each in near if at - ask.context.before <= (each.ordering or 0) < at]
    after = [each for each in near if at < (each.ordering or 0) <= at + ask.context.after]
    lowest, highest = (before or [event])[0], (after or [event])[-1]
    return ResultContext(
        before=client_events(before[::-1], around, reader),
        after=client_events(after, around, reader),
        start=format_place((lowest.ordering or 0) - 1),
        end=format_place(highest.ordering or 0),
        profiles=_profiles([*before, event, *after], spans) if ask.context.with_profiles else None,
    )


def _profiles(events: Sequence[StoredEvent], spans: Sequence[Membership]) -> dict[str, tuple[str | None, str | None]]:
    """ "The historic profile information of the users that sent the events returned"."""
    found: dict[str, tuple[str | None, str | None]] = {}
    for event in events:
        held = [
            span
            for span in spans
            if (span.user_id, span.room_id) == (event.sender, event.room_id)
            and span.from_position <= (event.position or 0)
        ]
        if held:
            found[event.sender] = (held[-1].display_name, held[-1].avatar_url)
    return found


async def _find_state(tx: Tx, reader: Reader, room_ids: set[str]) -> dict[str, list[msgspec.Raw]]:
    """The state of each room as it is now, or as it was when the person left."""
    window = Window(reader.user_id, 0, END)
    rows = [*await find_full_state(tx, window, room_ids), *await find_all_members(tx, window, room_ids)]
    found: dict[str, list[msgspec.Raw]] = {}
    for row in rows:
        found.setdefault(row.event.room_id, []).append(msgspec.Raw(_state_event(row.event, reader)))
    return found


def _state_event(event: SyncEvent, reader: Reader) -> bytes:
    return splice(event.client_json, {"age": max(reader.now_ms - event.origin_server_ts, 0)})
