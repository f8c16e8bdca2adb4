"""Push rules: what a person wrote, and whom an event notifies.

Source: client-server API, "Push Rules". Rules are kept as written (`Rule`, `RuleSet`) and evaluated compiled
(`RuleClass`): the owner's user id, localpart and room display name become holes, names of rules are dropped, and every
kind becomes a list of conditions. People who wrote the same rules, most often none, then share one class. An event is
judged once per class for the members it does not name (`evaluate_class`), and once for each person it does name
(`evaluate_for_person`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from tchap.base.limits import MAX_PUSH_CONDITIONS, MAX_PUSH_PATTERN
from tchap.protocol.canonical import encode_lenient
from tchap.protocol.globs import find_at, words_of
from tchap.protocol.identifiers import parse_room_id, parse_user_id
from tchap.protocol.push_conditions import (
    BodyNamesOwner,
    Condition,
    Equals,
    Hole,
    HoleCondition,
    NamesOwner,
    Never,
    Person,
    PushFacts,
    compile_body_pattern,
    compile_condition,
    push_facts,
)
from tchap.protocol.push_defaults import MASTER, Default, override_rules, underride_rules

__all__ = [
    "KINDS",
    "Actions",
    "Hole",
    "Person",
    "PushFacts",
    "Rule",
    "RuleClass",
    "RuleSet",
    "body_words",
    "default_rules",
    "evaluate",
    "evaluate_class",
    "evaluate_for_person",
    "hole_rules",
    "named_users",
    "normalise",
    "parse_actions",
    "parse_rule",
    "push_facts",
    "reduce_class",
    "rule_json",
    "rule_set_json",
    "with_changes",
]

Kind = Literal["override", "content", "room", "sender", "underride"]
KINDS: tuple[Kind, ...] = ("override", "content", "room", "sender", "underride")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as written; `conditions` are those of `override` and `underride`, `pattern` that of `content` rules."""

    rule_id: str
    actions: tuple[Any, ...]
    conditions: tuple[Any, ...] = ()
    pattern: str | None = None
    enabled: bool = True
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of a person, each kind in order of priority."""

    override: tuple[Rule, ...] = ()
    content: tuple[Rule, ...] = ()
    room: tuple[Rule, ...] = ()
    sender: tuple[Rule, ...] = ()
    underride: tuple[Rule, ...] = ()

    def of_kind(self, kind: Kind) -> tuple[Rule, ...]:
        rules: tuple[Rule, ...] = getattr(self, kind)
        return rules


@dataclass(frozen=True, slots=True)
class Actions:
    """What a matching rule does. `tweaks` are the other tweaks and their JSON, passed on to the push gateway."""

    notify: bool = False
    highlight: bool = False
    sound: str | None = None
    tweaks: tuple[tuple[str, bytes], ...] = ()


NOTHING = Actions()


@dataclass(frozen=True, slots=True)
class ClassRule:
    """One rule without its name and its owner."""

    conditions: tuple[Condition, ...]
    actions: Actions


@dataclass(frozen=True, slots=True)
class RuleClass:
    """The enabled rules in order of priority; equal for all who wrote the same. Hashable."""

    rules: tuple[ClassRule, ...]


def default_rules(user_id: str) -> RuleSet:
    """The predefined rules of an account that has changed nothing."""
    return RuleSet(
        override=tuple(_default(rule) for rule in override_rules(user_id)),
        underride=tuple(_default(rule) for rule in underride_rules()),
    )


def _default(rule: Default) -> Rule:
    rule_id, conditions, actions = rule
    return Rule(rule_id, actions, conditions, enabled=rule_id != MASTER, is_default=True)


def with_changes(
    user_id: str, own: RuleSet, changes: Mapping[str, tuple[bool | None, tuple[Any, ...] | None]]
) -> RuleSet:
    """All rules of a person: their `own` ones and the predefined ones in their places.

    `changes` are theirs to predefined rules, by rule id: (enabled, actions), None where unchanged. The master rule
    stands above all, the other predefined rules below those a person wrote ("Predefined Rules").
    """
    defaults = default_rules(user_id)
    master, *override = (_changed(rule, changes) for rule in defaults.override)
    underride = (_changed(rule, changes) for rule in defaults.underride)
    return replace(own, override=(master, *own.override, *override), underride=(*own.underride, *underride))


def _changed(rule: Rule, changes: Mapping[str, tuple[bool | None, tuple[Any, ...] | None]]) -> Rule:
    enabled, actions = changes.get(rule.rule_id, (None, None))
    return replace(
        rule,
        enabled=rule.enabled if enabled is None else enabled,
        actions=rule.actions if actions is None else actions,
    )


def parse_rule(kind: Kind, rule_id: str, body: Mapping[str, Any]) -> Rule:
    """A rule somebody asks for (`PUT /pushrules/…`). ValueError when it has the wrong shape."""
    if rule_id.startswith("."):
        raise ValueError("names that begin with a dot are those of predefined rules")
    if not rule_id or "/" in rule_id or "\\" in rule_id:
        raise ValueError("a rule's name is not empty and holds no slash")
    if kind == "room":
        parse_room_id(rule_id)
    if kind == "sender":
        parse_user_id(rule_id)
    actions = parse_actions(body.get("actions"))
    if kind == "content":
        return Rule(rule_id, actions, pattern=_parse_pattern(body.get("pattern")))
    conditions = _parse_conditions(body.get("conditions", [])) if kind in ("override", "underride") else ()
    return Rule(rule_id, actions, conditions)


def parse_actions(value: object) -> tuple[Any, ...]:
    """The list of actions of a rule, without the historical ones. ValueError when it has the wrong shape."""
    if not isinstance(value, list):
        raise ValueError("actions is a list")
    for action in value:
        is_tweak = isinstance(action, dict) and isinstance(action.get("set_tweak"), str)
        if not is_tweak and not isinstance(action, str):
            raise ValueError("an action is a string or sets a tweak")
    # "Historical Actions": ignored, for instance by stripping them.
    return tuple(action for action in value if action not in ("dont_notify", "coalesce"))


def _parse_pattern(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_PUSH_PATTERN:
        raise ValueError("pattern is a short string")
    return value


def _parse_conditions(value: object) -> tuple[Any, ...]:
    if not isinstance(value, list) or len(value) > MAX_PUSH_CONDITIONS:
        raise ValueError("conditions is a short list")
    if not all(isinstance(condition, dict) and isinstance(condition.get("kind"), str) for condition in value):
        raise ValueError("a condition is an object with a kind")
    return tuple(value)


def rule_json(kind: Kind, rule: Rule) -> dict[str, Any]:
    """A rule as clients see it ("PushRule")."""
    shown: dict[str, Any] = {
        "rule_id": rule.rule_id,
        "default": rule.is_default,
        "enabled": rule.enabled,
        "actions": list(rule.actions),
    }
    if kind in ("override", "underride"):
        shown["conditions"] = list(rule.conditions)
    if kind == "content":
        shown["pattern"] = rule.pattern
    return shown


def rule_set_json(rules: RuleSet) -> dict[str, Any]:
    """The `global` object of `GET /pushrules/` and of `m.push_rules`."""
    return {kind: [rule_json(kind, rule) for rule in rules.of_kind(kind)] for kind in KINDS}


def normalise(rules: RuleSet, user_id: str, localpart: str, display_name: str | None) -> RuleClass:
    """The class of a person's rules in a room where they bear this display name."""
    owner = Person(user_id, localpart, display_name)
    return RuleClass(
        tuple(
            ClassRule(conditions, _actions(rule.actions))
            for kind in KINDS
            for rule in rules.of_kind(kind)
            if rule.enabled and not _is_dead(conditions := _conditions(kind, rule, owner))
        )
    )


