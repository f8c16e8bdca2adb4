"""The law of Tchap about power levels: what a new room begins with, and what guests never have.

Source: the rules of the service's room access module.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from tchap.policy.decisions import ALLOWED, Decision, Refused
from tchap.policy.rooms import UNRESTRICTED, Content, RoomWish, is_external
from tchap.protocol.power_levels import find_level
from tchap.protocol.room_versions import RoomVersion

# Client-server API, `m.room.power_levels`: what holds where the event does not say.
_UNSAID = {"invite": 0, "state_default": 50}


def default_power_levels(wish: RoomWish, creators: Mapping[str, int]) -> dict[str, Any]:
    """Levels of a new room: configuring takes an administrator, inviting a moderator except in public rooms."""
    return {
        "users": dict(creators),
        "users_default": 0,
        "events_default": 0,
        "state_default": 100,
        "invite": 0 if wish.is_public else 50,
        "kick": 50,
        "ban": 50,
        "redact": 50,
        "events": {
            "m.room.name": 50,
            "m.room.avatar": 50,
            "m.room.topic": 50,
            "m.room.canonical_alias": 50,
            "m.room.power_levels": 100,
            "m.room.history_visibility": 100,
            "m.room.tombstone": 100,
            "m.room.server_acl": 100,
            "m.room.encryption": 100,
            "m.beacon_info": 0,
            "org.matrix.msc3672.beacon_info": 0,
            "m.call.member": 0,
            "org.matrix.msc3401.call.member": 0,
        },
    }


def decide_first_levels(version: RoomVersion, wish: RoomWish, rule: str, asked: Content) -> Decision:
    """May a new room begin with these levels? Whatever is wrong with them is the request's fault (400)."""
    least = default_power_levels(wish, {})
    for name, unsaid in _UNSAID.items():
        level = asked.get(name, unsaid)
        # Room versions before 10 read text as a level: at creation it is always a number.
        if type(level) is not int or level < least[name]:
            return Refused(
                f"The level '{name}' may not be lower here.",
                f"Le niveau « {name} » ne peut être abaissé.",
                is_malformed=True,
            )
    decision = decide_levels(version, rule, asked)
    if isinstance(decision, Refused):
        return Refused(decision.en, decision.fr, is_malformed=True)
    return decision


def decide_levels(version: RoomVersion, rule: str, content: Content) -> Decision:
    """May a room with this access rule have these levels?"""
    users = content.get("users")
    named = users if isinstance(users, dict) else {}
    if any(is_external(user_id) and level != 0 for user_id, level in _levels(version, named)):
        return Refused(
            "An external guest is neither administrator nor moderator, and keeps the level of plain members.",
            "Un invité externe n'est ni administrateur ni modérateur : il garde le niveau d'un simple membre.",
        )
    if rule == UNRESTRICTED and gives_by_default(version, content):
        return Refused(
            "In a room open to external guests, members have no level of their own (users_default stays 0).",
            "Dans un salon ouvert aux invités externes, aucun niveau n'est donné d'office (users_default reste 0).",
        )
    return ALLOWED


def gives_by_default(version: RoomVersion, content: Content) -> bool:
    """Whether everybody, guests included, has another level than 0."""
    value = content.get("users_default", 0)
    return find_level(version, value) != 0


def _levels(version: RoomVersion, users: Mapping[str, object]) -> Iterable[tuple[str, int | None]]:
    return ((user_id, find_level(version, level)) for user_id, level in users.items())
