"""Filters: which events a client asks for.

Source: client-server API, "Filtering" (`Filter`, `RoomFilter`, `EventFilter`, `RoomEventFilter`). Parsed once, then
asked per event; unknown fields are ignored, wrong types refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tchap.base.limits import MAX_FILTER_ENTRIES, MAX_FILTER_LIMIT, MAX_FILTER_PATTERN
from tchap.protocol.globs import ABSENT, Path, find_at, parse_path
from tchap.protocol.identifiers import parse_room_id, parse_user_id

Names = frozenset[str]
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TypePattern:
    """Event types: exact ones, and those with `*` cut at their stars. Case matters."""

    exact: Names
    starred: tuple[tuple[str, ...], ...]

    def admits(self, event_type: str) -> bool:
        return event_type in self.exact or any(_matches_pieces(pieces, event_type) for pieces in self.starred)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """`EventFilter` and `RoomEventFilter` in one; None means: all.

    `related_by_senders` and `related_by_rel_types` keep events that somebody, or some relation, points at: a question
    to the storage, not to the event.
    """

    limit: int | None = None
    types: TypePattern | None = None
    not_types: TypePattern | None = None
    senders: Names | None = None
    not_senders: Names = frozenset()
    rooms: Names | None = None
    not_rooms: Names = frozenset()
    contains_url: bool | None = None
    lazy_load_members: bool = False
    include_redundant_members: bool = False
    unread_thread_notifications: bool = False
    related_by_senders: Names | None = None
    related_by_rel_types: Names | None = None

    def admits_room(self, room_id: str) -> bool:
        return room_id not in self.not_rooms and (self.rooms is None or room_id in self.rooms)

    def admits(self, event_type: str, sender: str, content: Json) -> bool:
        """Whether an event of a room that is admitted passes."""
        return self.admits_type(event_type) and self.admits_sender(sender) and self._admits_url(content)

    def admits_type(self, event_type: str) -> bool:
        if self.not_types is not None and self.not_types.admits(event_type):
            return False
        return self.types is None or self.types.admits(event_type)

    def admits_sender(self, sender: str) -> bool:
        return sender not in self.not_senders and (self.senders is None or sender in self.senders)

    @property
    def admits_nothing(self) -> bool:
        """Whether no event at all can pass, so that none need be read."""
        return self.limit == 0 or (self.types is not None and not self.types.exact and not self.types.starred)

    def _admits_url(self, content: Json) -> bool:
        return self.contains_url is None or self.contains_url == isinstance(content.get("url"), str)


@dataclass(frozen=True, slots=True)
class RoomFilter:
    """What of rooms; `rooms` and `not_rooms` come before those of the parts."""

    rooms: Names | None = None
    not_rooms: Names = frozenset()
    include_leave: bool = False
    state: EventFilter = EventFilter()
    timeline: EventFilter = EventFilter()
    ephemeral: EventFilter = EventFilter()
    account_data: EventFilter = EventFilter()

    def admits_room(self, room_id: str) -> bool:
        return room_id not in self.not_rooms and (self.rooms is None or room_id in self.rooms)


@dataclass(frozen=True, slots=True)
class Filter:
    """A whole filter, as `/sync` takes it. `event_fields` is None when all fields are wanted."""

    room: RoomFilter = RoomFilter()
    presence: EventFilter = EventFilter()
    account_data: EventFilter = EventFilter()
    event_fields: tuple[Path, ...] | None = None
    event_format: Literal["client", "federation"] = "client"


ALL = Filter()


def parse_filter(value: object) -> Filter:
    """A filter from its JSON. ValueError with a sentence when a field has a wrong type or is too long."""
    body = _object(value, "filter")
    form = body.get("event_format", "client")
    if form not in ("client", "federation"):
        raise ValueError("event_format is client or federation")
    fields = _names(body, "event_fields")
    return Filter(
        room=_parse_room_filter(_object(body.get("room", {}), "room")),
        presence=parse_event_filter(body.get("presence", {})),
        account_data=parse_event_filter(body.get("account_data", {})),
        event_fields=None if fields is None else tuple(parse_path(field) for field in sorted(fields)),
        event_format=form,
    )


def parse_event_filter(value: object) -> EventFilter:
    """A `RoomEventFilter` from its JSON, as `/messages`, `/context` and `/search` take it too. ValueError as above."""
    body = _object(value, "event filter")
    return EventFilter(
        limit=_limit(body),
        types=_types(body, "types"),
        not_types=_types(body, "not_types"),
        senders=_users(body, "senders"),
        not_senders=_users(body, "not_senders") or frozenset(),
        rooms=_rooms(body, "rooms"),
        not_rooms=_rooms(body, "not_rooms") or frozenset(),
        contains_url=_flag(body, "contains_url"),
        lazy_load_members=_flag(body, "lazy_load_members") or False,
        include_redundant_members=_flag(body, "include_redundant_members") or False,
        unread_thread_notifications=_flag(body, "unread_thread_notifications") or False,
        related_by_senders=_users(body, "related_by_senders"),
        related_by_rel_types=_names(body, "related_by_rel_types"),
    )


def project(event: Json, fields: tuple[Path, ...] | None) -> dict[str, Any]:
    """The event with only the asked-for fields (`event_fields`)."""
    if fields is None:
        return dict(event)
    kept: dict[str, Any] = {}
    for path in fields:
        value = find_at(event, path)
        if value is not ABSENT:
            _put(kept, path, value)
    return kept


def _put(into: dict[str, Any], path: Path, value: Any) -> None:
    for name in path[:-1]:
        inner = into.get(name)
        # A wider path may already have brought the whole object, which is shared with the event: copied, never changed.
        into[name] = dict(inner) if isinstance(inner, dict) else {}
        into = into[name]
    into[path[-1]] = value


def _parse_room_filter(body: Json) -> RoomFilter:
    return RoomFilter(
        rooms=_rooms(body, "rooms"),
        not_rooms=_rooms(body, "not_rooms") or frozenset(),
        include_leave=_flag(body, "include_leave") or False,
        state=parse_event_filter(body.get("state", {})),
        timeline=parse_event_filter(body.get("timeline", {})),
        ephemeral=parse_event_filter(body.get("ephemeral", {})),
        account_data=parse_event_filter(body.get("account_data", {})),
    )


def _object(value: object, name: str) -> Json:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is an object")
    return value


def _limit(body: Json) -> int | None:
    limit = body.get("limit")
    if limit is None:
        return None
    if type(limit) is not int or limit < 0:
        raise ValueError("limit is a positive integer")
    return min(limit, MAX_FILTER_LIMIT)


def _flag(body: Json, name: str) -> bool | None:
    flag = body.get(name)
    if flag is not None and not isinstance(flag, bool):
        raise ValueError(f"{name} is true or false")
    return flag


def _names(body: Json, name: str) -> Names | None:
    names = body.get(name)
    if names is None:
        return None
    if not isinstance(names, list) or len(names) > MAX_FILTER_ENTRIES:
        raise ValueError(f"{name} is a list of at most {MAX_FILTER_ENTRIES} names")
    if not all(isinstance(each, str) and len(each) <= MAX_FILTER_PATTERN for each in names):
        raise ValueError(f"{name} holds something that is not a short string")
    return frozenset(names)


def _users(body: Json, name: str) -> Names | None:
    names = _names(body, name)
    for user_id in names or ():
        parse_user_id(user_id)
    return names


def _rooms(body: Json, name: str) -> Names | None:
    names = _names(body, name)
    for room_id in names or ():
        parse_room_id(room_id)
    return names


def _types(body: Json, name: str) -> TypePattern | None:
    names = _names(body, name)
    if names is None:
        return None
    starred = sorted(each for each in names if "*" in each)
    return TypePattern(names.difference(starred), tuple(tuple(each.split("*")) for each in starred))


def _matches_pieces(pieces: tuple[str, ...], text: str) -> bool:
    """Whether the pieces follow one another in the text, the first at its start and the last at its end."""
    first, last = pieces[0], pieces[-1]
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    position, end = len(first), len(text) - len(last)
    for piece in pieces[1:-1]:
        found = text.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True
