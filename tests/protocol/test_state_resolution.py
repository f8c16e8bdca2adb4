from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tchap.protocol.auth_rules import StateKey, is_allowed
from tchap.protocol.state_graph import auth_chain, auth_difference, conflicted_subgraph
from tchap.protocol.state_resolution import resolve

from .rooms import ALICE, ALL_VERSIONS, BOB, CHLOE, DENIS, Room, State, new_room, with_people

Ids = dict[StateKey, str]
MODERN = ["2", "6", "11", "12"]
TOPIC = ("m.room.topic", "")
LEVELS = ("m.room.power_levels", "")


def ids_of(state: State) -> Ids:
    return {key: event.event_id for key, event in state.items()}


def fork(room: Room, *actions: Any) -> list[Ids]:
    """The states of branches that all begin at the room's state; an action sets events in its branch."""
    start, branches = room.state, []
    for act in actions:
        room.state = start
        act()
        branches.append(room.ids)
    room.state = start
    return branches


def resolved(room: Room, branches: list[Ids]) -> Ids:
    return resolve(room.version, branches, room.events)


def powers(room: Room, users: dict[str, int]) -> tuple[str, dict[str, Any]]:
    """Power levels in which Alice keeps her 100 where creators do not reign by themselves."""
    lasting = {} if room.version.creators_reign else {ALICE: 100}
    return "m.room.power_levels", {"users": {**lasting, **users}}


def forum(version: str) -> Room:
    """Alice at 100 (or creator), Bob at 50, Chloé and Denis at 0, all joined."""
    return with_people(new_room(version), BOB, CHLOE, DENIS)


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_without_conflict_nothing_changes(version: str) -> None:
    """States that agree resolve to themselves, and no state at all to nothing."""
    room = forum(version)
    assert resolved(room, [room.ids, dict(room.ids)]) == room.ids
    assert resolved(room, []) == {}


@pytest.mark.parametrize("version", MODERN)
def test_a_ban_beats_what_the_banned_did_meanwhile(version: str) -> None:
    """Denis is banned on one side and changes the topic on the other: the ban holds and his topic falls."""
    room = forum(version)
    room.set(ALICE, *powers(room, {DENIS: 50}))
    branches = fork(
        room,
        lambda: room.member(ALICE, DENIS, "ban"),
        lambda: room.set(DENIS, "m.room.topic", {"topic": "À moi"}),
    )
    after = resolved(room, branches)
    assert after == branches[0]
    assert TOPIC not in after


@pytest.mark.parametrize("version", MODERN)
def test_a_ban_and_a_power_change_both_hold(version: str) -> None:
    """Alice bans Chloé on one side and raises Denis on the other: nothing stands in the way of either."""
    room = forum(version)
    branches = fork(
        room,
        lambda: room.member(ALICE, CHLOE, "ban"),
        lambda: room.set(ALICE, *powers(room, {BOB: 50, DENIS: 50})),
    )
    after = resolved(room, branches)
    assert after[("m.room.member", CHLOE)] == branches[0][("m.room.member", CHLOE)]
    assert after[LEVELS] == branches[1][LEVELS]


@pytest.mark.parametrize("version", MODERN)
def test_the_more_powerful_wins_an_admin_fight(version: str) -> None:
    """Alice demotes Bob while Bob, later on his clock or earlier, bans Chloé: hers comes first, his ban falls."""
    for bobs_time in (1, 10**12):
        room = forum(version)
        branches = fork(
            room,
            lambda room=room: room.set(ALICE, *powers(room, {})),
            lambda room=room, ts=bobs_time: room.set(
                BOB, "m.room.member", {"membership": "ban"}, state_key=CHLOE, ts=ts
            ),
        )
        after = resolved(room, branches)
        assert after[LEVELS] == branches[0][LEVELS]
        assert room.events[after[("m.room.member", CHLOE)]].content["membership"] == "join"


