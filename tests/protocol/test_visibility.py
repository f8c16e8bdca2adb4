import itertools

import pytest

from tchap.protocol.visibility import Moment, Visibility, may_see, may_see_event, parse_visibility

from .rooms import ALICE, BOB, CHLOE, new_room, with_people

MEMBERSHIPS = ("join", "invite", "knock", "leave", "ban")


@pytest.mark.parametrize("joined_since", [True, False])
@pytest.mark.parametrize("membership", MEMBERSHIPS)
@pytest.mark.parametrize("visibility", ["world_readable", "shared", "invited", "joined"])
def test_the_table(visibility: Visibility, membership: str, joined_since: bool) -> None:
    """Each cell of the specification's table, written out the other way round."""
    seen = {
        "world_readable": True,
        "shared": membership == "join" or joined_since,
        "invited": membership in ("join", "invite"),
        "joined": membership == "join",
    }[visibility]
    assert may_see(Moment(visibility, membership), joined_since) is seen


@pytest.mark.parametrize("value", [None, "", "secret", 3, ["joined"]])
def test_an_unknown_visibility_is_shared(value: object) -> None:
    """What is not understood is `shared`."""
    assert parse_visibility(value) == "shared"


def test_changes_of_visibility_are_seen_from_both_sides() -> None:
    """A stranger sees the room open, and sees it close."""
    room = new_room("11")
    closing = room.make(ALICE, "m.room.history_visibility", {"history_visibility": "joined"}, state_key="")
    opening = room.make(ALICE, "m.room.history_visibility", {"history_visibility": "world_readable"}, state_key="")
    for event, before in ((closing, Moment("world_readable", "leave")), (opening, Moment("joined", "leave"))):
        assert may_see_event(event, CHLOE, before, joined_since=False)
    assert not may_see_event(closing, CHLOE, Moment("invited", "leave"), joined_since=True)


def test_own_memberships_are_seen_from_both_sides() -> None:
    """One sees one's own coming and going, not that of others."""
    room = with_people(new_room("11"), BOB)
    for own, other in itertools.permutations((BOB, CHLOE), 2):
        join = room.make(own, "m.room.member", {"membership": "join"}, state_key=own)
        leave = room.make(own, "m.room.member", {"membership": "leave"}, state_key=own)
        assert may_see_event(join, own, Moment("joined", "leave"), joined_since=False)
        assert may_see_event(leave, own, Moment("joined", "join"), joined_since=False)
        assert not may_see_event(join, other, Moment("joined", "leave"), joined_since=True)
