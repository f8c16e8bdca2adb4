"""The rules every account starts with.

Source: client-server API, "Predefined Rules" (the rules that looked for names in the body went away with 1.17).
"""

from typing import Any

NOTIFY_SOUND: tuple[Any, ...] = ("notify", {"set_tweak": "sound", "value": "default"})
NOTIFY_SOUND_HIGHLIGHT: tuple[Any, ...] = (*NOTIFY_SOUND, {"set_tweak": "highlight"})
NOTIFY_HIGHLIGHT: tuple[Any, ...] = ("notify", {"set_tweak": "highlight"})
NOTIFY_RING: tuple[Any, ...] = ("notify", {"set_tweak": "sound", "value": "ring"})
NOTIFY: tuple[Any, ...] = ("notify",)
SILENT: tuple[Any, ...] = ()

MASTER = ".m.rule.master"

Condition = dict[str, Any]
# A rule's name, its conditions and its actions.
Default = tuple[str, tuple[Condition, ...], tuple[Any, ...]]


def override_rules(user_id: str) -> tuple[Default, ...]:
    """ "Default Override Rules", in order; `.m.rule.master` is the first, and disabled until asked for."""
    return (
        (MASTER, (), SILENT),
        (".m.rule.suppress_notices", (_match("content.msgtype", "m.notice"),), SILENT),
        (".m.rule.invite_for_me", _invite(user_id), NOTIFY_SOUND),
        (".m.rule.member_event", (_match("type", "m.room.member"),), SILENT),
        (".m.rule.is_user_mention", (_mention(user_id),), NOTIFY_SOUND_HIGHLIGHT),
        (".m.rule.is_room_mention", _room_mention(), NOTIFY_HIGHLIGHT),
        (".m.rule.tombstone", (_match("type", "m.room.tombstone"), _match("state_key", "")), NOTIFY_HIGHLIGHT),
        (".m.rule.reaction", (_match("type", "m.reaction"),), SILENT),
        (".m.rule.room.server_acl", (_match("type", "m.room.server_acl"), _match("state_key", "")), SILENT),
        (".m.rule.suppress_edits", (_is(r"content.m\.relates_to.rel_type", "m.replace"),), SILENT),
    )


def underride_rules() -> tuple[Default, ...]:
    """ "Default Underride Rules", in order."""
    pair = {"kind": "room_member_count", "is": "2"}
    return (
        (".m.rule.call", (_match("type", "m.call.invite"),), NOTIFY_RING),
        (".m.rule.encrypted_room_one_to_one", (pair, _match("type", "m.room.encrypted")), NOTIFY_SOUND),
        (".m.rule.room_one_to_one", (pair, _match("type", "m.room.message")), NOTIFY_SOUND),
        (".m.rule.message", (_match("type", "m.room.message"),), NOTIFY),
        (".m.rule.encrypted", (_match("type", "m.room.encrypted"),), NOTIFY),
    )


def _invite(user_id: str) -> tuple[Condition, ...]:
    return (_match("type", "m.room.member"), _match("content.membership", "invite"), _match("state_key", user_id))


def _mention(user_id: str) -> Condition:
    return {"kind": "event_property_contains", "key": r"content.m\.mentions.user_ids", "value": user_id}


def _room_mention() -> tuple[Condition, ...]:
    return (
        _is(r"content.m\.mentions.room", True),
        {"kind": "sender_notification_permission", "key": "room"},
    )


def _match(key: str, pattern: str) -> Condition:
    return {"kind": "event_match", "key": key, "pattern": pattern}


def _is(key: str, value: str | bool) -> Condition:
    return {"kind": "event_property_is", "key": key, "value": value}
