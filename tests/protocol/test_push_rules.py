from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tchap.protocol.globs import ABSENT, compile_whole, compile_words, find_at, first_word, parse_path
from tchap.protocol.power_levels import power_levels_of
from tchap.protocol.push_rules import (
    KINDS,
    Actions,
    Person,
    PushFacts,
    Rule,
    RuleSet,
    body_words,
    default_rules,
    evaluate,
    evaluate_class,
    evaluate_for_person,
    hole_rules,
    named_users,
    normalise,
    parse_actions,
    parse_rule,
    push_facts,
    reduce_class,
    rule_set_json,
    with_changes,
)

from .rooms import ALICE, BOB, CHLOE, ROOM_ID, new_room, with_people

SILENT = Actions()
NOTIFY = Actions(True)
SOUND = Actions(True, sound="default")
MENTION = Actions(True, True, "default")
HIGHLIGHT = Actions(True, True)
BOB_HERE = Person(BOB, "bob", "Bob M.")


def facts(sender: str, event_type: str, content: dict[str, Any], members: int = 12, **more: Any) -> PushFacts:
    room = with_people(new_room("11", notifications={"room": 50}), BOB, CHLOE)
    levels = power_levels_of(room.version, *(room.state[(f"m.room.{each}", "")] for each in ("create", "power_levels")))
    return push_facts(room.make(sender, event_type, content, **more), members, levels)


def text(body: str, **content: Any) -> PushFacts:
    return facts(ALICE, "m.room.message", {"msgtype": "m.text", "body": body, **content})


def condition(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, **more}


def holds(event: PushFacts, *conditions: dict[str, Any], person: Person = BOB_HERE) -> bool:
    rules = RuleSet(override=(Rule("r", ("notify",), conditions),))
    return evaluate(rules, event, person).notify


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        (text("bonjour"), NOTIFY),
        (text("bonjour", msgtype="m.notice"), SILENT),
        (facts(ALICE, "m.room.message", {"body": "à deux"}, members=2), SOUND),
        (facts(ALICE, "m.room.encrypted", {}, members=2), SOUND),
        (facts(ALICE, "m.room.encrypted", {}), NOTIFY),
        (facts(ALICE, "m.call.invite", {}), Actions(True, sound="ring")),
        (facts(ALICE, "m.reaction", {}), SILENT),
        (facts(ALICE, "fr.example.autre", {}), SILENT),
        (facts(ALICE, "m.room.member", {"membership": "invite"}, state_key=BOB), SOUND),
        (facts(ALICE, "m.room.member", {"membership": "invite"}, state_key=CHLOE), SILENT),
        (facts(ALICE, "m.room.member", {"membership": "ban"}, state_key=BOB), SILENT),
        (facts(ALICE, "m.room.tombstone", {}, state_key=""), HIGHLIGHT),
        (facts(ALICE, "m.room.tombstone", {}), SILENT),
        (facts(ALICE, "m.room.server_acl", {}, state_key=""), SILENT),
        (text("Bob M. et bob sont là"), NOTIFY),
        (text("bonjour", **{"m.mentions": {"user_ids": [CHLOE, BOB]}}), MENTION),
        (text("bonjour", **{"m.mentions": {"user_ids": [CHLOE]}}), NOTIFY),
        (text("bonjour", **{"m.mentions": {"user_ids": BOB}}), NOTIFY),
        (text("bonjour", **{"m.mentions": {"room": True}}), HIGHLIGHT),
        (text("bonjour", **{"m.mentions": {"room": 1}}), NOTIFY),
        (facts(CHLOE, "m.room.message", {"m.mentions": {"room": True}}), NOTIFY),
        (text("* bonsoir", **{"m.relates_to": {"rel_type": "m.replace", "event_id": "$a"}}), SILENT),
        (facts(BOB, "m.room.message", {"body": "moi"}), SILENT),
    ],
)
def test_predefined_rules(event: PushFacts, wanted: Actions) -> None:
    """What a member who changed nothing is notified of."""
    assert evaluate(default_rules(BOB), event, BOB_HERE) == wanted


