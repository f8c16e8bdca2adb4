"""A person's push rules: reading, changing, and putting a change in force (push module, "Push Rules: API")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from tchap.base import limits
from tchap.base.encoding import decode_json, encode_json
from tchap.base.errors import InvalidParam, MatrixError, NotFound
from tchap.base.identity import Requester
from tchap.live.audience import Audience
from tchap.protocol.notices import RuleVersion
from tchap.protocol.push_audience import class_of, member_rules, room_classes_of, rules_in_room
from tchap.protocol.push_rules import (
    KINDS,
    Kind,
    Rule,
    RuleSet,
    parse_actions,
    parse_rule,
    rule_json,
    rule_set_json,
    with_changes,
)
from tchap.services.world import World
from tchap.storage import push_rules
from tchap.storage.database import Tx
from tchap.storage.sync import find_joined_rooms

Changes = dict[str, tuple[bool | None, tuple[Any, ...] | None]]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OwnRules:
    """What a person made of their rules: those they wrote, and their changes to predefined ones by rule id."""

    own: RuleSet
    changes: Changes


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule goes: just above the rule ``before``, else just below ``after``, else on top or where it was."""

    before: str | None = None
    after: str | None = None


def parse_own_rules(stored: bytes | None) -> OwnRules:
    body = cast("Json", decode_json(stored)) if stored else {}
    own = {kind: tuple(_parse_own(each) for each in body.get("own", {}).get(kind, ())) for kind in KINDS}
    changes = {rule_id: (enabled, _tuple(actions)) for rule_id, (enabled, actions) in body.get("changes", {}).items()}
    return OwnRules(RuleSet(**own), changes)


def _parse_own(body: Json) -> Rule:
    return Rule(
        body["rule_id"], tuple(body["actions"]), tuple(body["conditions"]), body["pattern"], enabled=body["enabled"]
    )


def _tuple(values: list[Any] | None) -> tuple[Any, ...] | None:
    return None if values is None else tuple(values)


def _encode(rules: OwnRules) -> bytes:
    own = {
        kind: [
            {
                "rule_id": rule.rule_id,
                "actions": rule.actions,
                "conditions": rule.conditions,
                "pattern": rule.pattern,
                "enabled": rule.enabled,
            }
            for rule in rules.own.of_kind(kind)
        ]
        for kind in KINDS
    }
    return encode_json({"own": own, "changes": rules.changes})


def parse_stored_rules(user_id: str, stored: bytes | None) -> RuleSet:
    """All rules of the person, the predefined ones in their places."""
    rules = parse_own_rules(stored)
    return with_changes(user_id, rules.own, rules.changes)


async def _load(tx: Tx, user_id: str) -> OwnRules:
    found = await push_rules.find_rules(tx, [user_id])
    return parse_own_rules(found[0].rules if found else None)


async def list_rules(world: World, user_id: str) -> Json:
    """The ``global`` rule set as clients see it."""
    rules = await world.store.read(_load, user_id)
    return rule_set_json(with_changes(user_id, rules.own, rules.changes))


async def get_rule(world: World, user_id: str, kind: str, rule_id: str) -> Json:
    rules = await world.store.read(_load, user_id)
    known = _kind(kind)
    return rule_json(known, _find(with_changes(user_id, rules.own, rules.changes), known, rule_id))


def _kind(kind: str) -> Kind:
    if kind not in KINDS:
        raise InvalidParam(f"There is no kind of push rule '{kind}'.", "Ce genre de règle n'existe pas.")
    return kind


def _find(rules: RuleSet, kind: Kind, rule_id: str) -> Rule:
    found = next((rule for rule in rules.of_kind(kind) if rule.rule_id == rule_id), None)
    if found is None:
        raise NotFound("There is no such push rule.", "Cette règle de notification n'existe pas.")
    return found


async def set_rule(world: World, requester: Requester, kind: str, body: tuple[str, Json], place: Place) -> None:
    """Adds the rule, or changes it where it is already there; ``body`` is its id and what it says."""
    known = _kind(kind)
    try:
        rule = parse_rule(known, *body)
    except ValueError as error:
        raise InvalidParam(f"This push rule cannot be used: {error}.") from error

    def change(rules: OwnRules) -> OwnRules:
        return replace(rules, own=replace(rules.own, **{known: _placed(rules.own.of_kind(known), rule, place)}))

    await _change(world, requester.user_id, change)


def _placed(rules: tuple[Rule, ...], rule: Rule, place: Place) -> tuple[Rule, ...]:
    """The rules of a kind with this one where it was asked to be ("PUT /pushrules/…", ``before`` and ``after``)."""
    index = next((at for at, each in enumerate(rules) if each.rule_id == rule.rule_id), None)
    others = [each for each in rules if each.rule_id != rule.rule_id]
    if index is not None:
        rule = replace(rule, enabled=rules[index].enabled)
    anchor = place.before or place.after
    if anchor is None:
        # "It should be added as the most important user defined rule"; one that is known stays in its place.
        at = 0 if index is None else index
    else:
        at = next((at for at, each in enumerate(others) if each.rule_id == anchor), -1)
        if at < 0:
            raise MatrixError("M_UNKNOWN", f"before/after rule not found: {anchor}", "La règle voisine n'existe pas.")
        # The rule `before` another one is the next more important; the one `after` it the next less important.
        at += 0 if place.before else 1
    if len(others) >= limits.MAX_PUSH_RULES:
        raise InvalidParam("There are too many push rules.", "Il y a trop de règles de notification.")
    return (*others[:at], rule, *others[at:])


