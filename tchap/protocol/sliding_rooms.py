"""Which rooms a sliding sync answers about, and what of each: the decisions, all facts given (MSC4186)."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from tchap.protocol.sliding_values import (
    MEMBER,
    Chosen,
    Entry,
    KnownRoom,
    ListAsk,
    ListFacts,
    ListFilters,
    Place,
    RoomConfig,
    SlidingRequest,
)
from tchap.protocol.sync_values import SyncEvent, Timeline

# MSC4186, `bump_stamp`: what counts as activity that moves a room up.
BUMP_TYPES = (
    "m.room.create",
    "m.room.message",
    "m.room.encrypted",
    "m.sticker",
    "m.call.invite",
    "m.poll.start",
    "org.matrix.msc3381.poll.start",
    "m.beacon_info",
    "org.matrix.msc3672.beacon_info",
)


def sort_entries(entries: Iterable[Entry]) -> list[Entry]:
    """The newest activity first ("Activity ordering")."""
    return sorted(entries, key=lambda entry: (-entry.activity, entry.room_id))


def choose_rooms(
    request: SlidingRequest, entries: Sequence[Entry], facts: ListFacts
) -> tuple[dict[str, int], dict[str, Chosen]]:
    """How many rooms each list has, and the rooms in sight, in the order of the room list."""
    counts: dict[str, int] = {}
    in_lists: dict[str, list[str]] = {}
    for name, asked in request.lists.items():
        rooms = [entry for entry in entries if is_listed(entry, asked.filters, facts)]
        counts[name] = len(rooms)
        for entry in _in_ranges(rooms, asked):
            in_lists.setdefault(entry.room_id, []).append(name)
    chosen = {}
    for entry in entries:
        lists = tuple(in_lists.get(entry.room_id, ()))
        subscription = request.subscriptions.get(entry.room_id)
        if lists or subscription is not None:
            config = _config(request, lists, subscription)
            chosen[entry.room_id] = Chosen(entry, config, lists, subscription is not None)
    return counts, chosen


def _in_ranges(rooms: Sequence[Entry], asked: ListAsk) -> Iterable[Entry]:
    if asked.ranges is None:
        return rooms
    return {entry.room_id: entry for low, high in asked.ranges for entry in rooms[low : high + 1]}.values()


def _config(request: SlidingRequest, lists: Iterable[str], subscription: RoomConfig | None) -> RoomConfig:
    config = subscription or RoomConfig()
    for name in lists:
        config = config.merged(request.lists[name].config)
    return config


def is_listed(entry: Entry, wanted: ListFilters, facts: ListFacts) -> bool:
    """Whether the filters let the room pass."""
    room_id = entry.room_id
    flags = (
        (wanted.is_dm, room_id in facts.dms),
        (wanted.is_encrypted, room_id in facts.encrypted),
        (wanted.is_invite, entry.membership == "invite"),
    )
    if any(asked is not None and asked != has for asked, has in flags):
        return False
    return (
        _has_type(room_id, wanted, facts) and _is_in_space(room_id, wanted, facts) and _is_tagged(entry, wanted, facts)
    )


def _has_type(room_id: str, wanted: ListFilters, facts: ListFacts) -> bool:
    kind = (facts.types or {}).get(room_id)
    # A type in both wins as a refusal ("SlidingRoomFilter").
    return kind not in wanted.not_room_types and (wanted.room_types is None or kind in wanted.room_types)


def _is_in_space(room_id: str, wanted: ListFilters, facts: ListFacts) -> bool:
    children = facts.children or {}
    return wanted.spaces is None or any(room_id in children.get(space, ()) for space in wanted.spaces)


def _is_tagged(entry: Entry, wanted: ListFilters, facts: ListFacts) -> bool:
    tags = (facts.tags or {}).get(entry.room_id, frozenset())
    return not tags & wanted.not_tags and (wanted.tags is None or bool(tags & wanted.tags))


def is_fresh(room: Chosen, place: Place | None) -> bool:
    """Whether the device is given the room from nothing: it never had it, or the room was out of its sight."""
    known = None if place is None else place.known.get(room.entry.room_id)
    return known is None or not known.is_current


def is_expanded(room: Chosen, place: Place | None) -> bool:
    """Whether the device has the room, but now asks for more of it ("Changing room configs")."""
    known = None if place is None else place.known.get(room.entry.room_id)
    return known is not None and known.is_current and room.config.expands(known.config)


def trim_timeline(timeline: Timeline, limit: int) -> Timeline:
    """The last ``limit`` events of a timeline that was read deeper for other rooms."""
    if len(timeline.events) <= limit:
        return timeline
    kept = timeline.events[len(timeline.events) - limit :]
    start = kept[0].ordering if kept else timeline.events[-1].ordering + 1
    return Timeline(kept, True, start)


def wanted_state(
    config: RoomConfig, timeline: Timeline, state: Iterable[SyncEvent], sent: Mapping[str, str], gap: Collection[str]
) -> list[SyncEvent]:
    """Of the state read what the config asks for ("Lazy loaded memberships").

    ``sent`` maps members to the event that the device has already; ``gap`` are the ids of what changed meanwhile.
    """
    needed = _people(timeline) if config.lazy else frozenset()
    kept = []
    for event in state:
        key = event.state_key or ""
        is_needed = event.type == MEMBER and key in needed and sent.get(key) != event.event_id
        is_change = config.lazy and event.type == MEMBER and event.event_id in gap
        if is_needed or is_change or config.admits(event.type, key):
            kept.append(event)
    return kept


def _people(timeline: Timeline) -> frozenset[str]:
    """Those who speak in the timeline, and those whose membership changes in it."""
    targets = {event.state_key for event in timeline.events if event.type == MEMBER and event.state_key}
    return frozenset(targets | {event.sender for event in timeline.events})


def next_known(
    place: Place | None, chosen: Mapping[str, Chosen], told: Mapping[str, bool], dms: Collection[str]
) -> dict[str, KnownRoom]:
    """What the device has after the answer. ``told`` are the rooms in it, and whether their timeline was cut."""
    known: dict[str, KnownRoom] = {}
    for room_id, before in (place.known if place is not None else {}).items():
        known[room_id] = before if room_id in chosen else KnownRoom(before.config, before.is_dm, False)
    for room_id, room in chosen.items():
        had = known.get(room_id)
        if had is None and room_id not in told:
            continue
        limit = room.config.timeline_limit
        if had is not None and had.is_current and not told.get(room_id, False):
            # The older events the device has still join on; state it does not ask for any more may change unseen.
            limit = max(limit, had.config.timeline_limit)
        config = RoomConfig(limit, room.config.required)
        known[room_id] = KnownRoom(config, room_id in dms)
    return known
