"""What was said about the events of a sync: edits, references and threads, bundled with their parents.

Source: client-server API, "Aggregations of child events". Four queries whatever the number of rooms and events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from tchap.base import limits
from tchap.protocol.relations import BadEdit, check_edit
from tchap.protocol.stored_event import StoredEvent
from tchap.protocol.sync_assembly import splice
from tchap.protocol.sync_values import Ask, RoomPlan, SyncEvent, Timeline
from tchap.services.live_rooms import event_of
from tchap.storage.database import Tx
from tchap.storage.events import find_events
from tchap.storage.relations import ThreadSummary, find_edits, find_references, find_thread_summaries
from tchap.storage.sync import find_at_places


@dataclass(frozen=True, slots=True)
class Bundles:
    """By the id of the parent."""

    edits: Mapping[str, StoredEvent] = field(default_factory=dict)
    references: Mapping[str, list[str]] = field(default_factory=dict)
    threads: Mapping[str, tuple[ThreadSummary, StoredEvent]] = field(default_factory=dict)


async def find_bundles(
    tx: Tx, ask: Ask, plans: Iterable[RoomPlan], timelines: Mapping[str, Timeline], ignored: Iterable[str]
) -> Bundles:
    """The relations of the events of the timelines, as far as the person sees each room."""
    parents = {
        event.event_id: event
        for timeline in timelines.values()
        for event in timeline.events
        if event.state_key is None and event.redacted_by is None
    }
    if not parents:
        return Bundles()
    uppers = {plan.room_id: plan.upper for plan in plans}
    threads = await _find_threads(tx, ask, parents, uppers, sorted(ignored))
    references: dict[str, list[str]] = {}
    for parent, child in await find_references(tx, list(parents), limits.MAX_BUNDLED_REFERENCES):
        references.setdefault(parent, []).append(child)
    latest = [last.event_id for _, last in threads.values()]
    return Bundles(await _find_edits(tx, [*parents, *latest], uppers), references, threads)


async def _find_threads(
    tx: Tx, ask: Ask, parents: Mapping[str, SyncEvent], uppers: Mapping[str, int], ignored: Sequence[str]
) -> dict[str, tuple[ThreadSummary, StoredEvent]]:
    summaries = await find_thread_summaries(tx, list(parents), ask.user_id, ignored)
    if not summaries:
        return {}
    rooms = {parents[each.root].room_id for each in summaries}
    last = await find_at_places(tx, rooms, [each.latest_ordering for each in summaries])
    by_place = {(event.room_id, event.ordering): event for event in last if _is_seen(event, uppers)}
    places = {each.root: (parents[each.root].room_id, each.latest_ordering) for each in summaries}
    return {each.root: (each, by_place[places[each.root]]) for each in summaries if places[each.root] in by_place}


async def _find_edits(tx: Tx, ids: Sequence[str], uppers: Mapping[str, int]) -> dict[str, StoredEvent]:
    edits = [edit for edit in await find_edits(tx, ids, limits.MAX_EDITS_TRIED) if _is_seen(edit, uppers)]
    originals = await find_events(tx, [edit.relates_to or "" for edit in edits]) if edits else {}
    found: dict[str, StoredEvent] = {}
    for edit in edits:
        original = originals.get(edit.relates_to or "")
        if original is not None and original.event_id not in found and _is_lawful(original, edit):
            found[original.event_id] = edit
    return found


def _is_seen(event: StoredEvent, uppers: Mapping[str, int]) -> bool:
    """Whoever left a room does not learn what was said about its events since."""
    return (event.position or 0) <= uppers.get(event.room_id, 0)


def _is_lawful(original: StoredEvent, edit: StoredEvent) -> bool:
    try:
        check_edit(event_of(original), event_of(edit))
    except BadEdit:
        return False
    return True


def bundled(event: SyncEvent | StoredEvent, bundles: Bundles, user_id: str, now_ms: int) -> dict[str, object]:
    """``m.relations`` of an event's ``unsigned``, empty when nothing was said about it."""
    found: dict[str, object] = {}
    edit = bundles.edits.get(event.event_id)
    if edit is not None:
        found["m.replace"] = msgspec.Raw(splice(edit.client_json, {"age": max(now_ms - edit.origin_server_ts, 0)}))
    children = bundles.references.get(event.event_id)
    if children:
        found["m.reference"] = {"chunk": [{"event_id": child} for child in children]}
    thread = bundles.threads.get(event.event_id)
    if thread is not None:
        summary, latest = thread
        unsigned: dict[str, object] = {"age": max(now_ms - latest.origin_server_ts, 0)}
        if relations := bundled(latest, bundles, user_id, now_ms):
            unsigned["m.relations"] = relations
        found["m.thread"] = {
            "latest_event": msgspec.Raw(splice(latest.client_json, unsigned)),
            "count": summary.count,
            "current_user_participated": summary.participated or event.sender == user_id,
        }
    return found
