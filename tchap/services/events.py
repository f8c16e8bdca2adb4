"""Events as one reader is given them: the bytes stored once, with an `unsigned` of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.base.identity import Requester
from tchap.protocol.relations import BadEdit, check_edit
from tchap.protocol.stored_event import StoredEvent
from tchap.protocol.sync_assembly import splice
from tchap.protocol.sync_values import SyncEvent
from tchap.protocol.transactions import note_transaction
from tchap.services.live_rooms import event_of
from tchap.services.visibility import Sight, find_sight
from tchap.storage.events import find_events
from tchap.storage.jobs import Tx
from tchap.storage.relations import (
    ThreadSummary,
    find_edits,
    find_references,
    find_thread_summaries,
)
from tchap.storage.sync import find_at_places, find_replaced_state


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, on which device, and when."""

    user_id: str
    device_id: str
    now_ms: int

    @classmethod
    def of(cls, requester: Requester, now_ms: int) -> Reader:
        return cls(requester.user_id, requester.device_id, now_ms)


@dataclass(frozen=True, slots=True)
class Around:
    """What must be known around some events of a room to show them."""

    sight: Sight
    redactions: Mapping[str, StoredEvent] = field(default_factory=dict)
    replaced: Mapping[tuple[int, str, str], SyncEvent] = field(default_factory=dict)
    edits: Mapping[str, StoredEvent] = field(default_factory=dict)
    references: Mapping[str, list[str]] = field(default_factory=dict)
    threads: Mapping[str, tuple[ThreadSummary, StoredEvent]] = field(default_factory=dict)


async def find_around(tx: Tx, sight: Sight, room_id: str, events: Sequence[StoredEvent]) -> Around:
    """Reads what surrounds the events of one room, in a fixed number of queries."""
    return (await find_arounds(tx, {room_id: sight}, events))[room_id]


async def find_arounds(tx: Tx, sights: Mapping[str, Sight], events: Sequence[StoredEvent]) -> dict[str, Around]:
    """As `find_around`, for events of the rooms that `sights` names, in as many queries."""
    ids = [event.event_id for event in events if event.redacted_by is None and event.state_key is None]
    parents = {event.event_id: event for event in events}
    threads = await _find_threads(tx, sights, ids, parents)
    latest = {last.event_id: last for _, last in threads.values()}
    references: dict[str, list[str]] = {}
    for parent, child in await find_references(tx, ids, limits.MAX_BUNDLED_REFERENCES):
        references.setdefault(parent, []).append(child)
    redactions = await find_events(tx, [event.redacted_by for event in events if event.redacted_by is not None])
    replaced = await _find_replaced(tx, sights, events)
    edits = await _find_edits(tx, sights, [*ids, *latest], parents | latest)
    return {
        room_id: Around(sight, redactions, replaced, edits, references, threads) for room_id, sight in sights.items()
    }


async def _find_threads(
    tx: Tx, sights: Mapping[str, Sight], ids: Sequence[str], parents: Mapping[str, StoredEvent]
) -> dict[str, tuple[ThreadSummary, StoredEvent]]:
    one = next(iter(sights.values()), None)
    if one is None:
        return {}
    summaries = await find_thread_summaries(tx, ids, one.user_id, sorted(one.ignored))
    places = {each.root: (parents[each.root].room_id, each.latest_ordering) for each in summaries}
    last = await find_at_places(tx, {room for room, _ in places.values()}, [place for _, place in places.values()])
    by_place = {(event.room_id, event.ordering): event for event in last if _is_seen(sights, event)}
    return {each.root: (each, by_place[places[each.root]]) for each in summaries if places[each.root] in by_place}


def _is_seen(sights: Mapping[str, Sight], event: StoredEvent) -> bool:
    sight = sights.get(event.room_id)
    return sight is not None and sight.sees(event)