def test_the_master_switch_is_above_all() -> None:
    """Turned on, `.m.rule.master` silences even mentions and rules of one's own."""
    own = RuleSet(override=(Rule("toujours", ("notify",)),))
    rules = with_changes(BOB, own, {".m.rule.master": (True, None)})
    assert evaluate(rules, text("x", **{"m.mentions": {"user_ids": [BOB]}}), BOB_HERE) == SILENT
    assert evaluate(with_changes(BOB, own, {}), facts(ALICE, "m.reaction", {}), BOB_HERE) == NOTIFY


def test_predefined_rules_may_be_changed() -> None:
    """A predefined rule can be turned off or given other actions, and stays below one's own."""
    rules = with_changes(
        BOB, RuleSet(), {".m.rule.message": (None, ("notify", {"set_tweak": "sound", "value": "ding"}))}
    )
    assert evaluate(rules, text("x"), BOB_HERE) == Actions(True, sound="ding")
    assert evaluate(with_changes(BOB, RuleSet(), {".m.rule.message": (False, None)}), text("x"), BOB_HERE) == SILENT
    assert with_changes(BOB, RuleSet(), {}) == default_rules(BOB)


def test_kinds_in_order() -> None:
    """Override, content, room, sender, underride: the first that matches decides."""
    sounds = {kind: ("notify", {"set_tweak": "sound", "value": kind}) for kind in KINDS}
    whole = RuleSet(
        override=(Rule("o", sounds["override"], (condition("event_match", key="content.body", pattern="alerte"),)),),
        content=(Rule("c", sounds["content"], pattern="cr?e"),),
        room=(Rule(ROOM_ID, sounds["room"]),),
        sender=(Rule(ALICE, sounds["sender"]),),
        underride=(Rule("u", sounds["underride"]),),
    )
    for kind, body in (("override", "ALERTE crue"), ("content", "La CRUE monte"), ("room", "rien")):
        assert evaluate(whole, text(body), BOB_HERE).sound == kind
    assert evaluate(RuleSet(sender=whole.sender, underride=whole.underride), text("x"), BOB_HERE).sound == "sender"
    other = facts(CHLOE, "m.room.message", {"body": "x"})
    assert evaluate(RuleSet(sender=whole.sender, underride=whole.underride), other, BOB_HERE).sound == "underride"


@pytest.mark.parametrize(
    ("pattern", "value", "found"),
    [
        ("lunc?*", "Lunch plans", True),
        ("lunc?*", "LUNCH", True),
        ("lunc?*", " lunch", False),
        ("lunc?*", "lunc", False),
        ("été", "ÉTÉ", True),
        ("a.c", "abc", False),
        ("*", "", True),
        ("a*b*c", "aXbYc", True),
        ("a*b*c", "acb", False),
        ("line*end", "line\nend", True),
    ],
)
def test_patterns_of_whole_values(pattern: str, value: str, found: bool) -> None:
    """`event_match` covers the whole value, whatever the case."""
    event = facts(ALICE, "m.room.topic", {"topic": value}, state_key="")
    assert holds(event, condition("event_match", key="content.topic", pattern=pattern)) is found


@pytest.mark.parametrize(
    ("pattern", "body", "found"),
    [
        ("ex*ple", "An example event.", True),
        ("ex*ple", "exple", True),
        ("ex*ple", "An exciting triple-whammy", True),
        ("ex*ple", "examples", False),
        ("chat", "Le chat, là.", True),
        ("chat", "achat", False),
        ("chat", "chat_noir", False),
        ("chat", "éléchaté chat9 chat", True),
        ("c++", "vive le C++ !", True),
    ],
)
def test_patterns_of_bodies(pattern: str, body: str, found: bool) -> None:
    """In `content.body` a pattern matches whole words anywhere."""
    assert holds(text(body), condition("event_match", key="content.body", pattern=pattern)) is found
    assert evaluate(RuleSet(content=(Rule("c", ("notify",), pattern=pattern),)), text(body), BOB_HERE).notify is found


