"""Who administers a room once its last administrator has left."""

from dataclasses import dataclass, field

import pytest

from tchap.base import limits
from tchap.policy.rooms import RoomView
from tchap.policy.succession import plan_succession
from tchap.protocol.auth_rules import check_auth
from tchap.protocol.room_versions import ROOM_VERSIONS
from tests.protocol.rooms import Room

JEAN, MARIE, HELENE, ANNE = (f"@{name}:agent.sante.example.fr" for name in ("jean", "marie", "helene", "anne"))
ZOE, LUC = (f"@{name}:agent.externe.example.fr" for name in ("zoe", "luc"))


@dataclass(frozen=True)
class Case:
    """A room Jean made: its rule, the levels of others, who is in it, and what he leaves behind (None: nothing)."""

    name: str
    users: dict[str, int] = field(default_factory=dict)
    members: tuple[str, ...] = (MARIE, HELENE)
    heirs: dict[str, int] | None = None
    default: int | None = None
    rule: str = "restricted"
    join_rule: str = "invite"
    invited: tuple[str, ...] = ()
    leaver: str = JEAN
    levels: dict[str, object] = field(default_factory=dict)


CASES = [
    Case("another administrator stays", {MARIE: 100}),
    Case("a moderator follows", {MARIE: 50}, heirs={MARIE: 100}),
    Case("every moderator follows", {MARIE: 50, HELENE: 75}, heirs={MARIE: 100, HELENE: 100}),
    Case("a moderator who left does not", {ANNE: 50}, heirs={}, default=100),
    Case("nobody stands out", heirs={}, default=100),
    Case("nobody stands out in public", join_rule="public", heirs={}, default=100),
    Case("a level that is not a moderator's", {MARIE: 25}, heirs={}, default=100),
    Case("open: every agent follows", {}, (MARIE, ZOE, HELENE), {MARIE: 100, HELENE: 100}, rule="unrestricted"),
    Case("open: a moderator follows", {MARIE: 50}, (MARIE, ZOE, HELENE), {MARIE: 100}, rule="unrestricted"),
    Case("open: guests never do", {}, (ZOE, LUC), rule="unrestricted"),
    Case("open: a guest made moderator never does", {ZOE: 50}, (ZOE, MARIE), {MARIE: 100}, rule="unrestricted"),
    Case("direct: the other administers it already", {MARIE: 100}, (MARIE,), rule="direct"),
    Case("a plain member leaves", {MARIE: 100}, leaver=HELENE),
    Case("a moderator leaves", {MARIE: 50}, leaver=MARIE),
    Case("nobody is left", members=()),
    Case("nobody is left, but anybody may come", members=(), join_rule="public", heirs={}, default=100),
    Case("somebody is invited", members=(), invited=(MARIE,), heirs={}, default=100),
    Case("an administrator is invited", {MARIE: 100}, members=(), invited=(MARIE,)),
    Case("open: an agent is invited", members=(), invited=(ZOE, MARIE), heirs={MARIE: 100}, rule="unrestricted"),
    Case("an invited administrator is not there", {ANNE: 100}, invited=(ANNE,), heirs={}, default=100),
    Case("the levels are out of reach", levels={"events": {"m.room.power_levels": 150}}),
]


def build(case: Case, version: str) -> Room:
    room = Room(ROOM_VERSIONS[version])
    create = room.set(JEAN, "m.room.create", {"room_version": version})
    room.room_id = create.room_id
    room.member(JEAN, JEAN, "join")
    own = {} if room.version.creators_reign else {JEAN: 100}
    room.set(JEAN, "im.vector.room.access_rules", {"rule": case.rule, "visibility": "private"})
    room.set(JEAN, "m.room.power_levels", {"users": {**own, **case.users}, "state_default": 100, **case.levels})
    room.set(JEAN, "m.room.join_rules", {"join_rule": case.join_rule})
    for each in case.members:
        room.member(each, each, "join")
    for each in case.invited:
        room.member(JEAN, each, "invite")
    return room


# A creator of version 12 reaches every level.
BOTH = [(case, version) for version in ("11", "12") for case in CASES if version == "11" or not case.levels]


@pytest.mark.parametrize(("case", "version"), BOTH, ids=lambda each: each if isinstance(each, str) else each.name)
def test_the_room_is_handed_over(case: Case, version: str) -> None:
    """Moderators follow, else everybody who may; what is left behind is lawful, and says nothing else anew."""
    room = build(case, version)
    before = room.state["m.room.power_levels", ""].content
    after = plan_succession(RoomView(room.version, room.state), case.leaver)
    if case.heirs is None:
        assert after is None
        return
    assert after is not None
    assert after["users"] == {**before["users"], **case.heirs}
    assert after.get("users_default") == case.default
    assert {**after, "users": 0, "users_default": 0} == {**before, "users": 0, "users_default": 0}
    check_auth(room.version, room.make(JEAN, "m.room.power_levels", after, state_key=""), room.state)


def test_a_crowd_is_named_within_bounds() -> None:
    """Of very many agents those whose membership is oldest follow, so that the levels stay an event."""
    crowd = tuple(f"@{number}:agent.sante.example.fr" for number in range(limits.MAX_NAMED_LEVELS + 50))
    room = build(Case("crowd", members=crowd, rule="unrestricted"), "11")
    after = plan_succession(RoomView(room.version, room.state), JEAN)
    assert after is not None
    assert set(after["users"]) == {JEAN, *crowd[: limits.MAX_NAMED_LEVELS - 1]}
    room.make(JEAN, "m.room.power_levels", after, state_key="")


def test_a_room_without_levels_is_handed_over() -> None:
    """Its creator alone administers a room that has no power levels event."""
    room = build(Case("bare"), "11")
    room.state = {key: event for key, event in room.state.items() if key[0] != "m.room.power_levels"}
    assert plan_succession(RoomView(room.version, room.state), JEAN) == {"users_default": 100}
