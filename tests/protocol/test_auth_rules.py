from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tchap.protocol.auth_rules import (
    AuthFacts,
    AuthRefused,
    auth_types_for,
    check_auth,
    check_auth_events,
    check_may_redact,
    is_allowed,
)
from tchap.protocol.events import Event
from tchap.protocol.power_levels import CREATOR_LEVEL, power_levels_of
from tchap.protocol.room_versions import ROOM_VERSIONS
from tchap.protocol.signing import parse_signing_key, sign_json

from .rooms import ALICE, ALL_VERSIONS, BOB, CHLOE, DENIS, Room, State, new_room, with_people

SIGNED = AuthFacts(authoriser_signed=True)


def rule_against(room: Room, event: Event, facts: AuthFacts = SIGNED) -> str:
    """The rule that refuses an event, "" when it is allowed."""
    try:
        check_auth(room.version, event, room.state, facts)
    except AuthRefused as refused:
        return refused.rule
    return ""


def membership(room: Room, sender: str, target: str, value: object, **content: Any) -> str:
    event = room.make(sender, "m.room.member", {"membership": value, **content}, state_key=target)
    return rule_against(room, event)


def versions(first: int = 1, last: int = 12) -> Any:
    return pytest.mark.parametrize("version", [str(number) for number in range(first, last + 1)])


@versions()
def test_a_room_begins(version: str) -> None:
    """A room's first events are allowed in their order: create, the creator's join, power levels, join rules."""
    made = new_room(version)
    state: State = {}
    for event in made.events.values():
        check_auth(made.version, event, state)
        state[(event.type, event.state_key or "")] = event
    assert state == made.state


@versions()
def test_only_the_creator_joins_first(version: str) -> None:
    """Right after the create event nobody but the creator joins."""
    room = new_room(version, "invite")
    create = room.state[("m.room.create", "")]
    first = (create.event_id,)
    event = room.make(BOB, "m.room.member", {"membership": "join"}, state_key=BOB, prev_events=first)
    assert rule_against(room, event) == "4.3.4"


@versions()
def test_create_events(version: str) -> None:
    """A create event follows nothing, comes from the room's own server and names a known version."""
    room = Room(ROOM_VERSIONS[version])
    lawful: dict[str, Any] = {"creator": ALICE, "room_version": version}

    def judged(content: dict[str, Any], sender: str = ALICE, **more: Any) -> str:
        return rule_against(room, room.make(sender, "m.room.create", content, state_key="", **more))

    assert judged(lawful) == ""
    assert judged(lawful, prev_events=("$x",)) == "1.1"
    assert judged({**lawful, "room_version": "inconnue"}) == "1.3"
    assert judged({**lawful, "room_version": 1}) == "1.3"
    assert judged(lawful, sender=CHLOE) == ("" if version == "12" else "1.2")
    assert judged({"room_version": version}) == ("1.4" if int(version) < 11 else "")
    assert judged({**lawful, "additional_creators": ["bob"]}) == ("1.4" if version == "12" else "")
    assert judged({**lawful, "additional_creators": [BOB]}) == ""


def test_version_12_rooms_are_their_create_event() -> None:
    """An event whose room id is not the hash of the create event is refused."""
    room = with_people(new_room("12"))
    room.room_id = "!AnotherRoom"
    assert rule_against(room, room.make(ALICE, "m.room.message", {})) == "2"


@versions()
def test_nothing_without_a_create_event(version: str) -> None:
    """Without a create event nothing is allowed."""
    room = new_room(version)
    event = room.make(ALICE, "m.room.message", {})
    del room.state[("m.room.create", "")]
    assert rule_against(room, event) == "2.4"


@versions()
def test_rooms_limited_to_a_server(version: str) -> None:
    """`m.federate: false` keeps a room to its creator's very server name."""
    room = Room(ROOM_VERSIONS[version])
    create = room.set(ALICE, "m.room.create", {"creator": ALICE, "m.federate": False})
    room.room_id = create.room_id
    room.member(ALICE, ALICE, "join")
    room.set(ALICE, "m.room.join_rules", {"join_rule": "public"})
    assert membership(room, CHLOE, CHLOE, "join") == "3"
    assert membership(room, BOB, BOB, "join") == ""


