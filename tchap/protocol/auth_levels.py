"""The authorisation rules of `m.room.power_levels`.

Source: "Authorisation rules" of the room versions. Rule numbers are those of version 11, where these rules are
number 9 (10 in versions 1 to 5 and in 12).
"""

from collections.abc import Mapping
from typing import Any

from tchap.protocol.auth_context import POWER_LEVELS, AuthContext, refuse
from tchap.protocol.identifiers import is_user_id
from tchap.protocol.power_levels import DEFAULT_LEVELS, find_level
from tchap.protocol.room_versions import RoomVersion


def check_levels(context: AuthContext) -> None:
    """Rule 9. Raises AuthRefused."""
    version, new = context.version, context.event.content
    if version.integer_levels_only:
        _check_integers(new)
    _check_users(context, new.get("users", {}))
    current = context.state.get(POWER_LEVELS)
    if current is None:  # 9.4
        return
    own = context.levels.of_user(context.event.sender)
    _check_named(version, current.content, new, own)
    for group in ("events", "notifications") if version.guards_notification_levels else ("events",):
        _check_group(version, group, (current.content, new), own)
    _check_user_changes(context, current.content, own)


def _check_integers(content: Mapping[str, Any]) -> None:
    """9.1 and 9.2, since version 10."""
    for name in DEFAULT_LEVELS:
        if name in content and type(content[name]) is not int:
            refuse("9.1", f"{name} is not an integer")
    for group in ("events", "notifications"):
        levels = content.get(group, {})
        if not isinstance(levels, dict) or any(type(level) is not int for level in levels.values()):
            refuse("9.2", f"{group} is not an object of integers")


def _check_users(context: AuthContext, users: object) -> None:
    """9.3; and in version 12 rule 10.4: creators stand outside the levels."""
    if not isinstance(users, dict):
        refuse("9.3", "users is not an object")
    for user_id, value in users.items():
        if not is_user_id(user_id) or find_level(context.version, value) is None:
            refuse("9.3", "users is not an object of user ids and integers")
    if context.version.creators_reign and not context.levels.creators.isdisjoint(users):
        refuse("10.4", "a creator's power is not written in the power levels")


def _check_named(version: RoomVersion, current: Mapping[str, Any], new: Mapping[str, Any], own: int) -> None:
    """9.5: neither the level that was nor the level that will be may be above the sender's."""
    for name in DEFAULT_LEVELS:
        before, after = find_level(version, current.get(name)), find_level(version, new.get(name))
        if before != after and _highest(before, after) > own:
            refuse("9.5", f"the sender may not change {name}")


def _check_group(
    version: RoomVersion, group: str, contents: tuple[Mapping[str, Any], Mapping[str, Any]], own: int
) -> None:
    """9.6 and 9.7, for `events` and, since version 6, `notifications`."""
    current, new = (_levels_in(version, content, group) for content in contents)
    for name in current.keys() | new.keys():
        before, after = current.get(name), new.get(name)
        if before != after and _highest(before, after) > own:
            refuse("9.6", f"the sender may not change the level of {name}")


def _check_user_changes(context: AuthContext, current_content: Mapping[str, Any], own: int) -> None:
    """9.8 and 9.9: nobody touches an equal, or raises anybody above themselves."""
    version, sender = context.version, context.event.sender
    current = _levels_in(version, current_content, "users")
    new = _levels_in(version, context.event.content, "users")
    for user_id in current.keys() | new.keys():
        before, after = current.get(user_id), new.get(user_id)
        if before == after:
            continue
        if before is not None and user_id != sender and before >= own:  # 9.8
            refuse("9.8", "the sender may not change the level of a user as powerful")
        if after is not None and after > own:  # 9.9
            refuse("9.9", "the sender may not give a level above their own")


def _levels_in(version: RoomVersion, content: Mapping[str, Any], group: str) -> dict[str, int]:
    levels = content.get(group)
    if not isinstance(levels, dict):
        return {}
    found = {name: find_level(version, value) for name, value in levels.items()}
    return {name: level for name, level in found.items() if level is not None}


def _highest(before: int | None, after: int | None) -> int:
    """The higher of two levels, at least one of which is there."""
    return max(level for level in (before, after) if level is not None)