async def _find_edits(
    tx: Tx, sights: Mapping[str, Sight], ids: Sequence[str], parents: Mapping[str, StoredEvent]
) -> dict[str, StoredEvent]:
    found: dict[str, StoredEvent] = {}
    for edit in await find_edits(tx, ids, limits.MAX_EDITS_TRIED):
        parent = edit.relates_to or ""
        if parent not in found and _is_seen(sights, edit) and is_lawful_edit(parents[parent], edit):
            found[parent] = edit
    return found


def is_lawful_edit(original: StoredEvent, edit: StoredEvent) -> bool:
    """Whether the edit counts (client-server API, "Validity of replacement events")."""
    try:
        check_edit(event_of(original), event_of(edit))
    except BadEdit:
        return False
    return True


async def _find_replaced(
    tx: Tx, sights: Mapping[str, Sight], events: Sequence[StoredEvent]
) -> dict[tuple[int, str, str], SyncEvent]:
    # A position belongs to one event of one room.
    positions = [event.position for event in events if event.state_key is not None and event.position is not None]
    rows = await find_replaced_state(tx, list(sights), positions)
    return {(row.to_position or 0, row.event.type, row.event.state_key or ""): row.event for row in rows}


async def find_sight_and_around(
    tx: Tx, user_id: str, room_id: str, events: Sequence[StoredEvent]
) -> tuple[list[StoredEvent], Around]:
    """Those of the events that the person may see, with what surrounds them."""
    sight = await find_sight(tx, user_id, room_id)
    visible = sight.visible(events)
    return visible, await find_around(tx, sight, room_id, visible)


def client_event(event: StoredEvent, around: Around, reader: Reader) -> bytes:
    """The event for one reader, encoded (client-server API, "Room event format", `UnsignedData`)."""
    unsigned: dict[str, Any] = {"age": max(reader.now_ms - event.origin_server_ts, 0)}
    if event.txn_id and event.sender == reader.user_id:
        note_transaction(unsigned, event.txn_id, event.txn_device == reader.device_id)
    if event.position is not None:
        # "The room membership of the user making the request, at the time of the event."
        unsigned["membership"] = around.sight.membership_at(event.position)
    redaction = around.redactions.get(event.redacted_by or "")
    if redaction is not None:
        unsigned["redacted_because"] = decode_json(redaction.client_json)
    replaced = around.replaced.get((event.position or 0, event.type, event.state_key or ""))
    if event.state_key is not None and replaced is not None and replaced.event_id != event.event_id:
        content = decode_json(replaced.client_json)
        unsigned["prev_content"] = content.get("content") if isinstance(content, dict) else {}
        unsigned["replaces_state"] = replaced.event_id
        unsigned["prev_sender"] = replaced.sender
    relations = _relations(event, around, reader)
    if relations:
        unsigned["m.relations"] = relations
    return splice(event.client_json, unsigned)


def _relations(event: StoredEvent, around: Around, reader: Reader) -> dict[str, Any]:
    """Client-server API, "Aggregations of child events"."""
    found: dict[str, Any] = {}
    edit = around.edits.get(event.event_id)
    if edit is not None:
        found["m.replace"] = msgspec.Raw(
            splice(edit.client_json, {"age": max(reader.now_ms - edit.origin_server_ts, 0)})
        )
    children = around.references.get(event.event_id)
    if children:
        found["m.reference"] = {"chunk": [{"event_id": child} for child in children]}
    thread = around.threads.get(event.event_id)
    if thread is not None:
        summary, latest = thread
        found["m.thread"] = {
            "latest_event": msgspec.Raw(client_event(latest, around, reader)),
            "count": summary.count,
            "current_user_participated": summary.participated or event.sender == reader.user_id,
        }
    return found


def client_events(events: Sequence[StoredEvent], around: Around, reader: Reader) -> list[msgspec.Raw]:
    """As `client_event`, for a list in an answer."""
    return [msgspec.Raw(client_event(event, around, reader)) for event in events]
