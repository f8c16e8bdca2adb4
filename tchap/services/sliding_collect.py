"""What a sliding sync reads: the room list, then the rooms in sight through the collector of classic sync.

Rooms fall in two groups, each one run of the collector: those the device starts from nothing (or asks more of), and
those it goes on with from its ``pos``. So the number of queries depends neither on rooms nor on how they came in sight.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from tchap.base.encoding import decode_json
from tchap.live.sliding import Connections
from tchap.protocol.filters import EventFilter, Filter, RoomFilter
from tchap.protocol.sliding_rooms import choose_rooms, is_expanded, is_fresh, sort_entries, trim_timeline
from tchap.protocol.sliding_values import Chosen, Entry, ListFacts, Place, SlidingRequest
from tchap.protocol.sync_rooms import plan_rooms
from tchap.protocol.sync_values import Ask, DeviceFacts, StateRow
from tchap.services.invite_permissions import CONFIG_TYPE, blocks_invitations
from tchap.services.sync_collect import Collected, collect
from tchap.services.sync_devices import find_device
from tchap.services.sync_state import StateFacts
from tchap.services.thread_updates import NO_UPDATES, Updates, UpdatesAsk, find_updates
from tchap.storage import sliding, sync, thread_subscriptions, to_device
from tchap.storage.database import Tx
from tchap.storage.sync import Window
from tchap.storage.thread_subscriptions import ThreadSubscription
from tchap.storage.to_device import DeviceMessage


@dataclass(frozen=True, slots=True)
class SlidingAsk:
    """A request, its connection's place, and how far the facts are read."""

    user_id: str
    device_id: str
    request: SlidingRequest
    place: Place | None
    since: int | None
    upto: int


@dataclass(frozen=True, slots=True)
class Group:
    """Rooms read together: ``ask`` is what the collector was asked."""

    ask: Ask
    found: Collected


@dataclass(frozen=True, slots=True)
class SlidingFacts:
    """All that is read for one answer."""

    counts: Mapping[str, int]
    chosen: Mapping[str, Chosen]
    groups: tuple[Group, ...]
    members: Mapping[str, tuple[StateRow, ...]]
    bumps: Mapping[str, int]
    dms: frozenset[str]
    device: DeviceFacts
    messages: tuple[DeviceMessage, ...]
    types: Mapping[str, str | None] = field(default_factory=dict)
    threads: Sequence[ThreadSubscription] = ()
    updates: Updates = NO_UPDATES


async def collect_sliding(tx: Tx, ask: SlidingAsk, connections: Connections) -> SlidingFacts:
    """Reads all facts of the answer."""
    known = ask.place.known if ask.place is not None else {}
    entries = sort_entries(await sliding.find_entries(tx, ask.user_id, ask.upto, known))
    facts, ignored = await _find_list_facts(tx, ask, entries, dict(connections.room_types))
    counts, chosen = choose_rooms(ask.request, [each for each in entries if each.room_id not in ignored], facts)
    groups = await _find_groups(tx, ask, chosen)
    device, messages = await _find_device(tx, ask)
    return SlidingFacts(
        counts=counts,
        chosen=chosen,
        groups=groups,
        members=await _find_members(tx, ask, chosen),
        bumps=await sliding.find_bumps(tx, list(chosen), ask.upto) if chosen else {},
        dms=facts.dms,
        device=device,
        messages=messages,
        types=facts.types or {},
        threads=await _find_threads(tx, ask),
        updates=await _find_updates(tx, ask, entries, _told(groups, chosen)),
    )


async def _find_threads(tx: Tx, ask: SlidingAsk) -> list[ThreadSubscription]:
    """What changed in the threads the person follows, and one more than is asked for if there is."""
    limit = ask.request.extensions.thread_changes
    if limit is None:
        return []
    return await thread_subscriptions.find_changes(tx, ask.user_id, (ask.since or 0, ask.upto), limit + 1)


def _told(groups: Sequence[Group], chosen: Mapping[str, Chosen]) -> frozenset[str]:
    """The messages of threads that the timelines of the answer hold."""
    timelines = [item for group in groups for item in group.found.timelines.items()]
    shown = [trim_timeline(timeline, chosen[room_id].config.timeline_limit).events for room_id, timeline in timelines]
    return frozenset(event.event_id for events in shown for event in events if event.thread_id is not None)


