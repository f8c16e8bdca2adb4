"""The password policy."""

import pytest

from tchap.policy.passwords import PasswordPolicy, missing_criteria


@pytest.mark.parametrize(
    ("password", "missing"),
    [
        ("Correct-cheval-9", ()),
        ("", ("m.minimum_length", "m.require_digit", "m.require_symbol", "m.require_lowercase", "m.require_uppercase")),
        ("court-A1", ("m.minimum_length",)),
        ("correct-cheval-9", ("m.require_uppercase",)),
        ("CORRECT-CHEVAL-9", ("m.require_lowercase",)),
        ("CorrectCheval9999", ("m.require_symbol",)),
        ("Correct-cheval-neuf", ("m.require_digit",)),
        ("Aa1-" * 200, ("m.minimum_length",)),
    ],
)
def test_missing_criteria_are_named(password: str, missing: tuple[str, ...]) -> None:
    """A weak password is told exactly what it lacks."""
    assert missing_criteria(password, PasswordPolicy()) == missing


def test_a_lax_policy_asks_nothing() -> None:
    """A policy without criteria accepts any password."""
    assert missing_criteria("x", PasswordPolicy(1, False, False, False, False)) == ()
