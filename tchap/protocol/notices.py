"""What an event gives people to notice: the result of push rules, per rule class and per person concerned by name."""

from collections.abc import Collection
from dataclasses import dataclass

# The class of everyone who has not touched the default push rules.
DEFAULT_CLASS = 0

MAIN_THREAD = "main"


@dataclass(frozen=True, slots=True)
class ClassNotice:
    """Every member of the class is notified. ``actions`` is JSON, as the rule has them."""

    class_id: int
    highlight: bool
    actions: str


@dataclass(frozen=True, slots=True)
class PersonalNotice:
    """What a person gets instead of what their class gets; the changes are against the class."""

    user_id: str
    notify: bool
    highlight: bool
    notify_change: int
    highlight_change: int
    actions: str


@dataclass(frozen=True, slots=True)
class Notices:
    """All that one event gives.

    ``marks_read``: it was sent by somebody who thereby has read what came before (push module, "Marking notifications
    as read"). ``withdraws``: the event whose notices a redaction takes back.
    """

    classes: tuple[ClassNotice, ...] = ()
    people: tuple[PersonalNotice, ...] = ()
    marks_read: bool = False
    withdraws: str | None = None


NO_NOTICES = Notices()


@dataclass(frozen=True, slots=True)
class Unread:
    """Unread notifications and, among them, highlights."""

    notify: int = 0
    highlight: int = 0

    def plus(self, notify: int, highlight: int) -> "Unread":
        return Unread(self.notify + notify, self.highlight + highlight)


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """The rule classes of a person from a position on: the general one, and those of rooms with rules of their own."""

    from_position: int
    class_id: int
    room_classes: dict[str, int]

    def class_in(self, room_id: str) -> int:
        return self.room_classes.get(room_id, self.class_id)


def class_in_force(versions: tuple[RuleVersion, ...], number: int, room_id: str) -> int:
    """The class of a person in a room after ``number`` changes of their rules."""
    return versions[number - 1].class_in(room_id) if number else DEFAULT_CLASS


def classes_of(versions: tuple[RuleVersion, ...], room_ids: Collection[str]) -> list[int]:
    """Every class a person was ever in, in these rooms."""
    found = {DEFAULT_CLASS}
    for version in versions:
        found.add(version.class_id)
        found.update(class_id for room_id, class_id in version.room_classes.items() if room_id in room_ids)
    return sorted(found)