async def _find_updates(tx: Tx, ask: SlidingAsk, entries: Sequence[Entry], told: frozenset[str]) -> Updates:
    """The threads of all rooms the person is in, whatever is in sight (MSC4360)."""
    wanted = ask.request.extensions.threads
    if wanted is None:
        return NO_UPDATES
    joined = tuple(entry.room_id for entry in entries if entry.membership == "join")
    roots = wanted.include_roots
    hidden = frozenset[str]() if roots else told
    return await find_updates(
        tx, UpdatesAsk(ask.user_id, joined, (ask.since or 0, ask.upto), wanted.limit, roots, hidden)
    )


async def _find_groups(tx: Tx, ask: SlidingAsk, chosen: Mapping[str, Chosen]) -> tuple[Group, ...]:
    fresh = {key: room for key, room in chosen.items() if is_fresh(room, ask.place) or is_expanded(room, ask.place)}
    going = {key: room for key, room in chosen.items() if key not in fresh}
    groups = []
    if ask.since is not None:
        groups.append(await _find_group(tx, ask, going, ask.since))
    if fresh or ask.since is None:
        groups.append(await _find_group(tx, ask, fresh, None))
    return tuple(groups)


async def _find_group(tx: Tx, ask: SlidingAsk, rooms: Mapping[str, Chosen], since: int | None) -> Group:
    limit = max((room.config.timeline_limit for room in rooms.values()), default=0)
    wanted = RoomFilter(
        rooms=frozenset(rooms),
        include_leave=any(room.entry.membership in ("leave", "ban") for room in rooms.values()),
        state=EventFilter(lazy_load_members=True),
        timeline=EventFilter(limit=limit),
    )
    asked = Ask(ask.user_id, ask.device_id, since, ask.upto, Filter(room=wanted), state_after="state_after")
    # Device messages are read apart, for they have their own token: here none are left to read.
    return Group(asked, await collect(tx, asked, ask.upto))


async def _find_list_facts(
    tx: Tx, ask: SlidingAsk, entries: Sequence[Entry], types: Mapping[str, str | None]
) -> tuple[ListFacts, frozenset[str]]:
    """What the filters look at, and the rooms to leave out: "Servers must not send room invites from ignored users"."""
    personal = await sliding.find_personal(tx, ask.user_id, ["m.direct", "m.tag", "m.ignored_user_list", CONFIG_TYPE])
    filters = [asked.filters for asked in ask.request.lists.values()]
    rooms = [entry.room_id for entry in entries]
    spaces = frozenset().union(*(each.spaces or () for each in filters))
    joined = {entry.room_id for entry in entries if entry.membership == "join"}
    facts = ListFacts(
        dms=_direct_rooms(personal),
        encrypted=await _find_encrypted(tx, rooms, any(each.is_encrypted is not None for each in filters)),
        types=await _find_types(tx, rooms, types) if any(each.needs_types for each in filters) else None,
        children=await _find_children(tx, spaces & joined) if spaces else None,
        tags=_tags(personal),
    )
    return facts, await _find_ignored(tx, ask.user_id, entries, personal)


async def _find_ignored(
    tx: Tx, user_id: str, entries: Sequence[Entry], personal: Sequence[tuple[str, str, bytes]]
) -> frozenset[str]:
    lists = next((_object(each) for _, type, each in personal if type == "m.ignored_user_list"), {})
    people = lists.get("ignored_users")
    invited = [entry.room_id for entry in entries if entry.membership == "invite"]
    # Nor any to who wants none ("Invite permission").
    if any(type == CONFIG_TYPE and blocks_invitations(content) for _, type, content in personal):
        return frozenset(invited)
    if not isinstance(people, dict) or not people or not invited:
        return frozenset()
    return await sliding.find_invited_by(tx, user_id, invited, list(people))


def _object(content: bytes) -> dict[str, object]:
    value = decode_json(content)
    return value if isinstance(value, dict) else {}


def _direct_rooms(personal: Sequence[tuple[str, str, bytes]]) -> frozenset[str]:
    """The rooms of `m.direct` (client-server API, "Direct Messaging")."""
    content = next((_object(each) for room_id, type, each in personal if type == "m.direct" and not room_id), {})
    lists = [rooms for rooms in content.values() if isinstance(rooms, list)]
    return frozenset(room for rooms in lists for room in rooms if isinstance(room, str))


