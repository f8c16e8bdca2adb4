"""How many different people each person was shown by the directory lately: nobody needs to see them all.

A bitmap of 8,192 bits per person and half day, each person shown setting one of them; how many there were follows from
how many are still clear (linear counting), within two or three in a hundred. Forgotten at restart.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from hashlib import blake2b
from math import log

from tchap.base import limits

HALF_DAY_S = 12 * 3600
_BITS = 8_192


class DirectoryQuota:
    """What each person was shown in this half day and the one before."""

    def __init__(self) -> None:
        self._seekers: OrderedDict[str, tuple[int, int, int]] = OrderedDict()

    def wait_ms(self, seeker: str, now_s: float) -> int:
        """0 while the person may search, else the milliseconds until she may again."""
        half, now, before = self._of(seeker, now_s)
        if _count(now | before) < limits.DIRECTORY_PEOPLE_PER_DAY:
            return 0
        halves = 1 if _count(now) < limits.DIRECTORY_PEOPLE_PER_DAY else 2
        return int(((half + halves) * HALF_DAY_S - now_s) * 1000) + 1

    def add(self, seeker: str, shown: Collection[str], now_s: float) -> None:
        half, now, before = self._of(seeker, now_s)
        for user_id in shown:
            now |= 1 << int.from_bytes(blake2b(user_id.encode(), digest_size=4).digest()) % _BITS
        self._seekers[seeker] = (half, now, before)
        self._seekers.move_to_end(seeker)
        if len(self._seekers) > limits.MAX_DIRECTORY_SEEKERS:
            self._seekers.popitem(last=False)

    def _of(self, seeker: str, now_s: float) -> tuple[int, int, int]:
        half = int(now_s // HALF_DAY_S)
        known, now, before = self._seekers.get(seeker, (half, 0, 0))
        if known == half:
            return half, now, before
        return half, 0, now if known == half - 1 else 0


def _count(bits: int) -> int:
    clear = _BITS - bits.bit_count()
    return round(_BITS * log(_BITS / clear)) if clear else _BITS
