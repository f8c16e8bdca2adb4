"""The state part of a sync: which state events to read, for the rooms that start from nothing and those that go on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tchap.base import limits
from tchap.protocol.sync_rooms import MEMBER, content_of
from tchap.protocol.sync_values import Ask, RoomPlan, StateRow, Summary, Timeline
from tchap.storage import sync
from tchap.storage.database import Tx
from tchap.storage.sync import Window


@dataclass(frozen=True, slots=True)
class StateFacts:
    """State events by room. ``changes`` are the ids of those that began to hold since the last sync; ``replaced`` maps
    a position in a room's timeline to the state event that ended there."""

    rows: Mapping[str, tuple[StateRow, ...]]
    changes: frozenset[str]
    replaced: Mapping[tuple[str, int, str, str], StateRow]
    summaries: Mapping[str, Summary]


async def find_state(tx: Tx, ask: Ask, plans: Sequence[RoomPlan], timelines: Mapping[str, Timeline]) -> StateFacts:
    """All state rows that the answer may need."""
    inside = [plan for plan in plans if plan.section in ("join", "leave") and plan.was_joined]
    window = Window(ask.user_id, ask.since or 0, ask.upto)
    full = [plan.room_id for plan in inside if plan.full]
    rows = await _find_full(tx, ask, window, full)
    changes = await sync.find_state_changes(tx, window, _held_before(inside, ask)) if ask.since is not None else []
    replaced = await _find_replaced(tx, timelines)
    if ask.lazy:
        rows += await _find_senders(tx, window, timelines)
    summaries = await _find_summaries(tx, ask, inside, changes)
    heroes = {hero for summary in summaries.values() for hero in summary.heroes or ()}
    if ask.lazy and heroes:
        # "The membership events for the heroes MUST be included in the `state`, unless they are redundant."
        rows += await sync.find_members(tx, window, list(summaries), heroes)
    return StateFacts(
        rows=_by_room([*rows, *changes, *replaced]),
        changes=frozenset(row.event.event_id for row in changes),
        replaced={(row.event.room_id, row.to_position or 0, *row.key): row for row in replaced},
        summaries=summaries,
    )


def _held_before(inside: Iterable[RoomPlan], ask: Ask) -> list[str]:
    """The rooms that the device holds already; a lazy one holds members even of those it left and came back to since,
    which the whole state without members would leave as they were."""
    return [plan.room_id for plan in inside if not plan.full or (ask.lazy and _was_in(plan, ask.since or 0))]


def _was_in(plan: RoomPlan, position: int) -> bool:
    return any(row.membership == "join" and row.holds_at(position) for row in plan.own)


def _by_room(rows: Iterable[StateRow]) -> dict[str, tuple[StateRow, ...]]:
    found: dict[str, dict[tuple[str, int], StateRow]] = {}
    for row in rows:
        found.setdefault(row.event.room_id, {})[row.event.event_id, row.from_position] = row
    return {room_id: tuple(each.values()) for room_id, each in found.items()}


async def _find_full(tx: Tx, ask: Ask, window: Window, rooms: list[str]) -> list[StateRow]:
    if not rooms:
        return []
    rows = await sync.find_full_state(tx, window, rooms)
    if ask.lazy:
        # "Servers MUST include the syncing user's own membership event … when the full state of rooms is requested."
        return rows + await sync.find_members(tx, window, rooms, [ask.user_id])
    return rows + await sync.find_all_members(tx, window, rooms)


async def _find_replaced(tx: Tx, timelines: Mapping[str, Timeline]) -> list[StateRow]:
    changing = [event for timeline in timelines.values() for event in timeline.events if event.state_key is not None]
    if not changing:
        return []
    return await sync.find_replaced_state(
        tx, {event.room_id for event in changing}, [event.position for event in changing]
    )


async def _find_senders(tx: Tx, window: Window, timelines: Mapping[str, Timeline]) -> list[StateRow]:
    # The first event of each sender is enough: what they were before it, and all they have been since.
    events = {
        (event.room_id, event.sender): event.event_id
        for timeline in timelines.values()
        for event in reversed(timeline.events)
    }
    return await sync.find_senders(tx, list(events.values()), window.upto) if events else []


async def _find_summaries(
    tx: Tx, ask: Ask, inside: Sequence[RoomPlan], changes: Sequence[StateRow]
) -> dict[str, Summary]:
    """Counts and heroes of the rooms where they may have changed."""
    moved = {
        row.event.room_id for row in changes if row.event.type in (MEMBER, "m.room.name", "m.room.canonical_alias")
    }
    rooms = [plan.room_id for plan in inside if plan.section == "join" and (plan.full or plan.room_id in moved)]
    if not rooms:
        return {}
    counts: dict[str, dict[str, int]] = {room_id: {} for room_id in rooms}
    for room_id, membership, count in await sync.find_member_counts(tx, rooms, ask.upto):
        counts[room_id][membership] = count
    heroes = await _find_heroes(tx, ask, rooms)
    return {
        room_id: Summary(count.get("join", 0), count.get("invite", 0), heroes.get(room_id))
        for room_id, count in counts.items()
    }


async def _find_heroes(tx: Tx, ask: Ask, rooms: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Of the rooms without a name those who give it one."""
    named = set()
    for event in await sync.find_names(tx, rooms):
        content = content_of(event)
        if content.get("name") or content.get("alias"):
            named.add(event.room_id)
    nameless = [room_id for room_id in rooms if room_id not in named]
    found: dict[str, list[tuple[str, str]]] = {room_id: [] for room_id in nameless}
    if nameless:
        window = Window(ask.user_id, 0, ask.upto)
        for room_id, user_id, membership in await sync.find_heroes(tx, window, nameless, limits.MAX_SYNC_HEROES):
            found[room_id].append((user_id, membership))
    return {room_id: _present_or_past(people) for room_id, people in found.items()}


def _present_or_past(people: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Who is joined or invited; "when no joined or invited members are available" the others."""
    present = tuple(user_id for user_id, membership in people if membership in ("join", "invite"))
    return present or tuple(user_id for user_id, _ in people)
