"""Who vouches for externals, until when, and who may end it."""

import pytest

from tchap.base.limits import DAY_MS
from tchap.policy.externals import (
    Refusal,
    Rules,
    Wish,
    decide_sponsorship,
    find_term,
)

NOW = 1_800_000_000_000
RULES = Rules(180 * DAY_MS, 395 * DAY_MS)


@pytest.mark.parametrize(
    ("wish", "decision"),
    [
        (Wish(False, False, None, NOW), NOW + 180 * DAY_MS),
        (Wish(False, False, NOW + 1, NOW), NOW + 1),
        (Wish(False, False, NOW + 395 * DAY_MS, NOW), NOW + 395 * DAY_MS),
        (Wish(False, False, NOW + 395 * DAY_MS + 1, NOW), Refusal.TOO_LONG),
        (Wish(False, False, NOW, NOW), Refusal.PAST),
        (Wish(False, False, 0, NOW), Refusal.PAST),
        (Wish(True, False, None, NOW), Refusal.SPONSOR_IS_EXTERNAL),
        (Wish(True, True, 0, NOW), Refusal.SPONSOR_IS_EXTERNAL),
        (Wish(False, True, None, NOW), Refusal.IS_AGENT),
        (Wish(False, True, NOW, NOW), Refusal.IS_AGENT),
        (Wish(False, False, None, NOW, ended_above=True), Refusal.ENDED_ABOVE),
        (Wish(False, False, NOW + 1, NOW, ended_above=True), Refusal.ENDED_ABOVE),
    ],
)
def test_who_is_vouched_for_until_when(wish: Wish, decision: int | Refusal) -> None:
    """Agents vouch for people of no administration, for a bounded time, unless those above them have ended it."""
    assert decide_sponsorship(wish, RULES) == decision


@pytest.mark.parametrize(("ends", "term"), [([], NOW), ([NOW + 5], NOW + 5), ([NOW + 5, NOW + 9, NOW - 1], NOW + 9)])
def test_an_account_ends_with_its_last_sponsor(ends: list[int], term: int) -> None:
    """The latest end counts; nobody vouched for has none."""
    assert find_term(ends, NOW) == term
