"""The decision table of who may do what to an administration and to its people."""

import pytest

from tchap.policy.administrations import (
    Act,
    Actor,
    Refusal,
    Subject,
    decide_act,
    decide_departure,
    decide_lifting,
    may_be_delegate,
    parse_listing,
    parse_siren,
)

# Ministry M, its directorate A with a sub-directorate A1, and the directorate B beside A.
OPERATOR = Actor("@op:x", is_operator=True)
DELEGATE = Actor("@a:x", delegated=frozenset({"A"}), covered=frozenset({"A", "A1"}))
MINISTRY = Actor("@m:x", delegated=frozenset({"M"}), covered=frozenset({"M", "A", "A1", "B"}))
LOWER = Actor("@a1:x", delegated=frozenset({"A1"}), covered=frozenset({"A1"}))
AGENT = Actor("@agent:x")
EXTERNAL = Actor("@ext:e", is_external=True, delegated=frozenset({"A"}), covered=frozenset({"A", "A1"}))

NO = Refusal.NOT_YOURS


def of(*answerable: str) -> Subject:
    return Subject(frozenset(answerable))


# What each delegate may do to A itself, to what is below, above and beside it, and to what nobody answers for.
#                              A      A1     M      B      nobody
WHERE = (of("A"), of("A1"), of("M"), of("B"), of())
TABLE: dict[Act, tuple[Refusal | None, ...]] = {
    Act.SEE: (None, None, NO, NO, NO),
    Act.CHANGE: (None, None, NO, NO, NO),
    Act.REDESCRIBE: (NO, NO, NO, NO, NO),
    Act.CREATE: (NO, NO, NO, NO, NO),
    Act.CREATE_BELOW: (None, None, NO, NO, NO),
    Act.SUSPEND: (NO, None, NO, NO, NO),
    Act.ADD_DOMAIN: (NO, NO, NO, NO, NO),
    Act.RENAME_DOMAIN: (NO, NO, NO, NO, NO),
    Act.SUSPEND_DOMAIN: (None, None, NO, NO, NO),
    Act.MOVE_DOMAIN: (None, None, NO, NO, NO),
    Act.CLOSE_DOMAIN: (None, None, NO, NO, NO),
    Act.NAME_DELEGATE: (None, None, NO, NO, NO),
    Act.LIST_PEOPLE: (None, None, NO, NO, NO),
    Act.READ_AUDIT: (None, None, NO, NO, NO),
    Act.ANNOUNCE: (None, None, NO, NO, NO),
    Act.SEE_ACCOUNT: (None, None, NO, NO, NO),
    Act.LOCK: (None, None, NO, NO, NO),
    Act.SUSPEND_ACCOUNT: (None, None, NO, NO, NO),
    Act.SIGN_OUT: (None, None, NO, NO, NO),
    Act.DEACTIVATE: (None, None, NO, NO, NO),
    Act.REACTIVATE: (None, None, NO, NO, NO),
    Act.REPLACE_ADDRESS: (None, None, NO, NO, NO),
    Act.RENEW: (None, None, NO, NO, NO),
    Act.TELL: (None, None, NO, NO, NO),
    Act.READ_REPORTS: (None, None, NO, NO, NO),
    Act.SEE_GUESTS: (None, None, NO, NO, NO),
    Act.END_GUEST: (None, None, NO, NO, NO),
    Act.RUN_SERVICE: (NO, NO, NO, NO, NO),
}


@pytest.mark.parametrize("act", Act)
def test_a_delegate_looks_after_what_is_theirs_and_below(act: Act) -> None:
    """The table of a delegate of A: itself and below, neither above nor beside, nor what nobody answers for."""
    assert tuple(decide_act(DELEGATE, act, where) for where in WHERE) == TABLE[act]


@pytest.mark.parametrize("act", Act)
def test_nobody_else_does_anything(act: Act) -> None:
    """Ordinary agents and externals, even named ones, do nothing at all; an operator does everything."""
    for where in WHERE:
        assert decide_act(AGENT, act, where) is NO
        assert decide_act(EXTERNAL, act, where) is NO
        assert decide_act(OPERATOR, act, where) is None


@pytest.mark.parametrize("act", Act)
def test_what_several_answer_for_wants_all_of_them(act: Act) -> None:
    """What concerns A and B, as a domain that moves does, is done by who looks after both."""
    both = of("A", "B")
    assert decide_act(DELEGATE, act, both) is NO
    assert decide_act(MINISTRY, act, both) is decide_act(MINISTRY, act, of("A"))


