"""Rate limits: token buckets in memory, one per (bucket, key). Forgotten at restart, which harms nobody."""

from collections import OrderedDict
from dataclasses import dataclass

from tchap.base import limits


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` acts at once, then ``per_second`` of them."""

    per_second: float
    burst: float


RATES = {
    # People type slower than this; a script that floods a room does not.
    "message": Rate(10, 50),
    "room": Rate(0.5, 20),
    "invite": Rate(1, 60),
    "join": Rate(1, 40),
    "search": Rate(5, 20),
    # One looks for a person while typing their name; nobody types names all day.
    "directory": Rate(1, 30),
    # A person in a bad place reports several things at once; nobody reports all day.
    "report": Rate(0.05, 20),
    # Each may carry megabytes of logs.
    "bug_report": Rate(0.02, 5),
    "media": Rate(5, 50),
    # A page of pictures at once, each twice: one question and one download.
    "scan": Rate(20, 200),
    "preview": Rate(1, 40),
    "to_device": Rate(50, 500),
    # A person who tries their notifications presses a few times; each press calls a gateway of their choice.
    "push_test": Rate(0.05, 10),
    # Each call in progress says every few seconds that it lives; many may come from one address.
    "delayed_event": Rate(20, 200),
    # Per address, before anybody is known.
    "register": Rate(0.2, 20),
    "mail": Rate(0.1, 10),
    # Per address written to. A code has six digits and five tries: 150 codes a day are guessed once in three years.
    "mail_to": Rate(1 / 600, 6),
    # Per person, at least thirty seconds apart, as the clients of today wait.
    "renewal_mail": Rate(1 / 30, 1),
    "login": Rate(0.5, 20),
    # Looking at the DNS, per request: a person presses, waits a little and presses again.
    "domain_check": Rate(0.1, 10),
    "identity": Rate(2, 40),
    # Addresses looked up by one person: a list of a large room at once, then a thousand a day.
    "lookup": Rate(1000 / 86_400, 1000),
    "rtc": Rate(2, 60),
    "rendezvous_new": Rate(0.2, 20),
    # Both devices look every second, often from one address.
    "rendezvous": Rate(20, 100),
    # A whole administration's phones sign in from one address, each registering its application first.
    "oauth": Rate(5, 100),
    # Per person, codes of devices that were not found: among 34 bits there is none to be found by trying.
    "user_code": Rate(0.05, 10),
    # Our own pages, per address: an office may be behind one.
    "page": Rate(10, 100),
    # Failures per account: three tries, then one every ten seconds (guessing a password must be hopeless).
    "login_failure": Rate(0.1, 3),
}


class RateLimits:
    """``take`` answers 0 when the act is allowed, else the milliseconds to wait."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, bucket: str, key: str, now_s: float, count: int = 1) -> int:
        """`count`: how many acts this is at once."""
        if not self.enabled:
            return 0
        level = self._level(bucket, key, now_s)
        if level >= count:
            self._store(bucket, key, level - count, now_s)
            return 0
        return int((count - level) / RATES[bucket].per_second * 1000) + 1

    def give_back(self, bucket: str, key: str, now_s: float) -> None:
        """An act taken that turned out to be none."""
        if self.enabled:
            level = min(RATES[bucket].burst, self._level(bucket, key, now_s) + 1)
            self._store(bucket, key, level, now_s)

    def _level(self, bucket: str, key: str, now_s: float) -> float:
        rate = RATES[bucket]
        level, at = self._buckets.get((bucket, key), (rate.burst, now_s))
        return min(rate.burst, level + (now_s - at) * rate.per_second)

    def _store(self, bucket: str, key: str, level: float, now_s: float) -> None:
        self._buckets[(bucket, key)] = (level, now_s)
        self._buckets.move_to_end((bucket, key))
        if len(self._buckets) > limits.MAX_RATE_KEYS:
            self._buckets.popitem(last=False)
