"""How long messages are kept: which kind a room is, what it may say, and what holds."""

from typing import Any

import pytest

from tchap.base import limits
from tchap.base.limits import DAY_MS
from tchap.policy.decisions import Allowed, Decision, Origin, Refused, Road, SoftFailed, judge_origin
from tchap.policy.retention import (
    NO_TERM,
    Kind,
    RoomFacts,
    Term,
    content_at_creation,
    decide_retention,
    kind_of,
    lifetime_in_force,
)

FORUM = Term(90 * DAY_MS, 90 * DAY_MS)
YEAR = Term(30 * DAY_MS, 365 * DAY_MS)
FREE = NO_TERM
NOW = 1_800_000_000_000


def rules(rule: str, visibility: str = "private") -> dict[str, Any]:
    return {"rule": rule, "visibility": visibility}


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (RoomFacts(rules("restricted", "public"), False), "public"),
        (RoomFacts(rules("restricted"), True), "encrypted"),
        (RoomFacts(rules("restricted"), False), "clear"),
        (RoomFacts(rules("direct"), True), "direct"),
        (RoomFacts(rules("unrestricted"), True), "external"),
        (RoomFacts(rules("unrestricted"), False), "external"),
        (RoomFacts({}, True), "encrypted"),
        (RoomFacts({}, False), "clear"),
        (RoomFacts(rules("restricted"), False, is_space=True), None),
        (RoomFacts({"rule": 7, "visibility": []}, False), "clear"),
    ],
)
def test_the_kind_of_a_room(facts: RoomFacts, kind: Kind | None) -> None:
    """Public first, then what two people or externals have; the rest goes by encryption; spaces have no kind."""
    assert kind_of(facts) == kind


@pytest.mark.parametrize(("term", "content"), [(FORUM, {"max_lifetime": 7_776_000_000}), (FREE, None)])
def test_what_a_new_room_says(term: Term, content: dict[str, Any] | None) -> None:
    """A kind that has a term by itself says it in each new room."""
    assert content_at_creation(term) == content


@pytest.mark.parametrize(
    ("term", "content", "answer"),
    [
        (FORUM, {"max_lifetime": 90 * DAY_MS}, "yes"),
        (FORUM, {"max_lifetime": 1}, "yes"),
        (FORUM, {"max_lifetime": 90 * DAY_MS + 1}, "forbidden"),
        (FORUM, {}, "forbidden"),
        (FORUM, {"max_lifetime": None}, "forbidden"),
        (FORUM, {"min_lifetime": 5}, "forbidden"),
        (FORUM, {"max_lifetime": "90 d"}, "malformed"),
        (FORUM, {"max_lifetime": True}, "malformed"),
        (FORUM, {"max_lifetime": 1.5}, "malformed"),
        (FORUM, {"max_lifetime": 0}, "malformed"),
        (FORUM, {"max_lifetime": -DAY_MS}, "malformed"),
        (FORUM, {"max_lifetime": 2**53}, "malformed"),
        (YEAR, {"max_lifetime": 365 * DAY_MS}, "yes"),
        (YEAR, {"max_lifetime": 366 * DAY_MS}, "forbidden"),
        (FREE, {}, "yes"),
        (FREE, {"max_lifetime": 2**53 - 1}, "yes"),
        (FREE, {"min_lifetime": 5, "max_lifetime": 4}, "malformed"),
        (FREE, {"min_lifetime": "5"}, "malformed"),
        (FREE, {"min_lifetime": 4, "max_lifetime": 5}, "yes"),
    ],
)
def test_what_a_room_may_say(term: Term, content: dict[str, Any], answer: str) -> None:
    """Longer than the kind may, or nothing where there is a maximum, is forbidden; what means nothing is malformed."""
    assert said(decide_retention(term, content)) == answer


def said(decision: Decision) -> str:
    if isinstance(decision, Allowed):
        return "yes"
    return "malformed" if decision.is_malformed else "forbidden"


@pytest.mark.parametrize(("days", "fr"), [(1, "1 jour au plus"), (90, "90 jours au plus")])
def test_a_refusal_says_how_long(days: int, fr: str) -> None:
    """In words that agree with the number."""
    decision = decide_retention(Term(0, days * DAY_MS), {})
    assert isinstance(decision, Refused)
    assert f"conservés {fr}." in decision.fr


@pytest.mark.parametrize(
    ("term", "content", "days"),
    [
        (FORUM, {}, 90),
        (FORUM, {"max_lifetime": 7 * DAY_MS}, 7),
        (FORUM, {"max_lifetime": 400 * DAY_MS}, 90),
        (FORUM, {"max_lifetime": "x"}, 90),
        (FORUM, {"max_lifetime": 1}, 1),
        (YEAR, {}, 30),
        (YEAR, {"max_lifetime": 200 * DAY_MS}, 200),
        (FREE, {}, 0),
        (FREE, {"max_lifetime": 400 * DAY_MS}, 400),
        (FREE, {"max_lifetime": -1}, 0),
        (Term(0, 10 * DAY_MS), {}, 10),
    ],
)
def test_what_holds(term: Term, content: dict[str, Any], days: int) -> None:
    """Whatever stands in the room, never longer than its kind may, and never less than a day."""
    assert lifetime_in_force(term, content) == days * DAY_MS
    assert lifetime_in_force(term, content) in (0, max(days * DAY_MS, limits.MIN_RETENTION_MS))


@pytest.mark.parametrize(
    ("content", "lifetime"),
    [({"max_lifetime": 365 * DAY_MS}, 90 * DAY_MS), ({}, 90 * DAY_MS), ({"max_lifetime": "long"}, 90 * DAY_MS)],
)
def test_a_partner_is_soft_failed_and_obeyed_no_further(content: dict[str, Any], lifetime: int) -> None:
    """What a partner's server accepted stays in the graph, is shown to nobody, and keeps nothing longer here."""
    decision = decide_retention(FORUM, content)
    assert isinstance(decision, Refused)
    assert judge_origin(decision, Origin.PARTNER, Road.TOLD) == SoftFailed(decision)
    assert judge_origin(decision, Origin.LOCAL, Road.TOLD) is decision
    assert lifetime_in_force(FORUM, content) == lifetime
