"""What a new room's power levels may be, in versions where levels are numbers and in those where text is one."""

import pytest

from tchap.policy.decisions import ALLOWED, Refused
from tchap.policy.room_levels import decide_first_levels, decide_levels, default_power_levels
from tchap.policy.rooms import RoomWish
from tchap.protocol.room_versions import ROOM_VERSIONS

PRIVATE = RoomWish(
    creator_is_external=False, is_public=False, is_direct=False, preset="private_chat", access_rules=None
)
PUBLIC = RoomWish(creator_is_external=False, is_public=True, is_direct=False, preset="public_chat", access_rules=None)
JEAN, ZOE = "@jean:agent.sante.example.fr", "@zoe:agent.externe.example.fr"


@pytest.mark.parametrize(
    ("wish", "content", "is_allowed"),
    [
        (PRIVATE, {}, True),
        (PRIVATE, {"invite": 50, "state_default": 100}, True),
        (PRIVATE, {"invite": 100}, True),
        (PRIVATE, {"invite": 49}, False),
        (PRIVATE, {"state_default": 99}, False),
        (PRIVATE, {"invite": "100"}, False),
        (PRIVATE, {"invite": True}, False),
        (PRIVATE, {"invite": None}, False),
        (PUBLIC, {"invite": 0}, True),
        (PUBLIC, {"state_default": 50}, False),
    ],
)
def test_configuring_takes_an_administrator(wish: RoomWish, content: dict[str, object], is_allowed: bool) -> None:
    """Lower levels, or what only some versions read as one, are the request's fault."""
    asked = {**default_power_levels(wish, {JEAN: 100}), **content}
    decision = decide_first_levels(ROOM_VERSIONS["11"], wish, "restricted", asked)
    assert (decision == ALLOWED) == is_allowed
    assert decision == ALLOWED or (isinstance(decision, Refused) and decision.is_malformed)


def test_what_is_not_said_has_the_level_of_matrix() -> None:
    """Levels that leave `invite` or `state_default` out are lower than Tchap's, but in public rooms for `invite`."""
    assert decide_first_levels(ROOM_VERSIONS["11"], PRIVATE, "restricted", {"users": {JEAN: 100}}) != ALLOWED
    assert decide_first_levels(ROOM_VERSIONS["11"], PUBLIC, "restricted", {"state_default": 100}) == ALLOWED
    assert decide_first_levels(ROOM_VERSIONS["11"], PUBLIC, "restricted", {"invite": 0}) != ALLOWED


@pytest.mark.parametrize(
    ("version", "level", "is_allowed"),
    [("9", "50", False), ("9", "0", True), ("9", " 0", True), ("11", 0, True), ("11", 50, False), ("12", -5, False)],
)
def test_a_guest_has_level_nought_however_it_is_written(version: str, level: object, is_allowed: bool) -> None:
    """As text too, where the room's version takes text for a level."""
    decision = decide_levels(ROOM_VERSIONS[version], "unrestricted", {"users": {JEAN: 100, ZOE: level}})
    assert (decision == ALLOWED) == is_allowed
    default = decide_levels(ROOM_VERSIONS[version], "unrestricted", {"users_default": level})
    assert (default == ALLOWED) == is_allowed
    assert decide_levels(ROOM_VERSIONS[version], "restricted", {"users_default": level}) == ALLOWED