def test_a_lower_delegate_does_nothing_to_what_is_above() -> None:
    """A sub-administration's delegate looks after it alone, and does not free it from a suspension."""
    assert decide_act(LOWER, Act.SEE, of("A1")) is None
    assert decide_act(LOWER, Act.SEE, of("A")) is NO
    assert decide_act(LOWER, Act.SUSPEND, of("A1")) is NO
    assert decide_act(DELEGATE, Act.SUSPEND, of("A1")) is None


@pytest.mark.parametrize("act", Act)
def test_operators_are_touched_by_no_delegate(act: Act) -> None:
    """An operator who is an agent of A is out of reach of A's delegate; another operator may look, and no more."""
    theirs = Subject(frozenset({"A"}), "@chief:x", is_operator=True)
    assert decide_act(DELEGATE, act, theirs) is NO
    assert decide_act(OPERATOR, act, Subject(frozenset({"A"}), "@op:x", is_operator=True)) is None
    lawful = {Act.SEE_ACCOUNT, Act.TELL, Act.RENEW, Act.READ_REPORTS, Act.RUN_SERVICE}
    assert decide_act(OPERATOR, act, theirs) is (None if act in lawful else Refusal.PEER)


@pytest.mark.parametrize("act", Act)
def test_externals_are_looked_after_by_those_whose_agents_vouch(act: Act) -> None:
    """Stopped, not kept: their term and address are their sponsors'. Where others vouch too, the operators alone."""
    ours, shared = (Subject(frozenset(of), "@guest:e", is_guest=True) for of in (("A",), ("A", "B")))
    lawful = {Act.SEE_ACCOUNT, Act.LOCK, Act.SUSPEND_ACCOUNT, Act.SIGN_OUT, Act.TELL}
    assert decide_act(DELEGATE, act, ours) is (None if act in lawful else NO)
    assert decide_act(DELEGATE, act, shared) is NO
    assert decide_act(OPERATOR, act, shared) is None


def test_who_is_a_delegate() -> None:
    """Who looks after something and is no external."""
    assert [each.is_delegate for each in (OPERATOR, DELEGATE, LOWER, AGENT, EXTERNAL)] == [
        *(False, True, True, False, False)
    ]


@pytest.mark.parametrize(
    ("whose", "lawful"), [("A1", True), ("A", True), ("M", True), ("B", False), ("A2", False), (None, False)]
)
def test_who_may_be_named(whose: str | None, lawful: bool) -> None:
    """Agents of the administration and of those above it; nobody of beside, of below or of outside."""
    assert may_be_delegate(whose, frozenset({"A1", "A", "M"})) is lawful


@pytest.mark.parametrize(
    ("text", "listing"),
    [
        ("prefecture.example.fr", "prefecture.example.fr"),
        (" Prefecture.Example.FR ", "prefecture.example.fr"),
        ("*.mairies.example.fr", "*.mairies.example.fr"),
    ],
)
def test_a_listing_is_read(text: str, listing: str) -> None:
    """An exact domain, or all under one, in any case."""
    assert parse_listing(text) == listing


@pytest.mark.parametrize(
    "text", ["", "fr", "*", "*.fr", "*.*.fr", "a@b.fr", "@b.fr", "b..fr", "é.fr", "b.fr c.fr", ".b.fr"]
)
def test_what_is_no_listing_is_refused(text: str) -> None:
    """Nothing is guessed, and nobody is given a whole top-level domain."""
    with pytest.raises(ValueError, match="not a"):
        parse_listing(text)


def test_a_siren_has_nine_digits_of_which_the_last_follows() -> None:
    """Luhn: one digit mistaken, or two exchanged, is noticed."""
    assert parse_siren("130 025 265") == "130025265"
    for wrong in ("130025264", "130052265", "13002526", "1300252650", "13002526x", "", "１３００２５２６５"):
        with pytest.raises(ValueError, match="SIREN"):
            parse_siren(wrong)


@pytest.mark.parametrize("is_operator", [True, False])
def test_what_operators_decided_on_they_alone_undo(is_operator: bool) -> None:
    """A suspension or a closing of theirs is not lifted by a delegate, nor escaped by moving a domain away."""
    assert decide_lifting(is_operator, is_held=False) is None
    assert decide_lifting(is_operator, is_held=True) is (None if is_operator else Refusal.HELD)
    assert decide_departure(is_operator, is_suspended=False) is None
    assert decide_departure(is_operator, is_suspended=True) is (None if is_operator else Refusal.SUSPENDED)