def test_patterns_never_hang() -> None:
    """A hundred stars against a long text are answered at once."""
    assert not compile_words("a*" * 100 + "b").is_in("a" * 60_000)
    assert not compile_whole("*a" * 100 + "?b").is_in("a" * 60_000)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [(True, True), (1, False), ("true", False), (None, False)],
)
def test_exact_values(wanted: object, found: bool) -> None:
    """Exact conditions tell true from 1 and from "true", alone and in lists."""
    event = facts(ALICE, "m.room.create", {"m.federate": True, "list": [True, {"a": 1}]}, state_key="")
    assert holds(event, condition("event_property_is", key=r"content.m\.federate", value=wanted)) is found
    assert holds(event, condition("event_property_contains", key="content.list", value=wanted)) is found


def test_absent_and_null() -> None:
    """Null is a value; an absent property matches nothing, not even a star."""
    event = facts(ALICE, "a", {"nul": None})
    assert holds(event, condition("event_property_is", key="content.nul", value=None))
    for key in ("content.rien", "content.nul.x", "rien"):
        assert not holds(event, condition("event_property_is", key=key, value=None))
        assert not holds(event, condition("event_match", key=key, pattern="*"))


@pytest.mark.parametrize(
    ("stated", "found"),
    [("12", True), ("==12", True), (">11", True), ("<12", False), (">=13", False), ("<=12", True), ("", False)]
    + [(bad, False) for bad in ("12.0", "=12", "> 11", "١٢", 12, None)],
)
def test_member_counts(stated: object, found: bool) -> None:
    """`room_member_count` compares as its prefix says; nonsense never matches."""
    assert holds(text("x"), condition("room_member_count", **{"is": stated})) is found


@pytest.mark.parametrize(
    "unknown",
    [
        condition("device", profile_tag="x"),
        {},
        condition("event_match", key="type"),
        condition("event_match", pattern="x"),
        condition("event_match", key="type", pattern="?" * 33),
        condition("event_property_is", key="type"),
        condition("sender_notification_permission"),
    ],
)
def test_unknown_conditions_never_match(unknown: dict[str, Any]) -> None:
    """A condition that is not understood disables its rule."""
    assert not holds(text("x"), unknown)


def test_display_names() -> None:
    """The old condition looks for the name in the room as whole words, stars and all."""
    named = condition("contains_display_name")
    assert holds(text("Merci bob m. !"), named)
    assert not holds(text("Bob Martin"), named)
    assert not holds(text("bob"), named, person=Person(BOB, "bob", None))
    assert not holds(text("étoile"), named, person=Person(BOB, "bob", "*"))
    assert holds(text("une * ici"), named, person=Person(BOB, "bob", "*"))


@pytest.mark.parametrize(
    ("dotted", "path"),
    [
        ("content.body", ("content", "body")),
        (r"content.m\.relates_to.rel_type", ("content", "m.relates_to", "rel_type")),
        (r"content.m\\foo", ("content", r"m\foo")),
        (r"a\x.b", (r"a\x", "b")),
        ("a..b", ("a", "", "b")),
        (r"a\.", ("a.",)),
        ("a\\", ("a\\",)),
        ("", ("",)),
    ],
)
def test_dotted_paths(dotted: str, path: tuple[str, ...]) -> None:
    """A backslash escapes dots and backslashes, and nothing else."""
    assert parse_path(dotted) == path


@given(st.lists(st.text("ab.\\m", max_size=4), min_size=1, max_size=4))
def test_paths_come_back(path: list[str]) -> None:
    """A path escaped as the appendix says is read back, and finds its value."""
    dotted = ".".join(name.replace("\\", "\\\\").replace(".", "\\.") for name in path)
    assert parse_path(dotted) == tuple(path)
    value: Any = 5
    for name in reversed(path):
        value = {name: value}
    assert find_at(value, parse_path(dotted)) == 5
    assert find_at({}, parse_path(dotted)) is ABSENT


