"""What a room's successor inherits, and what the old room is left with.

Source: client-server API, "Room Upgrades", "Server behaviour"; room versions, "m.room.power_levels".
"""

from collections.abc import Collection, Mapping
from typing import Any

from tchap.protocol.auth_context import StateKey
from tchap.protocol.identifiers import is_user_id
from tchap.protocol.power_levels import DEFAULT_LEVELS, PowerLevels, StateFact, find_level
from tchap.protocol.room_previews import RoomFacts, is_child, join_rule_of
from tchap.protocol.room_versions import RoomVersion

# The recommended state, the room's names and what clients would miss: retention, who moderates it.
_CARRIED = (
    "m.room.server_acl",
    "m.room.encryption",
    "m.room.name",
    "m.room.avatar",
    "m.room.topic",
    "m.room.guest_access",
    "m.room.history_visibility",
    "m.room.join_rules",
    "m.room.canonical_alias",
    "m.room.policy",
    "m.room.retention",
    "fr.tchap.classification",
    "im.vector.room.access_rules",
)
# Of these there are many, each under its own key: the places of spaces, the rules of moderators, emoticons.
_CARRIED_BY_KEY = (
    "m.space.child",
    "m.space.parent",
    "m.policy.rule.user",
    "m.policy.rule.room",
    "m.policy.rule.server",
    "m.room.image_pack",
)
_FALLBACKS = {"knock_restricted": "restricted", "restricted": "invite", "knock": "invite"}
_LEVEL_GROUPS = ("events", "users", "notifications")
_ADMIN_LEVEL = 100
_LEAST_RESTRAINT = 50

Content = dict[str, Any]


def carry_state(state: Mapping[StateKey, StateFact], version: RoomVersion) -> dict[StateKey, Content]:
    """The state of the old room that the new one begins with, but power levels and members."""
    carried = {(kind, ""): state[kind, ""].content for kind in _CARRIED if (kind, "") in state}
    carried |= {
        key: event.content
        for key, event in state.items()
        # A key that is a user id belongs to that user: nobody else may set it.
        if key[0] in _CARRIED_BY_KEY and not key[1].startswith("@")
    }
    kept = {key: content for key, content in carried.items() if content and _is_worth(key, content)}
    if ("m.room.join_rules", "") in kept:
        kept["m.room.join_rules", ""] = _carry_join_rules(kept["m.room.join_rules", ""], version)
    return kept


def _is_worth(key: StateKey, content: Content) -> bool:
    return key[0] != "m.space.child" or is_child(content)


def _carry_join_rules(content: Content, version: RoomVersion) -> Content:
    """The rule, or the nearest stricter one that the version knows."""
    rule = content.get("join_rule")
    while rule in _FALLBACKS and join_rule_of(RoomFacts(version, {"m.room.join_rules": {"join_rule": rule}})) != rule:
        rule = _FALLBACKS[rule]
    return {**content, "join_rule": rule}


def find_banned(state: Mapping[StateKey, StateFact]) -> dict[str, Content]:
    """The people banned from the old room, each with what their ban says."""
    return {
        key: {name: value for name, value in event.content.items() if name in ("membership", "reason")}
        for (kind, key), event in state.items()
        if kind == "m.room.member" and event.content.get("membership") == "ban"
    }


def carry_levels(old: PowerLevels, version: RoomVersion, creators: Collection[str]) -> Content | None:
    """The levels of the new room, whose creators are given; None when the old room had none.

    Levels become whole numbers, as later versions demand. Creators of version 12 stand above the levels and may not
    be named in them; where they no longer do, they become administrators.
    """
    if old.content is None:
        return None
    content = {name: value for name, value in old.content.items() if name not in _LEVEL_GROUPS}
    for name in content.keys() & DEFAULT_LEVELS.keys():
        content[name] = find_level(old.version, content[name])
    content |= {name: _levels(old, name) for name in _LEVEL_GROUPS if name in old.content}
    content = {name: value for name, value in content.items() if value is not None}
    users = {user: level for user, level in content.get("users", {}).items() if is_user_id(user)}
    if version.creators_reign:
        users = {user: level for user, level in users.items() if user not in creators}
    elif old.version.creators_reign:
        needed = [level for level in (*content.values(), *content.get("events", {}).values()) if type(level) is int]
        users |= dict.fromkeys(old.creators, max(_ADMIN_LEVEL, *needed, *users.values()))
    return {**content, "users": users}


def _levels(old: PowerLevels, group: str) -> dict[str, int]:
    entries = old.content.get(group) if old.content is not None else None
    found = (
        {name: find_level(old.version, level) for name, level in entries.items()} if isinstance(entries, dict) else {}
    )
    return {name: level for name, level in found.items() if level is not None}


def restrain(levels: PowerLevels, user_id: str) -> Content | None:
    """The levels that keep people from going on in the old room, as far as the user may set them; None: no change.

    "Setting `events_default` and `invite` to the greater of `50` and `users_default + 1`."
    """
    if levels.content is None or not levels.may_send(user_id, "m.room.power_levels", True):
        return None
    users_default = find_level(levels.version, levels.content.get("users_default")) or 0
    wanted = max(_LEAST_RESTRAINT, users_default + 1)
    present = {"events_default": levels.needed_for_event("", False), "invite": levels.needed_for("invite")}
    raised = {name: wanted for name, level in present.items() if level < wanted}
    if not raised or levels.of_user(user_id) < wanted:
        return None
    return {**levels.content, **raised}
