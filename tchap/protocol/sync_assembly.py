"""The answer of /sync, put together from facts: pure, and mostly a joining of bytes that were encoded once.

Source: client-server API, `GET /sync`. Empty parts are left out, which the specification allows; the counts of
one-time keys and the unused fallback keys are always there ("E2E extensions to sync").
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from tchap.base.encoding import encode_json
from tchap.protocol.notices import MAIN_THREAD, Unread
from tchap.protocol.sync_tokens import SyncToken, format_place, format_token
from tchap.protocol.sync_values import Ask, DeviceFacts, RoomFacts, Summary, SyncEvent, Timeline

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Shaped:
    """Events by id, encoded as the reader is given them."""

    events: Mapping[str, bytes] = field(default_factory=dict)

    def raw(self, events: Iterable[SyncEvent]) -> list[msgspec.Raw]:
        return [msgspec.Raw(self.events[event.event_id]) for event in events]


def splice(client_json: bytes, unsigned: Mapping[str, object]) -> bytes:
    """The event with its ``unsigned``, which differs from reader to reader."""
    return b'%b,"unsigned":%b}' % (client_json[:-1], encode_json(unsigned))


def assemble(ask: Ask, token: SyncToken, rooms: Sequence[RoomFacts], shaped: Shaped, more: Json) -> bytes:
    """The body of the answer. ``more`` are the parts that are about no room."""
    body: Json = {"next_batch": format_token(token), **more}
    sections: dict[str, dict[str, Json]] = {}
    for room in rooms:
        shown = _room_body(room, ask, shaped)
        if shown is not None:
            sections.setdefault(room.plan.section, {})[room.plan.room_id] = shown
    if sections:
        body["rooms"] = sections
    return encode_json(body)


def device_body(device: DeviceFacts) -> Json:
    body: Json = {
        "device_one_time_keys_count": dict(device.one_time_keys),
        "device_unused_fallback_key_types": list(device.unused_fallback_types),
        # The name the field had before it was specified, which older clients still read.
        "org.matrix.msc2732.device_unused_fallback_key_types": list(device.unused_fallback_types),
    }
    if device.to_device:
        body["to_device"] = {"events": [msgspec.Raw(message) for message in device.to_device]}
    if device.changed or device.left:
        body["device_lists"] = {"changed": list(device.changed), "left": list(device.left)}
    return body


def account_data_event(type: str, content: bytes) -> bytes:
    return b'{"type":%b,"content":%b}' % (encode_json(type), content)


def _room_body(room: RoomFacts, ask: Ask, shaped: Shaped) -> Json | None:
    section = room.plan.section
    if section in ("invite", "knock"):
        return {f"{section}_state": {"events": shaped.raw(room.state)}}
    body = _timeline_body(room.timeline, shaped)
    if ask.state_after:
        body[ask.state_after] = {"events": shaped.raw(room.state)}
    elif room.state:
        body["state"] = {"events": shaped.raw(room.state)}
    if room.account_data:
        body["account_data"] = {"events": [msgspec.Raw(each) for each in room.account_data]}
    if section == "leave":
        return body
    if not is_news(room):
        return None
    if room.ephemeral:
        body["ephemeral"] = {"events": [msgspec.Raw(each) for each in room.ephemeral]}
    if room.summary is not None:
        body["summary"] = _summary_body(room.summary)
    if room.unread is not None:
        body.update(unread_body(room.unread, by_thread=ask.filter.room.timeline.unread_thread_notifications))
    return body


def is_news(room: RoomFacts) -> bool:
    """Whether the room has anything to say to the device."""
    if room.plan.section != "join" or room.plan.full or room.timeline.events or room.timeline.limited:
        return True
    return bool(room.state or room.ephemeral or room.account_data or room.summary or room.has_own_receipt)


def _timeline_body(timeline: Timeline, shaped: Shaped) -> Json:
    if not timeline.events and not timeline.limited:
        return {}
    body: Json = {"events": shaped.raw(timeline.events), "limited": timeline.limited}
    if timeline.start_ordering is not None:
        body["prev_batch"] = format_place(timeline.start_ordering - 1)
    return {"timeline": body}


def _summary_body(summary: Summary) -> Json:
    body: Json = {"m.joined_member_count": summary.joined, "m.invited_member_count": summary.invited}
    if summary.heroes is not None:
        body["m.heroes"] = list(summary.heroes)
    return body


def unread_body(unread: Mapping[str, Unread], by_thread: bool) -> Json:
    """Counts of the whole room, or of its main timeline with each thread beside it."""
    if by_thread:
        threads = {thread: count_body(count) for thread, count in unread.items() if thread != MAIN_THREAD}
        body: Json = {"unread_notifications": count_body(unread.get(MAIN_THREAD, Unread()))}
        if threads:
            body["unread_thread_notifications"] = threads
        return body
    total = Unread(sum(each.notify for each in unread.values()), sum(each.highlight for each in unread.values()))
    return {"unread_notifications": count_body(total)}


def count_body(count: Unread) -> Json:
    return {"notification_count": max(count.notify, 0), "highlight_count": max(count.highlight, 0)}


def receipts_events(receipts: Iterable[tuple[str, str, str, str, int]]) -> list[bytes]:
    """The ``m.receipt`` events of (event id, type, user id, thread id or "", time) receipts of one room.

    An object maps event to type to person, so it has one place for a person's unthreaded and threaded receipts of one
    type on one event: those that find the place taken go into a further event.
    """
    layers: list[dict[str, dict[str, dict[str, Json]]]] = []
    for event_id, receipt_type, user_id, thread_id, ts in receipts:
        said: Json = {"ts": ts, "thread_id": thread_id} if thread_id else {"ts": ts}
        for layer in [*layers, {}]:
            people = layer.setdefault(event_id, {}).setdefault(receipt_type, {})
            if user_id not in people:
                people[user_id] = said
                break
        if layer not in layers:
            layers.append(layer)
    return [encode_json({"type": "m.receipt", "content": layer}) for layer in layers]


def typing_event(user_ids: Sequence[str]) -> bytes:
    return encode_json({"type": "m.typing", "content": {"user_ids": list(user_ids)}})
