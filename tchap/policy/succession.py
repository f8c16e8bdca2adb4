"""Who administers a room once its last administrator has left: no room is left without one.

Source: the rules of the service's module for last administrators. Moderators come first; else everybody who may be
trusted with it, which in a room open to external guests means every member but them.
"""

from collections.abc import Iterable
from typing import Any

from tchap.base import limits
from tchap.policy.rooms import UNRESTRICTED, RoomView, is_external

POWER_LEVELS = "m.room.power_levels"
ADMIN_LEVEL = 100
MODERATOR_LEVEL = 50


def plan_succession(room: RoomView, leaver: str) -> dict[str, Any] | None:
    """The power levels that the leaver leaves behind; None where nothing must change, or the leaver may change nothing.

    An administrator has level 100, or made a room of version 12. At most MAX_NAMED_LEVELS people are named, those
    whose membership is oldest before the others.
    """
    levels = room.levels
    if levels.of_user(leaver) < ADMIN_LEVEL or not levels.may_send(leaver, POWER_LEVELS, is_state=True):
        return None
    present = _present(room, leaver)
    if any(levels.of_user(each) >= ADMIN_LEVEL for each in present):
        return None
    moderators = [each for each in present if levels.of_user(each) >= MODERATOR_LEVEL and not is_external(each)]
    if moderators:
        return _promote(room, moderators)
    if room.rule == UNRESTRICTED:
        return _promote(room, [each for each in present if not is_external(each)])
    if not present and room.join_rule == "invite":
        return None  # nobody is left, and nobody can come
    return {**room.content_of(POWER_LEVELS), "users_default": ADMIN_LEVEL}


def _present(room: RoomView, leaver: str) -> list[str]:
    """The members who stay, the one whose membership is oldest first; where there is none, those who are invited."""
    for membership in ("join", "invite"):
        found = [
            (event.origin_server_ts, key)
            for (kind, key), event in room.state.items()
            if kind == "m.room.member" and key != leaver and event.content.get("membership") == membership
        ]
        if found:
            return [key for _, key in sorted(found)]
    return []


def _promote(room: RoomView, people: Iterable[str]) -> dict[str, Any] | None:
    content = room.content_of(POWER_LEVELS)
    named = content.get("users")
    users = dict(named) if isinstance(named, dict) else {}
    for each in people:
        if each in users or len(users) < limits.MAX_NAMED_LEVELS:
            users[each] = ADMIN_LEVEL
    return {**content, "users": users} if users != named else None