def test_aliases_of_old_rooms() -> None:
    """Until version 5 a server keeps its own aliases without being in the room; later they are state like any other."""
    for version in ALL_VERSIONS:
        room = new_room(version)
        own = room.make(CHLOE, "m.room.aliases", {}, state_key="mairie.example.fr")
        other = room.make(CHLOE, "m.room.aliases", {}, state_key="prefecture.example.fr")
        message = room.make(CHLOE, "m.room.aliases", {})
        wanted = ["", "4.2", "4.1"] if int(version) < 6 else ["5", "5", "5"]
        assert [rule_against(room, event) for event in (own, other, message)] == wanted


@versions()
def test_memberships_need_a_target(version: str) -> None:
    """A membership event has a state key and a known membership."""
    room = new_room(version)
    assert rule_against(room, room.make(ALICE, "m.room.member", {"membership": "join"})) == "4.1"
    assert rule_against(room, room.make(ALICE, "m.room.member", {}, state_key=ALICE)) == "4.1"
    for value in ("chief", 3, ["join"]):
        assert membership(room, ALICE, ALICE, value) == "4.8"


@versions()
@pytest.mark.parametrize(
    ("join_rule", "before", "first_allowed"),
    [
        ("public", None, 1),
        ("public", "leave", 1),
        ("public", "ban", 99),
        ("invite", None, 99),
        ("invite", "invite", 1),
        ("invite", "join", 1),
        ("knock", None, 99),
        ("knock", "invite", 7),
        ("restricted", None, 99),
        ("restricted", "invite", 8),
        ("knock_restricted", "invite", 10),
        ("private", "invite", 99),
        ("on verra", "join", 99),
    ],
)
def test_joining(version: str, join_rule: str, before: str | None, first_allowed: int) -> None:
    """Who joins by which rule, from the room version that knows the rule on."""
    room = new_room(version, join_rule)
    if before:
        room.member(ALICE, CHLOE, before)
    assert (membership(room, CHLOE, CHLOE, "join") == "") == (int(version) >= first_allowed)


@versions()
def test_nobody_joins_for_another(version: str) -> None:
    """Even the most powerful cannot make somebody join."""
    assert membership(new_room(version), ALICE, CHLOE, "join") == "4.3.2"


@versions(8)
@pytest.mark.parametrize("join_rule", ["restricted", "knock_restricted"])
def test_restricted_joins(version: str, join_rule: str) -> None:
    """A joined member who may invite, and whose server signs, opens a restricted room."""
    room = with_people(new_room(version, invite=50), DENIS)
    room.set(ALICE, "m.room.join_rules", {"join_rule": join_rule})
    if join_rule == "knock_restricted" and int(version) < 10:
        assert membership(room, CHLOE, CHLOE, "join", join_authorised_via_users_server=ALICE) == "4.3.7"
        return
    assert membership(room, CHLOE, CHLOE, "join", join_authorised_via_users_server=ALICE) == ""
    assert membership(room, CHLOE, CHLOE, "join", join_authorised_via_users_server=DENIS) == "4.3.5.2"  # no power
    assert membership(room, CHLOE, CHLOE, "join", join_authorised_via_users_server=BOB) == "4.3.5.2"  # not there
    assert membership(room, CHLOE, CHLOE, "join", join_authorised_via_users_server=3) == "4.3.5.2"
    assert membership(room, CHLOE, CHLOE, "join") == "4.3.5.2"
    content = {"membership": "join", "join_authorised_via_users_server": ALICE}
    unsigned = room.make(CHLOE, "m.room.member", content, state_key=CHLOE)
    assert rule_against(room, unsigned, AuthFacts()) == "4.2.1"