@pytest.mark.parametrize("version", MODERN)
def test_the_weaker_ban_falls(version: str) -> None:
    """Bob bans Denis while Denis, who has no power, bans Bob: only the first ban holds."""
    room = forum(version)
    branches = fork(
        room,
        lambda: room.member(BOB, DENIS, "ban"),
        lambda: room.member(DENIS, BOB, "ban"),
    )
    after = resolved(room, branches)
    assert after[("m.room.member", DENIS)] == branches[0][("m.room.member", DENIS)]
    assert room.events[after[("m.room.member", BOB)]].content["membership"] == "join"


@pytest.mark.parametrize("version", MODERN)
def test_forked_topics(version: str) -> None:
    """Of two topics on the same power levels the later one stands; newer power levels beat a later clock."""
    room = forum(version)
    both = fork(
        room,
        lambda: room.set(BOB, "m.room.topic", {"topic": "tôt"}, ts=5000),
        lambda: room.set(BOB, "m.room.topic", {"topic": "tard"}, ts=6000),
    )
    assert resolved(room, both)[TOPIC] == both[1][TOPIC]

    def under_new_levels() -> None:
        room.set(ALICE, *powers(room, {BOB: 60}))
        room.set(BOB, "m.room.topic", {"topic": "nouvelles règles"}, ts=2000)

    branches = fork(room, lambda: room.set(BOB, "m.room.topic", {"topic": "tard"}, ts=9000), under_new_levels)
    assert resolved(room, branches) == branches[1]


@pytest.mark.parametrize("version", MODERN)
def test_join_rules_are_weighed_before_joins(version: str) -> None:
    """A room closed on one side keeps out who joined on the other, unless they were let in before."""
    room = with_people(new_room(version), BOB)
    branches = fork(
        room,
        lambda: room.set(ALICE, "m.room.join_rules", {"join_rule": "invite"}),
        lambda: room.member(CHLOE, CHLOE, "join"),
    )
    after = resolved(room, branches)
    assert after[("m.room.join_rules", "")] == branches[0][("m.room.join_rules", "")]
    assert ("m.room.member", CHLOE) not in after


@pytest.mark.parametrize("version", MODERN)
def test_a_forked_chain_of_power(version: str) -> None:
    """Bob is raised and then demotes nobody above him: a chain that leans on a refused event falls with it."""
    room = forum(version)

    def coup() -> None:
        room.set(BOB, *powers(room, {BOB: 100, CHLOE: 100}))  # above his own: never lawful
        room.set(CHLOE, "m.room.topic", {"topic": "Le pouvoir est à nous"})

    branches = fork(room, lambda: room.set(ALICE, "m.room.topic", {"topic": "Calme"}), coup)
    after = resolved(room, branches)
    assert after[LEVELS] == room.ids[LEVELS]
    assert after[TOPIC] == branches[0][TOPIC]


def test_version_12_does_not_fall_back_to_old_state() -> None:
    """A member missing on one side is rebuilt from the events that lead to the conflict, starting from nothing."""
    room = forum("12")
    early = dict(room.ids)
    room.member(ALICE, CHLOE, "ban")
    room.member(ALICE, CHLOE, "leave")
    late = dict(room.ids)
    after = resolved(room, [early, late])
    assert room.events[after[("m.room.member", CHLOE)]].content["membership"] == "leave"
    conflicted = {early[("m.room.member", CHLOE)], late[("m.room.member", CHLOE)]}
    subgraph = conflicted_subgraph(conflicted, room.events)
    bans = {each.event_id for each in room.events.values() if each.content.get("membership") == "ban"}
    assert bans <= subgraph
    assert conflicted <= subgraph


