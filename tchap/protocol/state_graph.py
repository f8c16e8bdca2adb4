"""The graph of auth events under a state resolution: chains, differences, what lies between.

Source: room versions 2 and 12, "State resolution: Definitions". Works on ids; `events` holds every event that can be
reached, a KeyError means one was not given.
"""

from collections.abc import Iterable, Mapping, Sequence

from tchap.protocol.auth_context import StateKey
from tchap.protocol.events import Event

State = Mapping[StateKey, str]
Events = Mapping[str, Event]


def split_states(states: Sequence[State]) -> tuple[dict[StateKey, str], dict[StateKey, set[str]]]:
    """The unconflicted state map, and the conflicted events by key.

    A key that is missing in some state is conflicted ("present in every S with the same value").
    """
    unconflicted: dict[StateKey, str] = {}
    conflicted: dict[StateKey, set[str]] = {}
    for key in {key for state in states for key in state}:
        values = {state.get(key) for state in states}
        found = {value for value in values if value is not None}
        if len(values) == 1:
            unconflicted[key] = found.pop()
        else:
            conflicted[key] = found
    return unconflicted, conflicted


def auth_chain(start: Iterable[str], events: Events) -> set[str]:
    """Every event reached by following `auth_events`; the first ones only if another leads to them."""
    chain: set[str] = set()
    waiting = list(start)
    while waiting:
        for cited in events[waiting.pop()].auth_events:
            if cited not in chain:
                chain.add(cited)
                waiting.append(cited)
    return chain


def nearest_above(event_id: str, chosen: set[str], events: Events) -> set[str]:
    """The first of the chosen events met on each way up from an event, which order it after them."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [event_id]
    while waiting:
        for cited in events[waiting.pop()].auth_events:
            if cited in chosen:
                found.add(cited)
            elif cited not in seen:
                seen.add(cited)
                waiting.append(cited)
    return found


def auth_difference(states: Sequence[State], unconflicted: State, events: Events) -> set[str]:
    """The events that are in some state's auth chain and not in every one's.

    What all states share is in every chain, so only the chains of what differs are walked first; most often they
    already agree.
    """
    common = set(unconflicted.values())
    chains = [auth_chain((each for each in state.values() if each not in common), events) for state in states]
    difference = set[str]().union(*chains) - chains[0].intersection(*chains[1:])
    return difference - auth_chain(common, events) if difference else difference


def conflicted_subgraph(conflicted: set[str], events: Events) -> set[str]:
    """The events on the paths from a conflicted event to another (room version 12, "Conflicted state subgraph")."""
    reached = auth_chain(conflicted, events)
    citing: dict[str, list[str]] = {}
    for event_id in reached | conflicted:
        for cited in events[event_id].auth_events:
            citing.setdefault(cited, []).append(event_id)
    between: set[str] = set()
    waiting = [event_id for event_id in conflicted if event_id in reached]
    while waiting:
        for event_id in citing[waiting.pop()]:
            if event_id not in between:
                between.add(event_id)
                if event_id in reached:
                    waiting.append(event_id)
    return between | (conflicted & reached)