def test_people_who_wrote_nothing_share_a_class() -> None:
    """The predefined rules of different people are one class, whatever they are called."""
    classes = {
        normalise(default_rules(user), user, user[1:].partition(":")[0], name)
        for user, name in ((ALICE, "Alice"), (BOB, None), (CHLOE, "Chloé"))
    }
    assert len(classes) == 1


def test_own_names_become_holes() -> None:
    """People who watch for their own name share a class; true and 1 stay apart."""

    def own(user: str, localpart: str, name: str) -> RuleSet:
        by_name = condition("event_match", key="content.body", pattern=name)
        return RuleSet(
            override=(Rule(f"r{user}", ("notify",), (by_name,)),), content=(Rule(user, (), pattern=localpart),)
        )

    alice = normalise(own(ALICE, "alice", "Alice"), ALICE, "alice", "Alice")
    assert alice == normalise(own(BOB, "bob", "Bob M."), BOB, "bob", "Bob M.")
    assert alice != normalise(own(BOB, "bob", "Chloé"), BOB, "bob", "Bob M.")
    flag, one = (
        RuleSet(override=(Rule("r", (), (condition("event_property_is", key="a", value=v),)),)) for v in (True, 1)
    )
    assert normalise(flag, BOB, "bob", None) != normalise(one, BOB, "bob", None)


def test_reduction_to_a_room() -> None:
    """Rules about other rooms go, and so does all that a rule without conditions hides."""
    muted = (condition("event_match", key="room_id", pattern="!bruit:a.fr"),)
    rules = RuleSet(
        override=(Rule("m", (), muted),), room=(Rule("!utile:a.fr", ("notify",)),), underride=(Rule("u", ()),)
    )
    whole = normalise(rules, BOB, "bob", None)
    assert [len(reduce_class(whole, room).rules) for room in ("!bruit:a.fr", "!utile:a.fr", "!autre:a.fr")] == [1, 1, 1]
    kept = reduce_class(whole, "!utile:a.fr").rules[0]
    assert (kept.conditions, kept.actions) == ((), NOTIFY)
    assert reduce_class(whole, "!autre:a.fr") == reduce_class(whole, "!encore:a.fr")


BODIES = st.text("bobBOB M.élice@:*? _", max_size=30)
NAMES = st.text("boB M.é*", max_size=6)
CONDITIONS = st.one_of(
    st.builds(condition, st.just("contains_display_name")),
    st.builds(condition, st.just("event_match"), key=st.just("content.body"), pattern=NAMES | st.just(BOB)),
    st.builds(
        condition, st.just("event_match"), key=st.sampled_from(["state_key", "type"]), pattern=NAMES | st.just(BOB)
    ),
    st.builds(
        condition,
        st.sampled_from(["event_property_contains", "event_property_is"]),
        key=st.sampled_from([r"content.m\.mentions.user_ids", "content.whom"]),
        value=st.just(BOB) | NAMES,
    ),
    st.builds(condition, st.just("room_member_count"), **{"is": st.sampled_from(["2", ">5"])}),
)
RULES = st.lists(
    st.builds(
        Rule,
        st.just("r"),
        st.sampled_from([("notify",), (), ("notify", {"set_tweak": "highlight"})]),
        st.lists(CONDITIONS, max_size=2).map(tuple),
    ),
    max_size=4,
).map(tuple)


@given(RULES, RULES, BODIES, st.lists(st.sampled_from([ALICE, BOB, CHLOE]), max_size=2), NAMES | st.none())
def test_classes_answer_as_persons_do(
    override: tuple[Rule, ...], underride: tuple[Rule, ...], body: str, mentions: list[str], name: str | None
) -> None:
    """Whoever an event does not name gets the answer of their class; reduction to the room changes no answer."""
    rules = with_changes(BOB, RuleSet(override=override, underride=underride), {})
    event = text(body, **{"m.mentions": {"user_ids": mentions}, "whom": mentions[0] if mentions else None})
    person = Person(BOB, "bob", name)
    rule_class = normalise(rules, BOB, "bob", name)
    exact = evaluate(rules, event, person)
    assert evaluate_for_person(reduce_class(rule_class, ROOM_ID), event, person) == exact
    holes, words = hole_rules(rule_class), body_words(event)
    names = [person.user_id, person.localpart, *([name] if name else [])]
    may_be_worded = any(first_word(each) in words | {""} for each in names)
    if BOB not in named_users(holes, event) and not may_be_worded:
        assert evaluate_class(rule_class, event) == exact


