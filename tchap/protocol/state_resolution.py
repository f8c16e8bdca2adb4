"""What a room's state is where its graph forks.

Source: "State resolution" of room versions 1 (v1), 2 to 11 (v2) and 12 (v2.1). States are maps of (type, state key) to
event id. The answer does not depend on the order of the states.
"""

import hashlib
import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tchap.protocol.auth_context import CREATE, JOIN_RULES, POWER_LEVELS, AuthFacts, StateKey, StateMap
from tchap.protocol.auth_rules import auth_types_for, is_allowed
from tchap.protocol.events import Event
from tchap.protocol.power_levels import power_levels_of
from tchap.protocol.room_versions import RoomVersion
from tchap.protocol.state_graph import (
    Events,
    State,
    auth_chain,
    auth_difference,
    conflicted_subgraph,
    nearest_above,
    split_states,
)

# Signatures were checked on receipt; what is resolved here has passed them.
_SIGNED = AuthFacts(authoriser_signed=True)


def resolve(
    version: RoomVersion, states: Sequence[State], events: Events, rejected: Collection[str] = ()
) -> dict[StateKey, str]:
    """The state that follows from several.

    `events` holds every event of the states and of their auth chains (KeyError otherwise); `rejected` are the ids
    among them that were rejected, whose testimony is not used.
    """
    if not states:
        return {}
    if all(state == states[0] for state in states):
        return dict(states[0])
    if version.state_resolution == "v1":
        return _resolve_v1(version, states, events)
    return _resolve_v2(_Resolution(version, events, frozenset(rejected)), states)


@dataclass(frozen=True, slots=True)
class _Resolution:
    """What every step of one resolution reads; the two maps only remember answers already computed."""

    version: RoomVersion
    events: Events
    rejected: frozenset[str]
    power_events: dict[str, str | None] = field(default_factory=dict)
    creates: dict[str, Event] = field(default_factory=dict)

    def auth_event(self, event: Event, key: StateKey) -> Event | None:
        """The event of this key among an event's auth events; the create event of version 12 is implied."""
        if key == CREATE and self.version.room_id_is_hash:
            return self.events.get("$" + event.room_id[1:])
        for event_id in event.auth_events:
            cited = self.events[event_id]
            if (cited.type, cited.state_key) == key:
                return cited
        return None

    def power_event_of(self, event_id: str) -> str | None:
        """The power levels event an event cites."""
        if event_id not in self.power_events:
            cited = self.auth_event(self.events[event_id], POWER_LEVELS)
            self.power_events[event_id] = None if cited is None else cited.event_id
        return self.power_events[event_id]

    def sender_level(self, event_id: str) -> int:
        """The power of an event's sender as its auth events have it."""
        event = self.events[event_id]
        create = event if event.type == "m.room.create" else self.auth_event(event, CREATE)
        if create is None:
            return 0
        power_event = self.power_event_of(event_id)
        levels = None if power_event is None else self.events[power_event]
        return power_levels_of(self.version, create, levels).of_user(event.sender)


def _resolve_v2(room: _Resolution, states: Sequence[State]) -> dict[StateKey, str]:
    """Version 2, "Algorithm", steps 1 to 5; version 12 changes the start and the full conflicted set."""
    unconflicted, by_key = split_states(states)
    conflicted = set[str]().union(*by_key.values())
    full = conflicted | auth_difference(states, unconflicted, room.events)
    is_newer = room.version.state_resolution == "v2.1"
    if is_newer:
        full |= conflicted_subgraph(conflicted, room.events)
    power = _power_set(room, full)  # 1
    start = {} if is_newer else dict(unconflicted)
    partial = _apply(room, start, _by_power(room, power))  # 2
    rest = _by_mainline(room, full - power, partial.get(POWER_LEVELS))  # 3
    resolved = _apply(room, partial, rest)  # 4
    return resolved | unconflicted  # 5


def _power_set(room: _Resolution, full: set[str]) -> set[str]:
    """Step 1: the power events of the full conflicted set, and what of their auth chains is in it."""
    power = {event_id for event_id in full if _is_power_event(room.events[event_id])}
    return power | (auth_chain(power, room.events) & full)


def _is_power_event(event: Event) -> bool:
    """Version 2, "Power events"."""
    if event.state_key is None:
        return False
    if (event.type, event.state_key) in (POWER_LEVELS, JOIN_RULES):
        return True
    is_removal = event.type == "m.room.member" and event.content.get("membership") in ("leave", "ban")
    return is_removal and event.sender != event.state_key


