"""The decision table of an account's term: what happens to it, and when it is looked at again."""

from dataclasses import replace

import pytest

from tchap.base.limits import DAY_MS
from tchap.policy.domains import Home
from tchap.policy.emails import parse_email
from tchap.policy.validity import (
    CLOSE_RETRY_MS,
    RECHECK_MS,
    Act,
    Decision,
    Exemption,
    Facts,
    Rules,
    decide,
    first_term,
    is_exempt,
    may_renew,
    may_return,
    parse_exemption,
)

NOW = 1_800_000_000_000
RULES = Rules(395 * DAY_MS, (60 * DAY_MS, 30 * DAY_MS, 15 * DAY_MS), 120 * DAY_MS, 15 * DAY_MS)
EMAIL = parse_email("jean.martin@prefecture.example.fr")
JEAN = Facts("@jean:here", EMAIL, NOW - 100 * DAY_MS, NOW, None)


def days(number: float) -> int:
    return int(number * DAY_MS)


def ending(in_days: float, told_days_ago: float | None = None, **more: object) -> Facts:
    """An account whose term ends in so many days (negative: ended), last written to so many days ago."""
    told_ts = None if told_days_ago is None else NOW - days(told_days_ago)
    return replace(JEAN, expires_ts=NOW + days(in_days), told_ts=told_ts, **more)  # type: ignore[arg-type]


NO_CLOSING = replace(RULES, close_after_ms=0)
NO_MAILS = replace(RULES, mails_before_ms=())
OUR_DOMAIN = replace(RULES, exempt=(parse_exemption("prefecture.example.fr"),))
LATER = NOW + RECHECK_MS