def _conditions(kind: Kind, rule: Rule, owner: Person) -> tuple[Condition, ...]:
    """Every kind said in conditions ("`room`, `sender` and `content` rules … have predefined conditions")."""
    if kind == "content":
        return (compile_body_pattern(rule.pattern, owner),)
    if kind == "room":
        return (Equals(("room_id",), rule.rule_id),)
    if kind == "sender":
        return (Equals(("sender",), rule.rule_id),)
    return tuple(compile_condition(condition, owner) for condition in rule.conditions)


def _is_dead(conditions: Iterable[Condition]) -> bool:
    return any(isinstance(condition, Never) for condition in conditions)


def _actions(actions: Iterable[Any]) -> Actions:
    if "notify" not in (listed := list(actions)):
        return NOTHING
    tweaks = {action["set_tweak"]: action.get("value", True) for action in listed if isinstance(action, dict)}
    # "If a `highlight` tweak is given with no value, its value is defined to be true."
    highlight, sound = tweaks.pop("highlight", False), tweaks.pop("sound", None)
    others = tuple((name, encode_lenient(tweaks[name])) for name in sorted(tweaks))
    return Actions(True, highlight is True, sound if isinstance(sound, str) else None, others)


def reduce_class(rule_class: RuleClass, room_id: str) -> RuleClass:
    """What is left of a class in one room: rules of other rooms go, and all that stand below a rule that takes all."""
    kept: list[ClassRule] = []
    for rule in rule_class.rules:
        if any(_is_room(condition, room_id) is False for condition in rule.conditions):
            continue
        conditions = tuple(condition for condition in rule.conditions if not _is_room(condition, room_id))
        kept.append(ClassRule(conditions, rule.actions))
        if not conditions:
            break
    return RuleClass(tuple(kept))


