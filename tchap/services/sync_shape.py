"""From the facts collected to the answer: each event as this reader is given it, each room with its parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tchap.base.encoding import decode_json, encode_json
from tchap.base.identity import Requester
from tchap.live.subscribers import DeviceMemory
from tchap.protocol.filters import EventFilter
from tchap.protocol.push_rules import rule_set_json
from tchap.protocol.sync_assembly import (
    Shaped,
    account_data_event,
    receipts_events,
    splice,
)
from tchap.protocol.sync_rooms import MEMBER, admits, choose_members, choose_state, content_of
from tchap.protocol.sync_values import Ask, RoomFacts, RoomPlan, StateRow, SyncEvent, Timeline, membership_at
from tchap.protocol.transactions import note_transaction
from tchap.services.push_rules import parse_stored_rules
from tchap.services.sync_collect import Collected
from tchap.services.sync_relations import bundled

MARKED_BY_SERVER = "m.push_rules"


def room_facts(ask: Ask, found: Collected, memory: DeviceMemory) -> list[RoomFacts]:
    """Every room of the answer, but for who is typing."""
    receipts = _receipts_by_room(found)
    personal = _account_data_by_room(ask, found)
    wanted = ask.filter.room
    rooms = []
    for plan in found.plans:
        if plan.section in ("invite", "knock"):
            rooms.append(RoomFacts(plan, state=tuple(_stripped(plan, found))))
            continue
        own_receipt = any(each[2] == ask.user_id for each in receipts.get(plan.room_id, ()))
        shows_receipts = wanted.ephemeral.admits_type("m.receipt") and wanted.ephemeral.admits_room(plan.room_id)
        rooms.append(
            RoomFacts(
                plan,
                timeline=found.timelines[plan.room_id],
                state=tuple(_state(ask, plan, found, memory)),
                summary=found.state.summaries.get(plan.room_id),
                ephemeral=tuple(receipts_events(receipts.get(plan.room_id, ()))) if shows_receipts else (),
                account_data=tuple(personal.get(plan.room_id, ())),
                unread=found.unread.get(plan.room_id) if plan.section == "join" else None,
                has_own_receipt=own_receipt,
            )
        )
    return rooms


def _stripped(plan: RoomPlan, found: Collected) -> Iterable[SyncEvent]:
    """The stripped state of a room the person is outside of; at least the event that brought them there."""
    events = {event.event_id: event for event in found.stripped if event.room_id == plan.room_id}
    invitation = found.by_id.get(plan.present.event_id)
    if invitation is not None:
        events[invitation.event_id] = invitation
    return events.values()


def _state(ask: Ask, plan: RoomPlan, found: Collected, memory: DeviceMemory) -> list[SyncEvent]:
    rows = found.state.rows.get(plan.room_id, ())
    timeline = found.timelines[plan.room_id]
    if not plan.was_joined:
        return _state_outside(ask, plan, found, timeline)
    chosen = choose_state(plan, timeline, rows, bool(ask.state_after), ask.lazy)
    if ask.lazy:
        needed = {event.sender for event in timeline.events}
        summary = found.state.summaries.get(plan.room_id)
        needed.update((summary.heroes if summary else None) or ())
        if plan.full:
            needed.add(ask.user_id)
        redundant_too = ask.filter.room.state.include_redundant_members or plan.full or ask.since is None
        sent = {} if redundant_too else memory.sent_in(plan.room_id, needed, ask.since or 0)
        chosen = choose_members(chosen, needed, sent, found.state.changes)
    wanted = ask.filter.room.state
    return [event for event in chosen if wanted.admits_room(plan.room_id) and admits(event, wanted)]


def _state_outside(ask: Ask, plan: RoomPlan, found: Collected, timeline: Timeline) -> list[SyncEvent]:
    """Their own departure, where it counts as state and not as a part of the timeline."""
    present = found.by_id.get(plan.present.event_id)
    is_wanted = present is not None and admits(present, ask.filter.room.state)
    if present is None or not is_wanted or (timeline.events and not ask.state_after):
        return []
    return [present]


def note_members(rooms: Sequence[RoomFacts], memory: DeviceMemory, position: int) -> None:
    """Remembers which membership events the device will have once it comes back with the token of ``position``.

    Of a room that it starts from nothing it has only those.
    """
    memory.forget_sent({room.plan.room_id for room in rooms if room.plan.full})
    for room in rooms:
        for event in (*room.state, *room.timeline.events):
            if event.type == MEMBER and event.state_key is not None:
                memory.note_sent(room.plan.room_id, event.state_key, event.event_id, position)


def _receipts_by_room(found: Collected) -> dict[str, list[tuple[str, str, str, str, int]]]:
    rooms: dict[str, list[tuple[str, str, str, str, int]]] = {}
    for each in found.receipts:
        said = (each.event_id, each.receipt_type, each.user_id, each.thread_id, each.ts)
        rooms.setdefault(each.room_id, []).append(said)
    return rooms


def _account_data_by_room(ask: Ask, found: Collected) -> dict[str, list[bytes]]:
    rooms: dict[str, list[bytes]] = {}
    wanted = ask.filter.room.account_data
    fresh = {plan.room_id for plan in found.plans if plan.since == 0}
    for each in found.account_data:
        is_news = ask.since is None or each.position > ask.since or each.room_id in fresh
        if each.room_id and is_news and wanted.admits_room(each.room_id) and wanted.admits_type(each.type):
            rooms.setdefault(each.room_id, []).append(account_data_event(each.type, each.content))
    return rooms


def global_account_data(ask: Ask, found: Collected) -> list[msgspec.Raw]:
    """The person's own account data that changed, with their push rules."""
    wanted: EventFilter = ask.filter.account_data
    events = [
        account_data_event(each.type, each.content)
        for each in found.account_data
        if not each.room_id and (ask.since is None or each.position > ask.since) and wanted.admits_type(each.type)
    ]
    if found.rules_changed and wanted.admits_type(MARKED_BY_SERVER):
        rules = parse_stored_rules(ask.user_id, None if found.rules is None else found.rules.rules)
        events.append(account_data_event(MARKED_BY_SERVER, encode_json({"global": rule_set_json(rules)})))
    return [msgspec.Raw(event) for event in events]


