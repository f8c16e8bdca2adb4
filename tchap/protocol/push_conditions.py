"""The conditions of push rules, compiled: each is a frozen value that answers whether it holds for an event.

Source: client-server API, "Push Rules: Conditions". Where a condition names its owner it holds a *hole* instead of the
name, so that the rules of many people become the same value.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tchap.base.limits import MAX_PUSH_JOKERS, MAX_PUSH_PATTERN
from tchap.protocol.events import Event, client_format
from tchap.protocol.globs import (
    Glob,
    Path,
    compile_exact,
    compile_whole,
    compile_words,
    find_at,
    has_wildcards,
    parse_path,
)
from tchap.protocol.power_levels import PowerLevels

BODY: Path = ("content", "body")
Scalar = str | int | bool | None


class Hole(Enum):
    """Where the rule's owner is named."""

    USER_ID = "user_id"
    LOCALPART = "localpart"
    DISPLAY_NAME = "display_name"


@dataclass(frozen=True, slots=True)
class Person:
    """Who fills the holes: `display_name` is the one in the room, None when there is none."""

    user_id: str
    localpart: str
    display_name: str | None = None

    def name(self, hole: Hole) -> str | None:
        if hole is Hole.USER_ID:
            return self.user_id
        return self.localpart if hole is Hole.LOCALPART else self.display_name


@dataclass(frozen=True, slots=True)
class PushFacts:
    """An event as push rules see it: `body` is case-folded, None when it is no text."""

    event: Mapping[str, Any]
    body: str | None
    sender: str
    member_count: int
    levels: PowerLevels


@dataclass(frozen=True, slots=True)
class Matches:
    """`event_match` with a glob; anywhere in the words of `content.body`, over the whole of any other property."""

    path: Path
    glob: Glob

    def holds(self, facts: PushFacts, person: Person | None) -> bool:
        if self.path == BODY:
            return facts.body is not None and self.glob.is_in(facts.body)
        value = find_at(facts.event, self.path)
        return isinstance(value, str) and self.glob.is_in(value.casefold())


@dataclass(frozen=True, slots=True)
class Equals:
    """`event_property_is`, and `event_match` without wildcards when `folds` (the value is then case-folded).

    `kind` keeps `true` and 1, equal in Python, from making two different rules one.
    """

    path: Path
    value: Scalar
    kind: type = str
    folds: bool = False

    def holds(self, facts: PushFacts, person: Person | None) -> bool:
        value = find_at(facts.event, self.path)
        if self.folds:
            return isinstance(value, str) and value.casefold() == self.value
        return type(value) is self.kind and bool(value == self.value)


@dataclass(frozen=True, slots=True)
class Contains:
    """`event_property_contains`."""

    path: Path
    value: Scalar
    kind: type = str

    def holds(self, facts: PushFacts, person: Person | None) -> bool:
        values = find_at(facts.event, self.path)
        if not isinstance(values, list):
            return False
        return any(type(value) is self.kind and value == self.value for value in values)


@dataclass(frozen=True, slots=True)
class MemberCount:
    """`room_member_count`."""

    sign: str
    count: int

    def holds(self, facts: PushFacts, person: Person | None) -> bool:
        return _SIGNS[self.sign](facts.member_count, self.count)


@dataclass(frozen=True, slots=True)
class SenderMayNotify:
    """`sender_notification_permission`."""

    key: str

    def holds(self, facts: PushFacts, person: Person | None) -> bool:
        return facts.levels.of_user(facts.sender) >= facts.levels.needed_to_notify(self.key)


@dataclass(frozen=True, slots=True)
class Never:
    """A condition nobody understands never holds."""

    def holds(self, facts: PushFacts, person: Person | None) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class NamesOwner:
    """A property is, or a list contains, the owner's name: a hole filled by look-up."""

    path: Path
    hole: Hole
    in_list: bool

    def holds(self, facts: PushFacts, person: Person | None) -> bool:
        name = None if person is None else person.name(self.hole)
        if name is None:
            return False
        value = find_at(facts.event, self.path)
        return (isinstance(value, list) and name in value) if self.in_list else value == name


