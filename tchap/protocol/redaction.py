"""What is left of an event once redacted, per room version.

Source: "Redactions" in the pages of the room versions. The event's id, its signatures and its place in the auth rules
stand on these keys alone. Nothing given is changed: the kept values are shared with the original.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tchap.protocol.room_versions import RoomVersion

_KEPT_SINCE_V11 = frozenset(
    {
        "event_id",
        "type",
        "room_id",
        "sender",
        "state_key",
        "content",
        "hashes",
        "signatures",
        "depth",
        "prev_events",
        "auth_events",
        "origin_server_ts",
    }
)
_KEPT_UNTIL_V10 = _KEPT_SINCE_V11 | {"prev_state", "origin", "membership"}

_LEVELS = ("ban", "events", "events_default", "kick", "redact", "state_default", "users", "users_default")
_KEPT_CONTENT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "m.room.member": ("membership",),
        "m.room.create": ("creator",),
        "m.room.join_rules": ("join_rule",),
        "m.room.power_levels": _LEVELS,
        "m.room.history_visibility": ("history_visibility",),
    }
)


def redact(version: RoomVersion, pdu: Mapping[str, Any]) -> dict[str, Any]:
    """The event stripped as its room version demands; `unsigned` goes too. Redacting twice changes nothing."""
    kept = _KEPT_SINCE_V11 if version.keeps_v11_content else _KEPT_UNTIL_V10
    redacted = {key: value for key, value in pdu.items() if key in kept}
    redacted["content"] = redact_content(version, pdu.get("type", ""), pdu.get("content", {}))
    return redacted


def redact_content(version: RoomVersion, event_type: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of a content of this event type."""
    if event_type == "m.room.create" and version.keeps_v11_content:
        return dict(content)
    keys = _KEPT_CONTENT.get(event_type, ()) + _more_kept(version, event_type)
    kept = {key: content[key] for key in keys if key in content}
    if event_type == "m.room.member" and version.keeps_v11_content:
        kept |= _kept_of_invite(content.get("third_party_invite"))
    return kept


def _more_kept(version: RoomVersion, event_type: str) -> tuple[str, ...]:
    """The keys some versions keep beyond those all of them keep."""
    if event_type == "m.room.aliases" and version.special_aliases:
        return ("aliases",)
    if event_type == "m.room.join_rules" and version.allows_restricted:
        return ("allow",)
    if event_type == "m.room.member" and version.keeps_join_authoriser:
        return ("join_authorised_via_users_server",)
    if event_type == "m.room.power_levels" and version.keeps_v11_content:
        return ("invite",)
    if event_type == "m.room.redaction" and version.keeps_v11_content:
        return ("redacts",)
    return ()


def _kept_of_invite(invite: object) -> dict[str, Any]:
    """Version 11: of `third_party_invite` only `signed` is kept."""
    if isinstance(invite, dict) and "signed" in invite:
        return {"third_party_invite": {"signed": invite["signed"]}}
    return {}