def shape(requester: Requester, found: Collected, rooms: Sequence[RoomFacts], now_ms: int) -> Shaped:
    """Every event of the answer, encoded."""
    shaped: dict[str, bytes] = {}
    for room in rooms:
        if room.plan.section in ("invite", "knock"):
            shaped.update((event.event_id, _strip(event)) for event in room.state)
            continue
        for event in room.state:
            shaped[event.event_id] = splice(event.client_json, _unsigned(event, requester, found, now_ms))
        own = found.own.get(room.plan.room_id, room.plan.own)
        for event in room.timeline.events:
            unsigned = _unsigned(event, requester, found, now_ms)
            # MSC4115, client-server API 1.11: the reader's membership at the time of the event.
            unsigned["membership"] = membership_at(own, event.position)
            if relations := bundled(event, found.bundles, requester.user_id, now_ms):
                unsigned["m.relations"] = relations
            shaped[event.event_id] = splice(event.client_json, unsigned)
    return Shaped(shaped)


def _strip(event: SyncEvent) -> bytes:
    content = content_of(event)
    return encode_json({"type": event.type, "state_key": event.state_key, "sender": event.sender, "content": content})


def _unsigned(event: SyncEvent, requester: Requester, found: Collected, now_ms: int) -> dict[str, object]:
    unsigned: dict[str, object] = {"age": max(now_ms - event.origin_server_ts, 0)}
    if event.txn_id and event.sender == requester.user_id:
        note_transaction(unsigned, event.txn_id, event.txn_device == requester.device_id)
    if event.redacted_by is not None:
        redaction = found.by_id.get(event.redacted_by)
        if redaction is not None:
            unsigned["redacted_because"] = decode_json(redaction.client_json)
    if event.state_key is not None:
        replaced = found.state.replaced.get((event.room_id, event.position, event.type, event.state_key))
        _add_replaced(unsigned, event, replaced)
    return unsigned


def _add_replaced(unsigned: dict[str, object], event: SyncEvent, replaced: StateRow | None) -> None:
    if replaced is not None and replaced.event.event_id != event.event_id:
        unsigned["prev_content"] = content_of(replaced.event)
        unsigned["replaces_state"] = replaced.event.event_id
        unsigned["prev_sender"] = replaced.event.sender
