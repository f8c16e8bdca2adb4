"""How many people one is shown by the directory in a day."""

from tchap.base import limits
from tchap.live.directory_quota import HALF_DAY_S, DirectoryQuota

NOON_S = 41_000 * HALF_DAY_S + 600.0
ALL = [f"@agent{number}:a.example.fr" for number in range(limits.DIRECTORY_PEOPLE_PER_DAY * 2)]


def test_the_same_people_count_once() -> None:
    """Searching one's colleagues all day long costs nothing more."""
    quota = DirectoryQuota()
    for _ in range(500):
        quota.add("@jean:a.example.fr", ALL[:10], NOON_S)
    assert quota.wait_ms("@jean:a.example.fr", NOON_S) == 0


def test_a_thousand_different_people_are_a_day() -> None:
    """Within three in a hundred; then one waits for the half day in which they were seen to be over by one more."""
    quota, seen = DirectoryQuota(), 0
    while seen < len(ALL) and not quota.wait_ms("@jean:a.example.fr", NOON_S):
        quota.add("@jean:a.example.fr", ALL[seen : seen + 10], NOON_S)
        seen += 10
    assert abs(seen - limits.DIRECTORY_PEOPLE_PER_DAY) <= 0.05 * limits.DIRECTORY_PEOPLE_PER_DAY
    assert quota.wait_ms("@anne:a.example.fr", NOON_S) == 0, "another's quota is another's"
    wait_s = quota.wait_ms("@jean:a.example.fr", NOON_S) / 1000
    assert wait_s > HALF_DAY_S
    assert quota.wait_ms("@jean:a.example.fr", NOON_S + wait_s - 60) > 0
    assert quota.wait_ms("@jean:a.example.fr", NOON_S + wait_s) == 0