@versions()
def test_inviting(version: str) -> None:
    """A joined member with enough power invites whoever is neither there nor banned."""
    room = with_people(new_room(version, invite=50), BOB, DENIS)
    assert membership(room, BOB, CHLOE, "invite") == ""
    assert membership(room, DENIS, CHLOE, "invite") == "4.4.5"
    assert membership(room, CHLOE, DENIS, "invite") == "4.4.2"
    assert membership(room, BOB, DENIS, "invite") == "4.4.3"
    room.member(ALICE, CHLOE, "ban")
    assert membership(room, BOB, CHLOE, "invite") == "4.4.3"


@versions()
def test_leaving_and_removing(version: str) -> None:
    """People leave when they are in; the powerful remove the less powerful, and lift bans if they may ban."""
    room = with_people(new_room(version, ban=60, kick=50), BOB, CHLOE, DENIS)
    assert membership(room, CHLOE, CHLOE, "leave") == ""
    assert membership(room, BOB, CHLOE, "leave") == ""
    assert membership(room, CHLOE, DENIS, "leave") == "4.5.5"
    assert membership(room, BOB, ALICE, "leave") == "4.5.5"
    room.member(ALICE, DENIS, "ban")
    assert membership(room, BOB, DENIS, "leave") == "4.5.3"
    assert membership(room, ALICE, DENIS, "leave") == ""
    assert membership(room, DENIS, DENIS, "leave") == "4.5.1"
    assert membership(room, DENIS, CHLOE, "leave") == "4.5.2"
    room.member(CHLOE, CHLOE, "leave")
    assert membership(room, CHLOE, CHLOE, "leave") == "4.5.1"


@versions()
def test_banning(version: str) -> None:
    """The powerful ban the less powerful, present or not, and never an equal."""
    room = with_people(new_room(version), BOB, CHLOE)
    assert membership(room, BOB, CHLOE, "ban") == ""
    assert membership(room, BOB, "@inconnu:ailleurs.example.fr", "ban") == ""
    assert membership(room, BOB, BOB, "ban") == "4.6.3"
    assert membership(room, CHLOE, DENIS, "ban") == "4.6.3"
    assert membership(room, DENIS, CHLOE, "ban") == "4.6.1"


@versions()
def test_knocking(version: str) -> None:
    """One knocks for oneself, from version 7 on, where the rule allows it."""
    number = int(version)
    for join_rule, first in (("knock", 7), ("knock_restricted", 10), ("invite", 99)):
        room = new_room(version, join_rule)
        assert (membership(room, CHLOE, CHLOE, "knock") == "") == (number >= first)
    room = new_room(version, "knock")
    assert membership(room, ALICE, CHLOE, "knock") == ("4.7.2" if number >= 7 else "4.8")
    room.member(CHLOE, CHLOE, "knock")
    assert (membership(room, CHLOE, CHLOE, "leave") == "") == (number >= 7)
    assert (membership(room, CHLOE, CHLOE, "knock") == "") == (number >= 7)
    room.member(ALICE, CHLOE, "ban")
    assert membership(room, CHLOE, CHLOE, "knock") == ("4.7.4" if number >= 7 else "4.8")


@versions()
def test_invitations_by_mail(version: str) -> None:
    """An invitation by e-mail comes true only for its token, its user, its sender and its key."""
    key = parse_signing_key("0", b"i" * 32)
    room = with_people(new_room(version, invite=100), BOB)
    pending = {"public_key": "AAAA", "public_keys": [{"public_key": key.public}, "junk"], "display_name": "c…"}
    room.set(ALICE, "m.room.third_party_invite", pending, "jeton")
    signed = sign_json({"mxid": CHLOE, "token": "jeton"}, "identite.example.fr", key)

    def judged(sender: str = ALICE, target: str = CHLOE, **third: Any) -> str:
        return membership(room, sender, target, "invite", third_party_invite={"display_name": "c", **third})

    assert judged(signed=signed) == ""
    assert judged() == "4.4.1.2"
    assert judged(signed={"mxid": CHLOE}) == "4.4.1.3"
    assert judged(signed=signed, target=DENIS) == "4.4.1.4"
    assert judged(signed={**signed, "token": "autre"}) == "4.4.1.5"
    assert judged(signed=signed, sender=BOB) == "4.4.1.6"
    assert judged(signed={**signed, "more": 1}) == "4.4.1.8"
    assert judged(signed={"mxid": CHLOE, "token": "jeton", "signatures": {"x": 3}}) == "4.4.1.8"
    room.member(ALICE, CHLOE, "ban")
    assert judged(signed=signed) == "4.4.1.1"