@dataclass(frozen=True, slots=True)
class BodyNamesOwner:
    """The body holds the owner's name as whole words (`contains_display_name`, and body patterns that are a name)."""

    hole: Hole

    def holds(self, facts: PushFacts, person: Person | None) -> bool:
        name = None if person is None else person.name(self.hole)
        if not name or facts.body is None or name.casefold() not in facts.body:
            return False
        return compile_exact(name).is_in(facts.body)


Condition = Matches | Equals | Contains | MemberCount | SenderMayNotify | Never | NamesOwner | BodyNamesOwner
HoleCondition = NamesOwner | BodyNamesOwner


def push_facts(event: Event, member_count: int, levels: PowerLevels) -> PushFacts:
    """What the conditions need of an event and its room."""
    body = event.content.get("body")
    folded = body.casefold() if isinstance(body, str) else None
    return PushFacts(client_format(event), folded, event.sender, member_count, levels)


def compile_condition(raw: object, owner: Person) -> Condition:
    """A condition as its owner wrote it, with holes where it names them; `Never` when it is not understood."""
    if not isinstance(raw, dict):
        return Never()
    match raw.get("kind"):
        case "event_match":
            return _compile_match(raw.get("key"), raw.get("pattern"), owner)
        case "event_property_is":
            return _compile_exact(raw, owner, in_list=False)
        case "event_property_contains":
            return _compile_exact(raw, owner, in_list=True)
        case "contains_display_name":
            return BodyNamesOwner(Hole.DISPLAY_NAME)
        case "room_member_count":
            return _compile_count(raw.get("is"))
        case "sender_notification_permission":
            key = raw.get("key")
            return SenderMayNotify(key) if isinstance(key, str) else Never()
        case _:
            return Never()


def compile_body_pattern(pattern: object, owner: Person) -> Condition:
    """The condition of a `content` rule."""
    return _compile_match("content.body", pattern, owner)


def _compile_match(key: object, pattern: object, owner: Person) -> Condition:
    if not isinstance(key, str) or not isinstance(pattern, str):
        return Never()
    if len(pattern) > MAX_PUSH_PATTERN or pattern.count("?") > MAX_PUSH_JOKERS:
        return Never()
    path, hole = parse_path(key), _hole_of(pattern, owner)
    if path == BODY:
        return BodyNamesOwner(hole) if hole and pattern else Matches(path, compile_words(pattern))
    if hole is Hole.USER_ID:
        return NamesOwner(path, hole, in_list=False)
    if has_wildcards(pattern):
        return Matches(path, compile_whole(pattern))
    return Equals(path, pattern.casefold(), folds=True)


def _compile_exact(raw: Mapping[str, Any], owner: Person, in_list: bool) -> Condition:
    key, value = raw.get("key"), raw.get("value")
    if not isinstance(key, str) or "value" not in raw or not isinstance(value, str | int | None):
        return Never()
    path = parse_path(key)
    if value == owner.user_id:
        return NamesOwner(path, Hole.USER_ID, in_list)
    return Contains(path, value, type(value)) if in_list else Equals(path, value, type(value))


def _compile_count(text: object) -> Condition:
    found = _COUNT.fullmatch(text) if isinstance(text, str) else None
    return MemberCount(found[1] or "==", int(found[2])) if found else Never()


def _hole_of(pattern: str, owner: Person) -> Hole | None:
    """A pattern with wildcards is never taken for a name."""
    if has_wildcards(pattern):
        return None
    return next((hole for hole in Hole if owner.name(hole) == pattern), None)


_COUNT = re.compile(r"(==|<=|>=|<|>)?([0-9]{1,9})", re.ASCII)
_SIGNS: Mapping[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
