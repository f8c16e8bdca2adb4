from typing import Any

import pytest

from tchap.protocol.auth_rules import AuthRefused, check_auth
from tchap.protocol.power_levels import find_level, power_levels_of
from tchap.protocol.room_versions import ROOM_VERSIONS

from .rooms import ALICE, ALL_VERSIONS, BOB, CHLOE, Room, new_room, with_people


def verdict(version: str, sender: str, before: dict[str, Any] | None, after: dict[str, Any]) -> str:
    """The rule that refuses a change of power levels, "" when it is allowed. Bob has 50 unless said otherwise."""
    room = with_people(new_room(version), BOB, CHLOE)
    if before is None:
        del room.state[("m.room.power_levels", "")]
    else:
        room.set(ALICE, "m.room.power_levels", before)
    event = room.make(sender, "m.room.power_levels", after, state_key="")
    try:
        check_auth(room.version, event, room.state)
    except AuthRefused as refused:
        return refused.rule
    return ""


BASE: dict[str, Any] = {"users": {BOB: 50, CHLOE: 10}, "events": {"m.room.power_levels": 50, "haut": 90}}


def changed(**more: Any) -> dict[str, Any]:
    return {**BASE, **more}


@pytest.mark.parametrize("version", ALL_VERSIONS)
@pytest.mark.parametrize(
    ("after", "rule"),
    [
        (BASE, ""),
        (changed(ban=50), ""),
        (changed(ban=51), "9.5"),
        (changed(users_default=-10), ""),
        (changed(invite=60), "9.5"),
        (changed(events={"m.room.power_levels": 50}), "9.6"),
        (changed(events={"m.room.power_levels": 50, "haut": 10}), "9.6"),
        (changed(events={"m.room.power_levels": 50, "haut": 90, "bas": 51}), "9.6"),
        (changed(events={"m.room.power_levels": 40, "haut": 90, "bas": 50}), ""),
        (changed(users={BOB: 50, CHLOE: 50}), ""),
        (changed(users={BOB: 50, CHLOE: 51}), "9.9"),
        (changed(users={BOB: 51, CHLOE: 10}), "9.9"),
        (changed(users={BOB: 0, CHLOE: 10}), ""),
        (changed(users={CHLOE: 10}), ""),
        (changed(users={BOB: 50}), ""),
        (changed(users=[]), "9.3"),
        (changed(users={"bob": 1}), "9.3"),
        (changed(users={BOB: None}), "9.3"),
        (changed(users={BOB: "fort"}), "9.3"),
        (changed(users={BOB: True}), "9.3"),
    ],
)
def test_a_moderator_changes_levels(version: str, after: dict[str, Any], rule: str) -> None:
    """Bob, at 50, changes what is not above him, in every room version."""
    assert verdict(version, BOB, BASE, after) == rule


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_equals_do_not_demote_each_other(version: str) -> None:
    """One's own level may be lowered, an equal's not."""
    before = changed(users={BOB: 50, CHLOE: 50})
    assert verdict(version, BOB, before, changed(users={BOB: 50, CHLOE: 10})) == "9.8"
    assert verdict(version, BOB, before, changed(users={BOB: 10, CHLOE: 50})) == ""


def test_notification_levels_are_guarded_since_version_6() -> None:
    """Raising the level of @room above oneself was allowed in old rooms."""
    after = changed(notifications={"room": 90})
    for version in ALL_VERSIONS:
        assert verdict(version, BOB, BASE, after) == ("9.6" if int(version) >= 6 else "")


def test_strings_end_with_version_10() -> None:
    """Until version 9 a level may be a string of an integer."""
    for version in ALL_VERSIONS:
        is_new = int(version) >= 10
        assert verdict(version, BOB, BASE, changed(users={BOB: " 0050 ", CHLOE: "+10"})) == ("9.3" if is_new else "")
        assert verdict(version, BOB, BASE, changed(ban="50")) == ("9.1" if is_new else "")
        assert verdict(version, BOB, BASE, changed(events=3)) == ("9.2" if is_new else "9.6")
        assert verdict(version, BOB, BASE, changed(notifications={"room": "1"})) == ("9.2" if is_new else "")


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_the_first_levels_are_free(version: str) -> None:
    """Without levels the creator alone sets the first ones, as high as they like."""
    after = {"users": {CHLOE: 2**53 - 1}}
    assert verdict(version, ALICE, None, after) == ""
    assert verdict(version, BOB, None, after) == "7"


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_levels_of_a_room_without_levels(version: str) -> None:
    """Without an event, the creator has 100 (or reigns), everybody else 0, and state takes 50."""
    room = new_room(version)
    levels = power_levels_of(room.version, room.state[("m.room.create", "")], None)
    assert levels.of_user(BOB) == levels.needed_for("invite") == levels.needed_for_event("m.room.message", False) == 0
    assert levels.of_user(ALICE) == (2**63 if version == "12" else 100)
    wanted = {levels.needed_for_event("m.room.name", True), levels.needed_for("ban"), levels.needed_for("kick")}
    assert wanted | {levels.needed_for("redact"), levels.needed_to_notify("room")} == {50}
    assert levels.may(ALICE, "ban")
    assert not levels.may_send(BOB, "m.room.name", True)


def test_levels_as_written() -> None:
    """Levels come from the event, and from the defaults where it says nothing or nonsense."""
    room = Room(ROOM_VERSIONS["11"])
    create = room.set(ALICE, "m.room.create", {})
    content = {
        "users": {BOB: 7},
        "users_default": 3,
        "events": {"a": 9},
        "events_default": 1,
        "notifications": {"room": 2},
    }
    levels = power_levels_of(room.version, create, room.set(ALICE, "m.room.power_levels", content))
    assert (levels.of_user(BOB), levels.of_user(CHLOE), levels.of_user(ALICE)) == (7, 3, 3)
    assert (levels.needed_for_event("a", True), levels.needed_for_event("b", False)) == (9, 1)
    assert levels.needed_to_notify("room") == 2
    broken = power_levels_of(room.version, create, room.set(ALICE, "m.room.power_levels", {"users": 3, "ban": "x"}))
    assert (broken.of_user(BOB), broken.needed_for("ban")) == (0, 50)


@pytest.mark.parametrize(
    ("version", "value", "level"),
    [
        ("5", 50.57, 50),
        ("5", 5.114698e4, 51146),
        ("5", -1.9, -1),
        ("5", float("inf"), None),
        ("6", 50.57, None),
        ("9", " -100 ", -100),
        ("9", "000100", 100),
        ("9", "0" * 5000 + "7", 7),
        ("9", " -000 ", 0),
        ("9", "1_000", None),
        ("9", "1.5", None),
        ("9", "+-1", None),
        ("9", "٣", None),
        ("9", "", None),
        ("9", "9" * 5000, None),
        ("10", "100", None),
        ("10", True, None),
        ("1", True, None),
        ("1", None, None),
    ],
)
def test_what_a_value_is_worth(version: str, value: object, level: int | None) -> None:
    """Old rooms read strings and floats as their pages say; nothing else is a level."""
    assert find_level(ROOM_VERSIONS[version], value) == level