async def remove_rule(world: World, requester: Requester, kind: str, rule_id: str) -> None:
    known = _kind(kind)

    def change(rules: OwnRules) -> OwnRules:
        _find(rules.own, known, rule_id)
        kept = tuple(rule for rule in rules.own.of_kind(known) if rule.rule_id != rule_id)
        return replace(rules, own=replace(rules.own, **{known: kept}))

    await _change(world, requester.user_id, change)


async def set_enabled(world: World, requester: Requester, kind: str, rule_id: str, enabled: bool) -> None:
    await _change_rule(world, requester, kind, rule_id, {"enabled": enabled})


async def set_actions(world: World, requester: Requester, kind: str, rule_id: str, actions: object) -> None:
    try:
        parsed = parse_actions(actions)
    except ValueError as error:
        raise InvalidParam(f"These actions cannot be used: {error}.") from error
    await _change_rule(world, requester, kind, rule_id, {"actions": parsed})


async def _change_rule(world: World, requester: Requester, kind: str, rule_id: str, fields: Json) -> None:
    known = _kind(kind)

    def change(rules: OwnRules) -> OwnRules:
        rule = _find(with_changes(requester.user_id, rules.own, rules.changes), known, rule_id)
        changed = replace(rule, **fields)
        if rule.is_default:
            enabled, actions = rules.changes.get(rule_id, (None, None))
            change_of_it = (fields.get("enabled", enabled), fields.get("actions", actions))
            return replace(rules, changes={**rules.changes, rule_id: change_of_it})
        kept = tuple(changed if each.rule_id == rule_id else each for each in rules.own.of_kind(known))
        return replace(rules, own=replace(rules.own, **{known: kept}))

    await _change(world, requester.user_id, change)


async def carry_rules(world: World, user_id: str, old_room: str, new_room: str) -> None:
    """Gives the person's rules about a room to another one too ("Room Upgrades")."""
    rules = await world.store.read(_load, user_id)
    if _with_carried(rules, old_room, new_room) != rules:
        await _change(world, user_id, lambda each: _with_carried(each, old_room, new_room))


def _with_carried(rules: OwnRules, old_room: str, new_room: str) -> OwnRules:
    own = {kind: _carried(rules.own.of_kind(kind), old_room, new_room) for kind in KINDS}
    return replace(rules, own=replace(rules.own, **own))


def _carried(rules: tuple[Rule, ...], old_room: str, new_room: str) -> tuple[Rule, ...]:
    """Each rule about the old room is followed by its like about the new one, unless there are too many."""
    known = {rule.rule_id for rule in rules}
    found: list[Rule] = []
    for rule in rules:
        found.append(rule)
        moved = _about(rule, old_room, new_room)
        if moved.rule_id not in known and len(known) < limits.MAX_PUSH_RULES:
            known.add(moved.rule_id)
            found.append(moved)
    return tuple(found)


def _about(rule: Rule, old_room: str, new_room: str) -> Rule:
    """The rule with the one room's id for the other's: in its own id, and in a condition on the room."""
    conditions = tuple(
        {**each, "pattern": new_room} if each.get("key") == "room_id" and each.get("pattern") == old_room else each
        for each in rule.conditions
    )
    if rule.rule_id != old_room and conditions == rule.conditions:
        return rule
    rule_id = new_room if rule.rule_id == old_room else f"{rule.rule_id}:{new_room}"
    return replace(rule, rule_id=rule_id, conditions=conditions)


async def _change(world: World, user_id: str, change: Callable[[OwnRules], OwnRules]) -> None:
    """Puts the changed rules in force.

    Meanwhile messages go on being judged. The rooms the person is in judge by the new rules too from before the write
    is queued, and by the old ones ever after, so that whichever rules an event falls under, their result is there.
    """
    rules, rooms = await world.store.read(_load_with_rooms, user_id)
    judge_by(world.live.audience, rooms, _compile(user_id, change(rules)))
    position, in_force = await world.store.write_pipelined(_save, user_id, change)
    judge_by(world.live.audience, rooms, in_force)
    world.live.notifier.tell(position, users=[user_id])


@dataclass(frozen=True, slots=True)
class _InForce:
    user_id: str
    rules: RuleSet
    class_id: int
    room_classes: dict[str, int]


def _compile(user_id: str, own: OwnRules) -> _InForce:
    rules = with_changes(user_id, own.own, own.changes)
    return _InForce(user_id, rules, *room_classes_of(rules, user_id))


async def _load_with_rooms(tx: Tx, user_id: str) -> tuple[OwnRules, list[str]]:
    return await _load(tx, user_id), await find_joined_rooms(tx, user_id)


async def _save(tx: Tx, user_id: str, change: Callable[[OwnRules], OwnRules]) -> tuple[int, _InForce]:
    changed = change(await _load(tx, user_id))
    in_force = _compile(user_id, changed)
    classes = RuleVersion(0, in_force.class_id, in_force.room_classes)
    return await push_rules.set_rules(tx, user_id, _encode(changed), classes), in_force


def judge_by(audience: Audience, rooms: list[str], rules: _InForce) -> None:
    """Makes the audiences in memory of the rooms judge by the rules."""
    whole = class_of(rules.rules, rules.user_id)
    for room_id, room in audience.among(rooms).items():
        known = room.members.get(rules.user_id)
        name = known.display_name if known else None
        class_id = rules.room_classes.get(room_id, rules.class_id)
        room.add(member_rules(rules.user_id, class_id, rules_in_room(whole, room_id), name))
        # The name may matter to the new rules: it is looked up before the next event is judged.
        room.unloaded.add(rules.user_id)