def _tags(personal: Sequence[tuple[str, str, bytes]]) -> dict[str, frozenset[str]]:
    found = {}
    for room_id, type, content in personal:
        tags = _object(content).get("tags") if type == "m.tag" and room_id else None
        if isinstance(tags, dict):
            found[room_id] = frozenset(tags)
    return found


async def _find_encrypted(tx: Tx, rooms: Sequence[str], is_asked: bool) -> frozenset[str]:
    return await sliding.find_encrypted(tx, rooms) if is_asked and rooms else frozenset()


async def _find_types(tx: Tx, rooms: Sequence[str], known: Mapping[str, str | None]) -> dict[str, str | None]:
    unknown = [room_id for room_id in rooms if room_id not in known]
    found = {room_id: known[room_id] for room_id in rooms if room_id in known}
    for room_id, _, event in await sliding.find_state_now(tx, unknown, "m.room.create") if unknown else ():
        kind = _content(event).get("type")
        found[room_id] = kind if isinstance(kind, str) else None
    return found


def _content(event: bytes) -> dict[str, object]:
    content = _object(event).get("content")
    return content if isinstance(content, dict) else {}


async def _find_children(tx: Tx, spaces: Collection[str]) -> dict[str, frozenset[str]]:
    """The rooms of each space; without `via` one is no child any more (client-server API, "m.space.child")."""
    found: dict[str, set[str]] = {}
    for space, room_id, event in await sliding.find_state_now(tx, spaces, "m.space.child") if spaces else ():
        if _content(event).get("via"):
            found.setdefault(space, set()).add(room_id)
    return {space: frozenset(rooms) for space, rooms in found.items()}


async def _find_members(tx: Tx, ask: SlidingAsk, chosen: Mapping[str, Chosen]) -> dict[str, tuple[StateRow, ...]]:
    """The members asked for by name, or all of them, in the rooms that start from nothing."""
    fresh = [room for room in chosen.values() if is_fresh(room, ask.place) or is_expanded(room, ask.place)]
    inside = [room for room in fresh if room.entry.membership in ("join", "leave", "ban")]
    window = Window(ask.user_id, 0, ask.upto)
    whole = [room for room in inside if any(each.wants_all_members for each in room.config.required)]
    rows: list[StateRow] = []
    if whole:
        rows += await sync.find_all_members(tx, window, [room.entry.room_id for room in whole])
    names = {name for room in inside for each in room.config.required for name in each.named_members()}
    if names:
        rows += await sync.find_members(tx, window, [room.entry.room_id for room in inside], names)
    found: dict[str, tuple[StateRow, ...]] = {}
    for row in rows:
        found[row.event.room_id] = (*found.get(row.event.room_id, ()), row)
    return found


async def _find_device(tx: Tx, ask: SlidingAsk) -> tuple[DeviceFacts, tuple[DeviceMessage, ...]]:
    """The device's part: over all rooms of the person, whatever is in sight."""
    wanted = ask.request.extensions
    messages: Sequence[DeviceMessage] = ()
    if wanted.to_device is not None:
        span = (wanted.to_device.since, ask.upto)
        limit = wanted.to_device.limit
        messages = await to_device.find_messages(tx, ask.user_id, ask.device_id, span, limit)
    if not wanted.e2ee:
        return DeviceFacts(), tuple(messages)
    asked = Ask(ask.user_id, ask.device_id, ask.since, ask.upto, Filter())
    if ask.since is None:
        device, _ = await find_device(tx, asked, ask.upto, (), StateFacts({}, frozenset(), {}, {}))
        return device, tuple(messages)
    plans = plan_rooms(await sync.find_own_memberships(tx, Window(ask.user_id, ask.since, ask.upto)), asked)
    going = [plan.room_id for plan in plans if plan.section == "join" and not plan.full]
    window = Window(ask.user_id, ask.since, ask.upto)
    rows = await sync.find_state_changes(tx, window, going)
    by_room = {room_id: tuple(row for row in rows if row.event.room_id == room_id) for room_id in _rooms(rows)}
    state = StateFacts(by_room, frozenset(row.event.event_id for row in rows), {}, {})
    device, _ = await find_device(tx, asked, ask.upto, plans, state)
    return device, tuple(messages)


def _rooms(rows: Sequence[StateRow]) -> set[str]:
    return {row.event.room_id for row in rows}