def test_version_1_takes_the_chain_of_depth() -> None:
    """Version 1 starts from the shallowest power levels and takes each deeper one it allows."""
    room = forum("1")
    branches = fork(
        room,
        lambda: room.set(ALICE, *powers(room, {BOB: 60}), depth=20),
        lambda: room.set(BOB, *powers(room, {BOB: 40}), depth=21),
    )
    assert resolved(room, branches)[LEVELS] == branches[1][LEVELS]
    unlawful = fork(
        room,
        lambda: room.set(ALICE, *powers(room, {BOB: 60}), depth=20),
        lambda: room.set(CHLOE, *powers(room, {CHLOE: 40}), depth=21),
    )
    assert resolved(room, unlawful)[LEVELS] == unlawful[0][LEVELS]


def test_version_1_other_state() -> None:
    """Version 1 takes the deepest topic that is allowed, and a key only one side has is no conflict."""
    room = forum("1")
    branches = fork(
        room,
        lambda: room.set(BOB, "m.room.topic", {"topic": "haut"}, depth=30),
        lambda: room.set(CHLOE, "m.room.topic", {"topic": "profond, mais sans droit"}, depth=40),
        lambda: room.set(BOB, "m.room.name", {"name": "seul"}),
    )
    after = resolved(room, branches)
    assert after[TOPIC] == branches[0][TOPIC]
    assert after[("m.room.name", "")] == branches[2][("m.room.name", "")]


def test_auth_difference_is_what_its_definition_says() -> None:
    """The short way round gives what the plain definition gives."""
    room = forum("11")
    branches = fork(
        room,
        lambda: (room.set(ALICE, *powers(room, {BOB: 60})), room.set(BOB, "m.room.topic", {"topic": "a"})),
        lambda: room.member(ALICE, CHLOE, "ban"),
    )
    chains = [auth_chain(branch.values(), room.events) for branch in branches]
    unconflicted = dict(branches[0].items() & branches[1].items())
    plain = set.union(*chains) - set.intersection(*chains)
    assert auth_difference(branches, unconflicted, room.events) == plain


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from([ALICE, BOB, CHLOE, DENIS]),
        st.sampled_from(["topic", "name", "powers", "rules", "ban", "leave", "join", "invite"]),
        st.sampled_from([ALICE, BOB, CHLOE, DENIS]),
        st.integers(0, 3),
    ),
    max_size=6,
)


def play(room: Room, sender: str, action: str, target: str, number: int) -> None:
    """An action if the room's rules allow it where it stands."""
    event_type, content, key = {
        "topic": ("m.room.topic", {"topic": str(number)}, ""),
        "name": ("m.room.name", {"name": str(number)}, ""),
        "powers": (*powers(room, {BOB: 25 * number, target: 25 * number} if target != ALICE else {BOB: 50}), ""),
        "rules": ("m.room.join_rules", {"join_rule": ["public", "invite"][number % 2]}, ""),
    }.get(action, ("m.room.member", {"membership": action}, sender if action == "join" else target))
    event = room.make(sender, event_type, content, state_key=key, ts=1000 + number)
    if is_allowed(room.version, event, room.state):
        room.state = {**room.state, (event_type, key): event}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ALL_VERSIONS), st.lists(ACTIONS, min_size=2, max_size=3), st.randoms(use_true_random=False))
def test_order_does_not_matter(version: str, stories: list[list[tuple[str, str, str, int]]], random: Any) -> None:
    """Whatever people did on each side, every order of the sides gives the same state, which then stays."""
    room = forum(version)
    start, branches = room.state, []
    for story in stories:
        room.state = start
        for step in story:
            play(room, *step)
        branches.append(room.ids)
    after = resolved(room, branches)
    shuffled = [dict(random.sample(list(each.items()), len(each))) for each in random.sample(branches, len(branches))]
    assert resolved(room, [*shuffled, shuffled[0]]) == after
    assert resolved(room, [after, after]) == after
    assert after[("m.room.create", "")] == ids_of(start)[("m.room.create", "")]
    assert set(after) <= {key for branch in branches for key in branch}
