"""Rule classes made ready to judge a whole room at once.

A class of push rules (``push_rules``) is split in two: what holds for all its members alike, judged once per event, and
the rules that only matter when the event names somebody: their owner (a hole), or a sender they wrote a rule about.
Whoever an event may concern by name is judged alone; nobody else can be touched by the rules that were set apart.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from tchap.base.encoding import decode_json, encode_json
from tchap.protocol.globs import first_word
from tchap.protocol.identifiers import parse_user_id
from tchap.protocol.notices import DEFAULT_CLASS, ClassNotice, PersonalNotice
from tchap.protocol.push_conditions import BodyNamesOwner, Condition, Equals, Hole, HoleCondition, NamesOwner, Person
from tchap.protocol.push_rules import (
    Actions,
    ClassRule,
    PushFacts,
    RuleClass,
    RuleSet,
    body_words,
    default_rules,
    evaluate_class,
    evaluate_for_person,
    named_users,
    normalise,
    reduce_class,
)

_SENDER = ("sender",)
# Longer texts of actions come only from tweaks of a client's own.
_ACTION_TEXTS = 1024


@dataclass(frozen=True, slots=True)
class SplitRules:
    """``common`` is judged for all; ``whole`` for the people whom ``holes`` or ``senders`` may concern."""

    whole: RuleClass
    common: RuleClass
    holes: frozenset[HoleCondition]
    senders: frozenset[str]


@dataclass(frozen=True, slots=True)
class MemberRules:
    """A member of a room who has rules of their own; ``words`` are the first words of names that rules look for."""

    user_id: str
    class_id: int
    rules: SplitRules
    display_name: str | None
    words: frozenset[str]


def split_rules(whole: RuleClass) -> SplitRules:
    """Sets the rules apart that can only match when the event names somebody."""
    common: list[ClassRule] = []
    holes: set[HoleCondition] = set()
    senders: set[str] = set()
    for rule in whole.rules:
        hole = next((each for each in rule.conditions if isinstance(each, NamesOwner | BodyNamesOwner)), None)
        sender = next((each for each in rule.conditions if _names_sender(each)), None)
        if hole is not None:
            holes.add(hole)
        elif isinstance(sender, Equals):
            senders.add(str(sender.value).casefold())
        else:
            common.append(rule)
    return SplitRules(whole, RuleClass(tuple(common)), frozenset(holes), frozenset(senders))


def _names_sender(condition: Condition) -> bool:
    return isinstance(condition, Equals) and condition.path == _SENDER and condition.kind is str


def rules_in_room(rules: RuleClass, room_id: str) -> SplitRules:
    return split_rules(reduce_class(rules, room_id))


def class_of(rules: RuleSet, user_id: str) -> RuleClass:
    """The class of a person's rules, whatever the room."""
    return normalise(rules, user_id, parse_user_id(user_id).localpart, None)


def class_id_of(rules: RuleClass) -> int:
    """A number that stands for the class in storage: rules that read the same have the same."""
    if rules == DEFAULT_RULES.whole:
        return DEFAULT_CLASS
    digest = hashlib.blake2b(repr(rules).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 1) or 1


def room_classes_of(rules: RuleSet, user_id: str) -> tuple[int, dict[str, int]]:
    """The number of the class that holds in general, and of those in the rooms that the rules name."""
    whole = class_of(rules, user_id)
    general = class_id_of(reduce_class(whole, ""))
    named = {room_id: class_id_of(reduce_class(whole, room_id)) for room_id in _rooms_named(rules)}
    return general, {room_id: class_id for room_id, class_id in named.items() if class_id != general}


def _rooms_named(rules: RuleSet) -> set[str]:
    conditions = (each for rule in (*rules.override, *rules.underride) for each in rule.conditions)
    values = (each.get("pattern", each.get("value")) for each in conditions if each.get("key") == "room_id")
    return {rule.rule_id for rule in rules.room} | {value for value in values if isinstance(value, str)}


def member_rules(user_id: str, class_id: int, rules: SplitRules, display_name: str | None) -> MemberRules:
    person = _person(user_id, display_name)
    names = [person.name(hole.hole) for hole in rules.holes if isinstance(hole, BodyNamesOwner)]
    return MemberRules(user_id, class_id, rules, display_name, frozenset(first_word(name) for name in names if name))


def _person(user_id: str, display_name: str | None) -> Person:
    return Person(user_id, parse_user_id(user_id).localpart, display_name)


@lru_cache(maxsize=_ACTION_TEXTS)
def actions_text(actions: Actions) -> str:
    """The actions as the JSON a rule would have them in."""
    if not actions.notify:
        return "[]"
    listed: list[object] = ["notify"]
    if actions.sound is not None:
        listed.append({"set_tweak": "sound", "value": actions.sound})
    if actions.highlight:
        listed.append({"set_tweak": "highlight"})
    # "Tweaks are passed transparently through the homeserver".
    listed.extend({"set_tweak": name, "value": decode_json(value)} for name, value in actions.tweaks)
    return encode_json(listed).decode()


def judge_classes(classes: Mapping[int, SplitRules], facts: PushFacts) -> dict[int, Actions]:
    return {class_id: evaluate_class(rules.common, facts) for class_id, rules in classes.items()}


def class_notices(judged: Mapping[int, Actions]) -> tuple[ClassNotice, ...]:
    return tuple(
        ClassNotice(class_id, actions.highlight, actions_text(actions))
        for class_id, actions in judged.items()
        if actions.notify
    )


def find_concerned(
    holes: Iterable[HoleCondition],
    by_sender: Mapping[str, set[str]],
    by_word: Mapping[str, set[str]],
    facts: PushFacts,
) -> set[str]:
    """The user ids the event may concern by name; not all need be members."""
    concerned = set(named_users(holes, facts))
    concerned.update(by_sender.get(facts.sender.casefold(), ()))
    if by_word and facts.body is not None:
        for word in body_words(facts):
            concerned.update(by_word.get(word, ()))
        concerned.update(by_word.get("", ()))
    concerned.discard(facts.sender)
    return concerned


def judge_person(member: MemberRules, judged: Mapping[int, Actions], facts: PushFacts) -> PersonalNotice | None:
    """What the event gives a person it may concern, where it is not what their class gets."""
    own = evaluate_for_person(member.rules.whole, facts, _person(member.user_id, member.display_name))
    shared = judged[member.class_id]
    if own == shared:
        return None
    return PersonalNotice(
        member.user_id,
        own.notify,
        own.highlight,
        int(own.notify) - int(shared.notify),
        int(own.highlight) - int(shared.highlight),
        actions_text(own),
    )


# The default rules differ between people by their own name alone, which is a hole: one class for everybody.
DEFAULT_RULES = split_rules(class_of(default_rules("@nobody:example.org"), "@nobody:example.org"))
DEFAULT_HOLES = DEFAULT_RULES.holes


def default_member(user_id: str) -> MemberRules:
    return MemberRules(user_id, DEFAULT_CLASS, DEFAULT_RULES, None, frozenset())


__all__ = [
    "DEFAULT_HOLES",
    "DEFAULT_RULES",
    "Hole",
    "MemberRules",
    "SplitRules",
    "actions_text",
    "class_id_of",
    "class_notices",
    "class_of",
    "default_member",
    "find_concerned",
    "judge_classes",
    "judge_person",
    "member_rules",
    "room_classes_of",
    "rules_in_room",
    "split_rules",
]