TABLE: dict[str, tuple[Facts, Rules, Decision]] = {
    # Who has a term at all.
    "closed": (ending(-1, is_deactivated=True), RULES, Decision(Act.NOTHING, None)),
    "no mailbox": (replace(JEAN, email=None, expires_ts=None), RULES, Decision(Act.NOTHING, LATER)),
    "exempt": (replace(JEAN, expires_ts=None), OUR_DOMAIN, Decision(Act.NOTHING, LATER)),
    "exempt since, had a term": (ending(10), OUR_DOMAIN, Decision(Act.LIFT, LATER)),
    "exempt since, was over": (ending(-10), OUR_DOMAIN, Decision(Act.LIFT, LATER)),
    "new": (
        replace(JEAN, proof_ts=NOW, expires_ts=None),
        RULES,
        Decision(Act.BEGIN, NOW + days(335), NOW + days(395)),
    ),
    "proven lately enough": (
        replace(JEAN, proof_ts=NOW - days(300), expires_ts=None),
        RULES,
        Decision(Act.BEGIN, NOW + days(35), NOW + days(95)),
    ),
    "no mails: the term alone": (
        replace(JEAN, proof_ts=NOW, expires_ts=None),
        NO_MAILS,
        Decision(Act.BEGIN, NOW + days(395), NOW + days(395)),
    ),
    # Before the end.
    "far from the end": (ending(61), RULES, Decision(Act.NOTHING, NOW + days(1))),
    "sixty days before": (ending(60), RULES, Decision(Act.MAIL, NOW + days(30), number=1)),
    "the first mail was sent": (ending(59, 1), RULES, Decision(Act.NOTHING, NOW + days(29))),
    "thirty days before": (ending(30, 30), RULES, Decision(Act.MAIL, NOW + days(15), number=2)),
    "fifteen days before": (ending(15, 15), RULES, Decision(Act.MAIL, NOW + days(15), number=3)),
    "the day before": (ending(1, 14), RULES, Decision(Act.NOTHING, NOW + days(1))),
    "two mails late: one": (ending(20), RULES, Decision(Act.MAIL, NOW + days(5), number=2)),
    "an administrator's": (ending(60, is_admin=True), RULES, Decision(Act.MAIL, NOW + days(30), number=1)),
    "no mails to this one": (ending(60, mails=False), RULES, Decision(Act.NOTHING, NOW + days(30))),
    "no mails before the end": (ending(10), NO_MAILS, Decision(Act.NOTHING, NOW + days(10))),
    # After it.
    "over this moment": (ending(0, 15), RULES, Decision(Act.EXPIRED, NOW + days(105), closes_ts=NOW + days(120))),
    "over, never told": (ending(0), RULES, Decision(Act.EXPIRED, NOW + days(105), closes_ts=NOW + days(120))),
    "over, told": (ending(-5, 5), RULES, Decision(Act.NOTHING, NOW + days(100))),
    "over, never closed": (ending(0), NO_CLOSING, Decision(Act.EXPIRED, LATER)),
    "over, told, never closed": (ending(-500, 500), NO_CLOSING, Decision(Act.NOTHING, LATER)),
    "an administrator's, over": (ending(0, is_admin=True), RULES, Decision(Act.EXPIRED, LATER)),
    "an administrator's, over for long": (ending(-500, 500, is_admin=True), RULES, Decision(Act.NOTHING, LATER)),
    "no mails to this one, over": (ending(0, mails=False), RULES, Decision(Act.EXPIRED, LATER)),
    "no mails to this one, over for long": (ending(-500, 500, mails=False), RULES, Decision(Act.NOTHING, LATER)),
    "fifteen days before the closing": (
        ending(-105, 105),
        RULES,
        Decision(Act.LAST_MAIL, NOW + days(15), closes_ts=NOW + days(15)),
    ),
    "over for long, never told": (
        ending(-500),
        RULES,
        Decision(Act.LAST_MAIL, NOW + days(15), closes_ts=NOW + days(15)),
    ),
    "the last mail was sent": (ending(-110, 5), RULES, Decision(Act.NOTHING, NOW + days(10))),
    "the last mail was late": (ending(-500, 5), RULES, Decision(Act.NOTHING, NOW + days(10))),
    "the time to renew is over": (ending(-120, 15), RULES, Decision(Act.CLOSE, NOW + CLOSE_RETRY_MS)),
    "the last mail was late, and long ago": (ending(-500, 15), RULES, Decision(Act.CLOSE, NOW + CLOSE_RETRY_MS)),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_table_of_terms(case: str) -> None:
    """Each combination of facts has its one decision."""
    facts, rules, decision = TABLE[case]
    assert decide(facts, rules, NOW) == decision


def test_every_act_is_reached() -> None:
    """No act is there that the table does not show."""
    assert {decision.act for _, _, decision in TABLE.values()} == set(Act)


def test_an_account_is_led_through_its_whole_life() -> None:
    """Looked at only when it asked to be, an account is written to five times, then closed."""
    facts, now_ms, told = replace(JEAN, proof_ts=NOW, expires_ts=None), NOW, []
    while facts is not None and len(told) < 10:
        found = decide(facts, RULES, now_ms)
        told.append((found.act.value, found.number, (now_ms - NOW) // DAY_MS))
        if found.act is Act.CLOSE or found.next_ts is None:
            break
        if found.act is Act.BEGIN:
            facts = replace(facts, expires_ts=found.expires_ts)
        elif found.act is not Act.NOTHING:
            facts = replace(facts, told_ts=now_ms)
        now_ms = found.next_ts
    assert told == [
        ("begin", 0, 0),
        ("mail", 1, 335),
        ("mail", 2, 365),
        ("mail", 3, 380),
        ("expired", 0, 395),
        ("last_mail", 0, 500),
        ("close", 0, 515),
    ]


def test_accounts_older_than_the_rule_are_spread() -> None:
    """Their first mails fall on all the days of eleven months, never at once, and the same account on the same day."""
    old = [replace(JEAN, user_id=f"@a{n}:here", proof_ts=NOW - days(2000), expires_ts=None) for n in range(3350)]
    terms = [first_term(facts, RULES, NOW) for facts in old]
    assert terms == [first_term(facts, RULES, NOW) for facts in old]
    assert min(terms) >= NOW + days(60)
    assert max(terms) < NOW + days(395)
    by_day: dict[int, int] = {}
    for term in terms:
        by_day[(term - NOW) // DAY_MS] = by_day.get((term - NOW) // DAY_MS, 0) + 1
    assert len(by_day) > 320
    assert max(by_day.values()) < 40


@pytest.mark.parametrize(
    ("text", "address", "matches"),
    [
        ("gendarmerie.example.fr", "a.b@gendarmerie.example.fr", True),
        ("@gendarmerie.example.fr", "a.b@gendarmerie.example.fr", True),
        ("GENDARMERIE.example.fr", "a.b@gendarmerie.example.fr", True),
        ("gendarmerie.example.fr", "a.b@sud.gendarmerie.example.fr", False),
        ("gendarmerie.example.fr", "a.b@fausse-gendarmerie.example.fr", False),
        ("*.gendarmerie.example.fr", "a.b@sud.gendarmerie.example.fr", True),
        ("@*.gendarmerie.example.fr", "a.b@a.sud.gendarmerie.example.fr", True),
        ("*.gendarmerie.example.fr", "a.b@gendarmerie.example.fr", False),
        ("*.gendarmerie.example.fr", "a.b@fausse-gendarmerie.example.fr", False),
        ("a.b@gendarmerie.example.fr", "a.b@gendarmerie.example.fr", True),
        ("a.b@gendarmerie.example.fr", "c.d@gendarmerie.example.fr", False),
    ],
)
def test_who_is_exempt(text: str, address: str, matches: bool) -> None:
    """An exact domain, what stands under one, or one address; label by label, in any case."""
    assert is_exempt(parse_email(address), (parse_exemption(text),)) is matches


@pytest.mark.parametrize("text", ["", "fr", "@", "*.", "*", "a.*@x.fr", "x.fr, y.fr", "a@*.x.fr", "*.*.x.fr", "@@x.fr"])
def test_a_pattern_that_is_not_plain_is_refused(text: str) -> None:
    """Nothing is guessed: an exemption nobody can read exempts nobody."""
    with pytest.raises(ValueError, match="not a plain"):
        parse_exemption(text)
    assert Exemption(None, "x.fr") == parse_exemption("x.fr")


@pytest.mark.parametrize(
    ("home", "is_external_account", "renews", "returns"),
    [
        (Home("here", None, False), False, True, True),
        (Home("here", None, False, is_open=False), False, True, False),
        (Home("guests", None, True), False, False, False),
        (Home("guests", None, True), True, True, True),
        (Home("here", None, False), True, True, True),
        (Home("here", None, False, is_open=False), True, True, False),
        (None, False, False, False),
        (None, True, False, False),
    ],
)
def test_whose_mailbox_still_renews(home: Home | None, is_external_account: bool, renews: bool, returns: bool) -> None:
    """An agent's domain must be an administration's today, a guest's may have become one; who was closed comes back
    where people are taken."""
    assert may_renew(home, is_external_account) is renews
    assert may_return(home, is_external_account) is returns
