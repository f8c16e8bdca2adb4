"""Where an address is told to go."""

import pytest

from tchap.policy.domains import Home
from tchap.policy.instances import Standing, Whereabouts, decide_standing, decide_whereabouts

A, B, OUT = "agent.a.example.fr", "agent.b.example.fr", "agent.externe.example.fr"
AT_A, AT_B, OUTSIDE = Home(A, None, False, "a"), Home(B, None, False, "b"), Home(OUT, None, True)
CLOSED_A = Home(A, None, False, "a", is_open=False)


@pytest.mark.parametrize(
    ("account", "home", "told"),
    [
        (None, AT_A, Whereabouts(A)),
        (None, CLOSED_A, Whereabouts(A)),
        (None, OUTSIDE, Whereabouts(OUT)),
        (None, None, Whereabouts(OUT)),
        (A, AT_A, Whereabouts(A)),
        (A, AT_B, Whereabouts(A, B)),
        (A, OUTSIDE, Whereabouts(A)),
        (A, None, Whereabouts(A)),
        (OUT, OUTSIDE, Whereabouts(OUT)),
        (OUT, AT_A, Whereabouts(OUT, A)),
        (OUT, None, Whereabouts(OUT)),
    ],
)
def test_an_account_comes_before_its_domain(account: str | None, home: Home | None, told: Whereabouts) -> None:
    """The account's own server, with the domain's of today where that is another; else the domain's, else outside."""
    assert decide_whereabouts(account, home, OUT) == told


@pytest.mark.parametrize(
    ("home", "invited", "needed"),
    [(AT_A, False, False), (AT_A, True, False), (OUTSIDE, False, True), (OUTSIDE, True, True), (None, False, True)],
)
def test_only_externals_must_be_invited(home: Home | None, invited: bool, needed: bool) -> None:
    """A server is told whether the address must have been invited, and whether it was."""
    assert decide_standing(Whereabouts(A), home, invited) == Standing(Whereabouts(A), needed, invited)