@given(RULES, BODIES, st.sampled_from(["", "Bob M.", "B*b", "été"]))
def test_classes_forget_nothing(override: tuple[Rule, ...], body: str, name: str) -> None:
    """A class filled with its owner's names answers as the same rules of somebody it holds no name of."""
    event = text(body)
    stranger = Person("@zoe:ailleurs.example.fr", "zoe", "Zoé")
    rules = RuleSet(override=tuple(rule for rule in override if "contains_display_name" not in str(rule.conditions)))
    literal = normalise(rules, stranger.user_id, stranger.localpart, stranger.display_name)
    owned = normalise(rules, BOB, "bob", name)
    assert evaluate_for_person(owned, event, Person(BOB, "bob", name)) == evaluate_for_person(literal, event, stranger)


@pytest.mark.parametrize(
    ("kind", "rule_id", "body"),
    [
        ("override", ".m.rule.mienne", {"actions": []}),
        ("override", "a/b", {"actions": []}),
        ("override", "a\\b", {"actions": []}),
        ("override", "", {"actions": []}),
        ("override", "r", {}),
        ("override", "r", {"actions": [3]}),
        ("override", "r", {"actions": [{"sound": "x"}]}),
        ("override", "r", {"actions": [], "conditions": {}}),
        ("override", "r", {"actions": [], "conditions": [{}]}),
        ("override", "r", {"actions": [], "conditions": [{"kind": "x"}] * 33}),
        ("content", "r", {"actions": []}),
        ("content", "r", {"actions": [], "pattern": "x" * 513}),
        ("room", "r", {"actions": []}),
        ("sender", "r", {"actions": []}),
    ],
)
def test_malformed_rules(kind: Any, rule_id: str, body: dict[str, Any]) -> None:
    """A rule of a wrong shape, or with a predefined name, is refused."""
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        parse_rule(kind, rule_id, body)


def test_rules_as_clients_see_them() -> None:
    """What a client wrote comes back in its place, the historical actions left out."""
    rule = parse_rule("content", "r", {"actions": ["notify", "coalesce"], "pattern": "crue"})
    shown = rule_set_json(with_changes(BOB, RuleSet(content=(rule,)), {}))
    wanted = {"rule_id": "r", "default": False, "enabled": True, "actions": ["notify"], "pattern": "crue"}
    assert shown["content"] == [wanted]
    assert shown["room"] == shown["sender"] == []
    assert len(shown["override"]) == 10
    assert len(shown["underride"]) == 5
    assert shown["override"][0] == {
        "rule_id": ".m.rule.master",
        "default": True,
        "enabled": False,
        "actions": [],
        "conditions": [],
    }
    assert shown["override"][2]["conditions"][2]["pattern"] == BOB


def test_actions_and_tweaks() -> None:
    """Highlight without a value is true; other tweaks travel on; tweaks without `notify` do nothing."""
    tweaks: list[Any] = [{"set_tweak": "highlight"}, {"set_tweak": "fr.example.lampe", "value": {"rouge": 1}}]
    rules = RuleSet(override=(Rule("r", parse_actions(["notify", *tweaks])),))
    wanted = Actions(True, True, None, (("fr.example.lampe", b'{"rouge":1}'),))
    assert evaluate(rules, text("x"), BOB_HERE) == wanted
    assert evaluate(RuleSet(override=(Rule("r", tuple(tweaks)),)), text("x"), BOB_HERE) == SILENT
    off = ("notify", {"set_tweak": "highlight", "value": False})
    assert evaluate(RuleSet(override=(Rule("r", off),)), text("x"), BOB_HERE) == NOTIFY
