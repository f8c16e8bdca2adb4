"""Asking the law of Tchap about what a room says of itself for the length of its life: retention, classification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tchap.base import limits
from tchap.live.rooms import LiveRoom
from tchap.policy.classification import CLASSIFICATION, decide_classification
from tchap.policy.retention import (
    NO_TERM,
    RETENTION,
    RoomFacts,
    Term,
    content_at_creation,
    decide_retention,
    kind_of,
)
from tchap.policy.rooms import ACCESS_RULES, ENCRYPTION
from tchap.services.room_law import check_decision
from tchap.services.world import World

StateContents = Mapping[tuple[str, str], Mapping[str, Any]]


def check_kept_state(world: World, room: LiveRoom, key: tuple[str, str], content: Mapping[str, Any]) -> None:
    """Raises Forbidden or BadJson when the room may not say so of itself."""
    if world.settings.test_profile or key[0] not in (RETENTION, CLASSIFICATION):
        return
    create = room.content_of("m.room.create")
    facts = RoomFacts(
        room.content_of(ACCESS_RULES), bool(room.content_of(ENCRYPTION)), is_space=create.get("type") == "m.space"
    )
    _check(world, term_of(world, facts), key, content)


def retention_at_creation(world: World, states: StateContents, is_space: bool) -> dict[tuple[str, str], dict[str, Any]]:
    """What is added to a new room, whose state is to be this; raises as `check_kept_state` for what it asks."""
    facts = RoomFacts(states.get((ACCESS_RULES, ""), {}), bool(states.get((ENCRYPTION, ""))), is_space)
    term = term_of(world, facts)
    for key in ((RETENTION, ""), (CLASSIFICATION, "")):
        if key in states:
            _check(world, term, key, states[key])
    added = None if (RETENTION, "") in states else content_at_creation(term)
    return {} if added is None else {(RETENTION, ""): added}


def term_of(world: World, facts: RoomFacts) -> Term:
    """What the deployment gives rooms of that kind."""
    kind = kind_of(facts)
    if kind is None:
        return NO_TERM
    default, longest = world.settings.retention.term(kind)
    return Term(default * limits.DAY_MS, longest * limits.DAY_MS)


def _check(world: World, term: Term, key: tuple[str, str], content: Mapping[str, Any]) -> None:
    if key == (RETENTION, ""):
        check_decision(decide_retention(term, content))
    elif key == (CLASSIFICATION, ""):
        check_decision(decide_classification(content, world.settings.rooms.classifications))
