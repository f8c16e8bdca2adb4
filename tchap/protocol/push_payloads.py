"""What a push gateway, or a browser, is told: the shapes of notifications.

Source: push gateway API, `POST /_matrix/push/v1/notify`; MSC4174 for Web Push.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tchap.base.encoding import decode_json, encode_json

EVENT_ID_ONLY = "event_id_only"
# Clients that have a button for trying their notifications know this one by sight, and look for no such event.
TEST_EVENT_ID = "$THIS_IS_A_FAKE_EVENT_ID"

# Events that somebody waits for at once, whatever their rule says of sounds.
_URGENT = ("m.room.encrypted", "m.call.invite")


@dataclass(frozen=True, slots=True)
class Counts:
    """What the person has not read in all their rooms."""

    unread: int = 0
    missed_calls: int = 0


@dataclass(frozen=True, slots=True)
class PushedEvent:
    """What may be told of an event. ``content`` None: it is not to be told, and with it whatever speaks of people."""

    event_id: str
    room_id: str
    type: str = ""
    sender: str = ""
    sender_name: str | None = None
    room_name: str | None = None
    room_alias: str | None = None
    content: dict[str, Any] | None = None
    is_target: bool = False
    tweaks: Mapping[str, Any] = field(default_factory=dict)


def tweaks_of(actions: str) -> dict[str, Any]:
    """The tweaks that a rule's actions (JSON text) set ("Actions")."""
    listed = decode_json(actions.encode())
    set_by = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return {each["set_tweak"]: each.get("value", True) for each in set_by}


def priority(event: PushedEvent) -> str:
    """`low` may wait for the device to wake by itself."""
    is_loud = bool(event.tweaks.get("sound") or event.tweaks.get("highlight"))
    return "high" if is_loud or event.type in _URGENT else "low"


def counts_json(counts: Counts, keep_zero: bool = False) -> dict[str, int]:
    """ "Counts whose value is zero should be omitted": but a gateway clears a badge only where it reads a zero."""
    shown = {"unread": counts.unread} if counts.unread or keep_zero else {}
    return {**shown, "missed_calls": counts.missed_calls} if counts.missed_calls else shown


def device_json(device: tuple[str, str, int], data: Mapping[str, Any], tweaks: Mapping[str, Any]) -> dict[str, Any]:
    """``device`` is app id, pushkey and when it was given, in milliseconds; the gateway's address stays here."""
    app_id, pushkey, created_ts = device
    kept = {name: value for name, value in data.items() if name != "url"}
    shown = {"app_id": app_id, "pushkey": pushkey, "pushkey_ts": created_ts // 1000, "data": kept}
    return {**shown, "tweaks": dict(tweaks)} if tweaks else shown


def event_json(event: PushedEvent, is_bare: bool) -> dict[str, Any]:
    """The fields about an event. ``is_bare``: of `event_id_only`, or where nothing else is to leave the server."""
    shown: dict[str, Any] = {"event_id": event.event_id, "room_id": event.room_id, "prio": priority(event)}
    if is_bare or event.content is None:
        return shown
    named = {
        "sender_display_name": event.sender_name,
        "room_name": event.room_name,
        "room_alias": event.room_alias,
    }
    shown |= {"type": event.type, "sender": event.sender, "content": event.content}
    shown |= {name: value for name, value in named.items() if value}
    return {**shown, "user_is_target": True} if event.is_target else shown


def notify_body(device: Mapping[str, Any], counts: Mapping[str, int], about: Mapping[str, Any]) -> bytes:
    """The body of a call to a push gateway; ``about`` is empty where only the counts changed."""
    return encode_json({"notification": {**about, "counts": counts, "devices": [device]}})


# What a Web Push gives up first where it would be too long for the push service.
_SPARED = ("content", "room_alias", "room_name", "sender_display_name")


def web_push_text(base: Mapping[str, Any], about: Mapping[str, Any], counts: Mapping[str, int], room: int) -> bytes:
    """What a browser's service worker reads: the fields of a notification, flat, over the client's own
    `default_payload`; at most ``room`` bytes."""
    kept = dict(about)
    text = encode_json({**base, **kept, **counts})
    for name in _SPARED:
        if len(text) <= room:
            return text
        kept.pop(name, None)
        text = encode_json({**base, **kept, **counts})
    return text if len(text) <= room else encode_json({**kept, **counts})
