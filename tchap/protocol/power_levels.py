"""Who may do what: a view over `m.room.power_levels` and the create event.

Source: client-server API, "m.room.power_levels"; room versions, "Authorisation rules". The view holds the content as
it is and reads a level only when asked, so it costs nothing to make on every message.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec

from tchap.protocol.room_versions import RoomVersion

Action = Literal["ban", "kick", "invite", "redact"]

# Room version 12: above every level that canonical JSON can write.
CREATOR_LEVEL = 2**63
DEFAULT_LEVELS: Mapping[str, int] = {
    "ban": 50,
    "kick": 50,
    "redact": 50,
    "invite": 0,
    "users_default": 0,
    "events_default": 0,
    "state_default": 50,
}
# Versions 1 to 11: the creator's level while a room has no power levels event.
LEVEL_OF_LONE_CREATOR = 100
DEFAULT_NOTIFICATION_LEVEL = 50
# Levels written as strings: more digits than any 64-bit integer has are no level.
_MOST_DIGITS = 19


class StateFact(Protocol):
    """What the laws need of a state event; `Event` is one, and so may be lighter values."""

    @property
    def event_id(self) -> str: ...
    @property
    def sender(self) -> str: ...
    @property
    def content(self) -> dict[str, Any]: ...


class PowerLevels(msgspec.Struct, frozen=True):
    """`content` is None while the room has no power levels event."""

    version: RoomVersion
    content: Mapping[str, Any] | None
    creators: frozenset[str]

    def of_user(self, user_id: str) -> int:
        """The user's level; creators of version 12 rooms stand above all."""
        if user_id in self.creators:
            if self.version.creators_reign:
                return CREATOR_LEVEL
            if self.content is None:
                return LEVEL_OF_LONE_CREATOR
        if self.content is None:
            return DEFAULT_LEVELS["users_default"]
        level = self._entry("users", user_id)
        return self._named("users_default") if level is None else level

    def needed_for_event(self, event_type: str, is_state: bool) -> int:
        """The "required power level" of an event type."""
        level = self._entry("events", event_type)
        if level is not None:
            return level
        return self._named("state_default" if is_state else "events_default")

    def needed_for(self, action: Action) -> int:
        """The level to ban, kick, invite or redact what others sent."""
        return self._named(action)

    def needed_to_notify(self, key: str) -> int:
        """The level to notify with `key` ("room" for everybody)."""
        level = self._entry("notifications", key)
        return DEFAULT_NOTIFICATION_LEVEL if level is None else level

    def may_send(self, user_id: str, event_type: str, is_state: bool) -> bool:
        return self.of_user(user_id) >= self.needed_for_event(event_type, is_state)

    def may(self, user_id: str, action: Action) -> bool:
        return self.of_user(user_id) >= self.needed_for(action)

    def _named(self, name: str) -> int:
        level = None if self.content is None else find_level(self.version, self.content.get(name))
        return DEFAULT_LEVELS[name] if level is None else level

    def _entry(self, group: str, name: str) -> int | None:
        levels = None if self.content is None else self.content.get(group)
        return find_level(self.version, levels.get(name)) if isinstance(levels, dict) else None


def power_levels_of(version: RoomVersion, create: StateFact, levels: StateFact | None) -> PowerLevels:
    """The view for a room whose create event and power levels event (if any) are given."""
    return PowerLevels(version, None if levels is None else levels.content, creators_of(version, create))


def creators_of(version: RoomVersion, create: StateFact) -> frozenset[str]:
    """The room's creators: the sender, with `additional_creators` in version 12; until version 10 `content.creator`."""
    if version.creator_in_content:
        creator = create.content.get("creator", create.sender)
        return frozenset((creator,)) if isinstance(creator, str) else frozenset((create.sender,))
    more = create.content.get("additional_creators") if version.creators_reign else None
    if not isinstance(more, list):
        return frozenset((create.sender,))
    return frozenset((create.sender, *(user for user in more if isinstance(user, str))))


def find_level(version: RoomVersion, value: object) -> int | None:
    """The level a value stands for, None when it stands for none.

    Until room version 9 it may be a string of an integer, until version 5 also a float, which is truncated
    ("m.room.power_levels events accept values as strings" and "as floats").
    """
    if type(value) is int:
        return value
    if version.integer_levels_only:
        return None
    if isinstance(value, float) and not version.strict_json:
        return math.trunc(value) if math.isfinite(value) else None
    return _level_in(value) if isinstance(value, str) else None


def _level_in(text: str) -> int | None:
    bare = text.strip()
    sign, digits = (bare[0], bare[1:]) if bare[:1] in ("-", "+") else ("", bare)
    # int() alone would also take underscores and other scripts' digits.
    if not digits.isascii() or not digits.isdigit():
        return None
    significant = digits.lstrip("0")
    return int(f"{sign}{significant or 0}") if len(significant) <= _MOST_DIGITS else None