def _is_room(condition: Condition, room_id: str) -> bool | None:
    """Whether a condition always holds, or never does, in this room; None when it is about something else."""
    if not isinstance(condition, Equals) or condition.path != ("room_id",):
        return None
    return condition.value == (room_id.casefold() if condition.folds else room_id)


def evaluate_class(rule_class: RuleClass, facts: PushFacts) -> Actions:
    """What the event does to the members of this class whom it does not name. The sender is never notified."""
    return _first_match(rule_class, facts, None)


def evaluate_for_person(rule_class: RuleClass, facts: PushFacts, person: Person) -> Actions:
    """What the event does to one person, exactly. The sender is never notified."""
    return NOTHING if person.user_id == facts.sender else _first_match(rule_class, facts, person)


def evaluate(rules: RuleSet, facts: PushFacts, person: Person) -> Actions:
    """What the event does to the owner of these rules."""
    rule_class = normalise(rules, person.user_id, person.localpart, person.display_name)
    return evaluate_for_person(rule_class, facts, person)


def _first_match(rule_class: RuleClass, facts: PushFacts, person: Person | None) -> Actions:
    for rule in rule_class.rules:
        if all(condition.holds(facts, person) for condition in rule.conditions):
            return rule.actions
    return NOTHING


def hole_rules(rule_class: RuleClass) -> frozenset[HoleCondition]:
    """The holes of a class: whom an event may name depends on these alone."""
    return frozenset(
        condition
        for rule in rule_class.rules
        for condition in rule.conditions
        if isinstance(condition, NamesOwner | BodyNamesOwner)
    )


def named_users(holes: Iterable[HoleCondition], facts: PushFacts) -> frozenset[str]:
    """The user ids an event names where these holes look (mentions, state key); not all need be members."""
    named: set[str] = set()
    for hole in holes:
        if isinstance(hole, NamesOwner):
            value = find_at(facts.event, hole.path)
            named.update(item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str))
    return frozenset(named)


def body_words(facts: PushFacts) -> frozenset[str]:
    """The words of the body. A person whose name fills a `BodyNamesOwner` hole can be named only if the first word of
    that name (`globs.first_word`) is among them or is empty."""
    return frozenset() if facts.body is None else words_of(facts.body)
