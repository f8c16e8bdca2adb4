"""From the facts of a sliding sync to its answer: each room with its parts, then the extensions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from tchap.base.identity import Requester
from tchap.live.subscribers import DeviceMemory
from tchap.protocol.sliding_assembly import ToldRoom, heroes_of, receipt_event
from tchap.protocol.sliding_rooms import is_expanded, is_fresh, trim_timeline, wanted_state
from tchap.protocol.sliding_values import Chosen, Scope
from tchap.protocol.sync_assembly import Json, Shaped, device_body, receipts_events
from tchap.protocol.sync_rooms import choose_state
from tchap.protocol.sync_values import RoomFacts, SyncEvent
from tchap.services.sliding_collect import Group, SlidingAsk, SlidingFacts
from tchap.services.sync_shape import global_account_data, room_facts, shape
from tchap.services.thread_subscriptions import changes_body


@dataclass(frozen=True, slots=True)
class RoomSource:
    """A room with the group it was read in."""

    chosen: Chosen
    group: Group
    facts: RoomFacts


def room_sources(found: SlidingFacts, memory: DeviceMemory) -> list[RoomSource]:
    """Every room that was read and may have something to say, in the order of the room list."""
    sources = {}
    for group in found.groups:
        for facts in room_facts(group.ask, group.found, memory):
            room_id = facts.plan.room_id
            sources[room_id] = RoomSource(found.chosen[room_id], group, facts)
    return [sources[room_id] for room_id in found.chosen if room_id in sources]


def told_room(ask: SlidingAsk, found: SlidingFacts, source: RoomSource, memory: DeviceMemory) -> ToldRoom:
    """What is told of a room, whether or not it is news."""
    room, facts = source.chosen, source.facts
    room_id = room.entry.room_id
    known = ask.place.known.get(room_id) if ask.place is not None else None
    changed: tuple[SyncEvent, ...] = ()
    if facts.plan.section in ("join", "leave"):
        timeline = trim_timeline(facts.timeline, room.config.timeline_limit)
        changed = _state_read(found, source)
        required = _required(ask, source, changed, memory)
        facts = replace(facts, timeline=timeline, state=tuple(required))
    # Whoever left and came back starts anew, though the device knew the room.
    starts = facts.plan.full and facts.plan.section == "join"
    expanded = is_expanded(room, ask.place)
    is_dm = room_id in found.dms
    return ToldRoom(
        facts=facts,
        membership=room.entry.membership,
        lists=room.lists,
        bump_stamp=found.bumps.get(room_id) if room.entry.membership == "join" else room.entry.from_position,
        since=ask.since,
        is_initial=is_fresh(room, ask.place) or (starts and not expanded) or facts.plan.section == "invite",
        is_expanded=expanded,
        is_dm=is_dm if known is None or known.is_dm != is_dm else None,
        changed=changed,
        heroes=None if facts.summary is None else heroes_of(facts.summary.heroes or (), changed),
    )


def _state_read(found: SlidingFacts, source: RoomSource) -> tuple[SyncEvent, ...]:
    room_id = source.chosen.entry.room_id
    rows = {
        (row.event.event_id, row.from_position): row
        for row in (*source.group.found.state.rows.get(room_id, ()), *found.members.get(room_id, ()))
    }
    return tuple(choose_state(source.facts.plan, source.facts.timeline, rows.values(), True, True))


def _required(ask: SlidingAsk, source: RoomSource, state: Iterable[SyncEvent], memory: DeviceMemory) -> list[SyncEvent]:
    plan, config = source.facts.plan, source.chosen.config
    timeline = trim_timeline(source.facts.timeline, config.timeline_limit)
    changes = source.group.found.state.changes
    state = tuple(state)
    moved = {event.event_id: event.state_key or "" for event in state if event.event_id in changes}
    people = {event.sender for event in timeline.events} | {event.state_key or "" for event in timeline.events}
    sent = {} if plan.full else memory.sent_in(plan.room_id, people | set(moved.values()), ask.since or 0)
    # Of those who moved where the timeline is cut the device hears if it holds them: a large room is not listed.
    gap = [event_id for event_id, who in moved.items() if not plan.full and (who in sent or not timeline.limited)]
    if not plan.full:
        # Heroes and senders are read too, though nothing changed of them.
        known = {event.event_id for event in timeline.events} | changes
        state = tuple(event for event in state if event.event_id in known or event.type == "m.room.member")
    wanted = wanted_state(config, timeline, state, sent, gap)
    if plan.full:
        return wanted
    needed = {event.sender for event in timeline.events} if config.lazy else set()
    return [event for event in wanted if event.event_id in changes or event.state_key in needed]


def shape_rooms(requester: Requester, sources: Sequence[RoomSource], rooms: Sequence[ToldRoom], now_ms: int) -> Shaped:
    """Every event of the rooms, encoded."""
    events: dict[str, bytes] = {}
    for group in {id(source.group): source.group for source in sources}.values():
        mine = {source.chosen.entry.room_id for source in sources if source.group is group}
        told = [room.facts for room in rooms if room.facts.plan.room_id in mine]
        events.update(shape(requester, group.found, told, now_ms).events)
    return Shaped(events)


def extensions_body(ask: SlidingAsk, found: SlidingFacts, sources: Sequence[RoomSource]) -> tuple[Json, bool]:
    """The extensions but for typing, and whether they say anything new."""
    wanted = ask.request.extensions
    body: Json = {}
    if wanted.to_device is not None:
        cut = len(found.messages) == wanted.to_device.limit
        last = found.messages[-1].position if found.messages and cut else max(ask.upto, wanted.to_device.since)
        events = [msgspec.Raw(bytes(message.message_json)) for message in found.messages]
        body["to_device"] = {"next_batch": str(last), "events": events}
    if wanted.e2ee:
        body["e2ee"] = device_body(found.device)
    shared = _account_data(found, sources, wanted.account_data) if wanted.account_data is not None else {}
    if shared:
        body["account_data"] = shared
    receipts = _receipts(sources, wanted.receipts) if wanted.receipts is not None else {}
    if receipts:
        body["receipts"] = {"rooms": receipts}
    threads = changes_body(found.threads, wanted.thread_changes, "prev_batch") if wanted.thread_changes else {}
    if threads:
        body["io.element.msc4308.thread_subscriptions"] = threads
    has_news = bool(found.messages or found.device.changed or found.device.left or shared or receipts or threads)
    return body, has_news


def in_scope(scope: Scope, chosen: Chosen) -> bool:
    return scope.admits(chosen.entry.room_id, chosen.lists, chosen.is_subscribed)


def _account_data(found: SlidingFacts, sources: Sequence[RoomSource], scope: Scope) -> Json:
    # The first group goes on from the token, or is all there is.
    first = found.groups[0]
    everywhere = global_account_data(first.ask, first.found)
    rooms = {
        source.chosen.entry.room_id: [msgspec.Raw(event) for event in source.facts.account_data]
        for source in sources
        if source.facts.account_data and in_scope(scope, source.chosen)
    }
    parts: Mapping[str, object] = {"global": everywhere, "rooms": rooms}
    return {name: part for name, part in parts.items() if part}


def _receipts(sources: Sequence[RoomSource], scope: Scope) -> dict[str, msgspec.Raw]:
    found: dict[str, list[tuple[str, str, str, str, int]]] = {}
    for source in sources:
        room_id = source.chosen.entry.room_id
        if source.facts.plan.section == "join" and in_scope(scope, source.chosen):
            rows = [each for each in source.group.found.receipts if each.room_id == room_id]
            said = [(each.event_id, each.receipt_type, each.user_id, each.thread_id, each.ts) for each in rows]
            if said:
                found[room_id] = sorted(said, key=lambda each: each[3] != "")
    return {room_id: receipt_event(receipts_events(said)) for room_id, said in found.items()}