def _by_power(room: _Resolution, chosen: set[str]) -> list[str]:
    """ "Reverse topological power ordering": Kahn's algorithm, the smallest candidate first."""
    above = {event_id: nearest_above(event_id, chosen, room.events) for event_id in chosen}
    below: dict[str, list[str]] = {event_id: [] for event_id in chosen}
    for event_id, ancestors in above.items():
        for ancestor in ancestors:
            below[ancestor].append(event_id)
    missing = {event_id: len(ancestors) for event_id, ancestors in above.items()}
    ready = [_power_key(room, event_id) for event_id, count in missing.items() if count == 0]
    heapq.heapify(ready)
    ordered: list[str] = []
    while ready:
        event_id = heapq.heappop(ready)[2]
        ordered.append(event_id)
        for later in below[event_id]:
            missing[later] -= 1
            if missing[later] == 0:
                heapq.heappush(ready, _power_key(room, later))
    return ordered


def _power_key(room: _Resolution, event_id: str) -> tuple[int, int, str]:
    return (-room.sender_level(event_id), room.events[event_id].origin_server_ts, event_id)


def _by_mainline(room: _Resolution, chosen: set[str], power_event: str | None) -> list[str]:
    """ "Mainline ordering": the events that rest on older power levels first."""
    mainline: dict[str, int] = {}
    while power_event is not None and power_event not in mainline:
        mainline[power_event] = len(mainline)
        power_event = room.power_event_of(power_event)
    return sorted(
        chosen,
        key=lambda each: (-_mainline_position(room, mainline, each), room.events[each].origin_server_ts, each),
    )


def _mainline_position(room: _Resolution, mainline: Mapping[str, int], event_id: str) -> int:
    """The index of the first power levels event of the mainline that the event rests on; beyond the end for none."""
    power_event = room.power_event_of(event_id)
    while power_event is not None:
        if power_event in mainline:
            return mainline[power_event]
        power_event = room.power_event_of(power_event)
    return len(mainline)


def _apply(room: _Resolution, start: State, ordered: Iterable[str]) -> dict[StateKey, str]:
    """ "Iterative auth checks": each event that the state so far allows is applied."""
    state = dict(start)
    for event_id in ordered:
        event = room.events[event_id]
        if event.state_key is None:
            continue
        if is_allowed(room.version, event, _auth_state(room, event, state), _SIGNED):
            state[(event.type, event.state_key)] = event_id
    return state


def _auth_state(room: _Resolution, event: Event, state: State) -> StateMap:
    """What judges an event: the state so far, completed by its own auth events that were not rejected."""
    found: dict[StateKey, Event] = {}
    for key in auth_types_for(room.version, event) | {CREATE}:
        if key in state:
            found[key] = room.events[state[key]]
            continue
        cited = room.auth_event(event, key)
        if cited is not None and cited.event_id not in room.rejected:
            found[key] = cited
    return found


def _resolve_v1(version: RoomVersion, states: Sequence[State], events: Events) -> dict[StateKey, str]:
    """Version 1: by depth, then by the SHA-1 of the id; power levels first, join rules, members, and the rest.

    A key that only some states have is no conflict there. Members are judged against the state before all of them, so
    that their order does not matter.
    """
    by_key: dict[StateKey, set[str]] = {}
    for state in states:
        for key, event_id in state.items():
            by_key.setdefault(key, set()).add(event_id)
    resolved = {key: min(found) for key, found in by_key.items() if len(found) == 1}
    conflicts = {key: _by_depth(found, events) for key, found in by_key.items() if len(found) > 1}
    for event_type in ("m.room.power_levels", "m.room.join_rules", "m.room.member"):
        chosen = {
            key: _last_allowed(version, ordered, resolved, events)
            for key, ordered in conflicts.items()
            if key[0] == event_type
        }
        resolved |= chosen
    others = {key: ordered for key, ordered in conflicts.items() if key not in resolved}
    return resolved | {key: _first_allowed(version, ordered, resolved, events) for key, ordered in others.items()}


def _by_depth(found: set[str], events: Events) -> list[str]:
    """ "Ascending depth then descending sha1(event_id)"."""
    digests = {event_id: hashlib.sha1(event_id.encode(), usedforsecurity=False).digest() for event_id in found}
    ordered = sorted(found, key=lambda event_id: digests[event_id], reverse=True)
    return sorted(ordered, key=lambda event_id: events[event_id].depth)


def _last_allowed(version: RoomVersion, ordered: list[str], resolved: State, events: Events) -> str:
    """The first event, replaced by each next one that it allows, until one is refused."""
    state = dict(resolved)
    chosen = events[ordered[0]]
    for event_id in ordered[1:]:
        state[(chosen.type, chosen.state_key or "")] = chosen.event_id
        if not _is_allowed_in(version, events[event_id], state, events):
            break
        chosen = events[event_id]
    return chosen.event_id


def _first_allowed(version: RoomVersion, ordered: list[str], resolved: State, events: Events) -> str:
    """The deepest event that is allowed, or the shallowest one when none is."""
    for event_id in reversed(ordered):
        if _is_allowed_in(version, events[event_id], resolved, events):
            return event_id
    return ordered[0]


def _is_allowed_in(version: RoomVersion, event: Event, state: State, events: Events) -> bool:
    found = {key: events[state[key]] for key in auth_types_for(version, event) if key in state}
    return is_allowed(version, event, found, _SIGNED)