@versions()
def test_sending(version: str) -> None:
    """Only members send, with the power their event type needs; a user's state key is that user's."""
    room = with_people(new_room(version, events={"m.room.name": 60, "cher": 10}), BOB, CHLOE)
    assert rule_against(room, room.make(CHLOE, "m.room.message", {})) == ""
    assert rule_against(room, room.make(DENIS, "m.room.message", {})) == "5"
    assert rule_against(room, room.make(CHLOE, "cher", {})) == "7"
    assert rule_against(room, room.make(CHLOE, "m.room.topic", {}, state_key="")) == "7"
    assert rule_against(room, room.make(BOB, "m.room.topic", {}, state_key="")) == ""
    assert rule_against(room, room.make(BOB, "m.room.name", {}, state_key="")) == "7"
    assert rule_against(room, room.make(BOB, "fr.example.note", {}, state_key=CHLOE)) == "8"
    assert rule_against(room, room.make(BOB, "fr.example.note", {}, state_key=BOB)) == ""


@versions()
def test_third_party_invite_events(version: str) -> None:
    """To invite by e-mail takes the power to invite, and that alone."""
    room = with_people(new_room(version, invite=50, state_default=100), BOB, CHLOE)
    assert rule_against(room, room.make(BOB, "m.room.third_party_invite", {}, state_key="j")) == ""
    assert rule_against(room, room.make(CHLOE, "m.room.third_party_invite", {}, state_key="j")) == "6.1"


def test_redactions() -> None:
    """Versions 1 and 2 judge redactions in the auth rules, by power or by the ids' domain; later ones do not."""
    for version in ALL_VERSIONS:
        room = with_people(new_room(version), BOB, CHLOE)
        other = room.make(CHLOE, "m.room.redaction", {}, redacts="$x:ailleurs.example.fr")
        own = room.make(CHLOE, "m.room.redaction", {}, redacts="$x:mairie.example.fr")
        powerful = room.make(BOB, "m.room.redaction", {}, redacts="$x:ailleurs.example.fr")
        wanted = ["11.3" if int(version) < 3 else "", "", ""]
        assert [rule_against(room, event) for event in (other, own, powerful)] == wanted


def test_who_may_redact_since_version_3() -> None:
    """Power, or the same server as the author, lets a redaction be applied."""
    room = new_room("11")
    levels = power_levels_of(room.version, *(room.state[(f"m.room.{name}", "")] for name in ("create", "power_levels")))
    check_may_redact(levels, BOB, CHLOE)
    check_may_redact(levels, DENIS, CHLOE)
    with pytest.raises(AuthRefused):
        check_may_redact(levels, DENIS, ALICE)


@versions()
def test_selected_auth_events(version: str) -> None:
    """An event is judged by the state the specification selects; from version 12 on without the create event."""
    room = with_people(new_room(version), BOB)
    law = room.version
    base = {("m.room.power_levels", ""), ("m.room.member", BOB)} | (
        {("m.room.create", "")} if version != "12" else set()
    )
    assert auth_types_for(law, room.make(BOB, "m.room.message", {})) == base
    third = {"third_party_invite": {"signed": {"token": "jeton"}}}
    invite = room.make(BOB, "m.room.member", {"membership": "invite", **third}, state_key=CHLOE)
    rules, target = ("m.room.join_rules", ""), ("m.room.member", CHLOE)
    assert auth_types_for(law, invite) == base | {rules, target, ("m.room.third_party_invite", "jeton")}
    content = {"membership": "join", "join_authorised_via_users_server": ALICE}
    join = room.make(BOB, "m.room.member", content, state_key=BOB)
    assert auth_types_for(law, join) == base | {rules} | ({("m.room.member", ALICE)} if int(version) > 7 else set())
    assert auth_types_for(law, room.make(ALICE, "m.room.create", {"creator": ALICE}, state_key="")) == set()


