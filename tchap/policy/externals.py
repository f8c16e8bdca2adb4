"""Externals: people of no administration, here because an agent vouches for them, and for as long.

Whoever invites an external by address becomes a sponsor, until a date. Several agents may vouch for one person; the
account ends with the last of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Refusal(Enum):
    """Why nobody may be vouched for so."""

    SPONSOR_IS_EXTERNAL = "sponsor_is_external"
    IS_AGENT = "is_agent"
    PAST = "past"
    TOO_LONG = "too_long"
    ENDED_ABOVE = "ended_above"
    NOT_YOURS = "not_yours"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator chose, in ms: how long a sponsor vouches unless they say, and at most."""

    usual_ms: int
    longest_ms: int


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody would vouch for an address until `ends_ts` (None: as long as is usual); times in ms since 1970.

    `is_agent_address`: the address is an administration's, or an agent's account has it. `ended_above`: the sponsor's
    administration, or an operator, has ended what this sponsor vouched for.
    """

    sponsor_is_external: bool
    is_agent_address: bool
    ends_ts: int | None
    now_ms: int
    ended_above: bool = False


def decide_sponsorship(wish: Wish, rules: Rules) -> int | Refusal:
    """Until when the sponsor vouches, or why they do not."""
    if wish.sponsor_is_external:
        return Refusal.SPONSOR_IS_EXTERNAL
    if wish.is_agent_address:
        return Refusal.IS_AGENT
    if wish.ended_above:
        return Refusal.ENDED_ABOVE
    if wish.ends_ts is None:
        return wish.now_ms + rules.usual_ms
    if wish.ends_ts <= wish.now_ms:
        return Refusal.PAST
    return Refusal.TOO_LONG if wish.ends_ts > wish.now_ms + rules.longest_ms else wish.ends_ts


def find_term(ends: Iterable[int], now_ms: int) -> int:
    """When the account of somebody vouched for until these moments ends: the last of them, now where there is none."""
    return max(ends, default=now_ms)