@versions()
def test_cited_auth_events(version: str) -> None:
    """What an event cites must be selected, single, accepted, of the same room, and have the create event."""
    room = with_people(new_room(version), BOB)
    event = room.make(BOB, "m.room.message", {})
    cited = [room.events[each] for each in event.auth_events]
    check_auth_events(room.version, event, cited)
    create, rules = room.state[("m.room.create", "")], room.state[("m.room.join_rules", "")]
    stranger = new_room(version)
    stranger.room_id = "!autre:prefecture.example.fr"
    foreign = stranger.set(ALICE, "m.room.power_levels", {})
    faults = {
        "2.1": ([*cited, cited[0]], ()),
        "2.2": ([*cited, create if version == "12" else rules], ()),
        "2.3": (cited, (cited[1].event_id,)),
        "2.5": ([each for each in cited if each.type != "m.room.power_levels"] + [foreign], ()),
    }
    if version != "12":
        faults["2.4"] = ([each for each in cited if each.type != "m.room.create"], ())
    for rule, (events, rejected) in faults.items():
        with pytest.raises(AuthRefused) as refused:
            check_auth_events(room.version, event, events, rejected)
        assert refused.value.rule == rule


def test_creators_of_version_12_stand_above_all() -> None:
    """Creators, additional ones too, need no level, cannot be removed, and are refused in the levels."""
    room = Room(ROOM_VERSIONS["12"])
    create = room.set(ALICE, "m.room.create", {"room_version": "12", "additional_creators": [CHLOE]})
    room.room_id = create.room_id
    for person in (ALICE, BOB, CHLOE):
        room.member(person, person, "join")
    room.set(ALICE, "m.room.power_levels", {"users": {BOB: 2**53 - 1}, "events": {"m.room.tombstone": 150}})
    levels = power_levels_of(room.version, create, room.state[("m.room.power_levels", "")])
    assert levels.of_user(ALICE) == levels.of_user(CHLOE) == CREATOR_LEVEL > levels.of_user(BOB)
    assert membership(room, CHLOE, BOB, "ban") == ""
    assert membership(room, BOB, CHLOE, "ban") == "4.6.3"
    assert membership(room, ALICE, CHLOE, "leave") == "4.5.5"
    for users in ({ALICE: 100}, {CHLOE: 0}):
        assert rule_against(room, room.make(BOB, "m.room.power_levels", {"users": users}, state_key="")) == "10.4"


EVENTS = st.tuples(
    st.sampled_from([ALICE, BOB, CHLOE, DENIS]),
    st.sampled_from(["m.room.message", "m.room.member", "m.room.power_levels", "m.room.redaction", "m.room.aliases"]),
    st.sampled_from([None, "", ALICE, CHLOE]),
    st.dictionaries(
        st.sampled_from(["membership", "users", "ban", "third_party_invite", "join_authorised_via_users_server"]),
        st.sampled_from(
            ["join", "invite", "ban", "leave", "knock", {}, {ALICE: 10}, {"signed": {}}, 5, None, [], ALICE]
        ),
    ),
)


@given(st.sampled_from(ALL_VERSIONS), EVENTS)
def test_every_event_gets_the_same_answer_twice(
    version: str, drawn: tuple[str, str, str | None, dict[str, Any]]
) -> None:
    """The rules answer any event, with the same answer each time, and never crash."""
    sender, event_type, state_key, content = drawn
    room = with_people(new_room(version), BOB)
    event = room.make(sender, event_type, content, state_key=state_key)
    assert is_allowed(room.version, event, room.state) == is_allowed(room.version, event, dict(room.state))
