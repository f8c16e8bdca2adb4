"""How long an account lasts without a proof that its mailbox is still read, and what its owner is told before.

An account has a term. Some time before, mails offer to renew it; when it is over nothing works but asking for that
mail, renewing and signing out; after some more time, and one last mail, the account is closed. What was told is known
by the moment it was told at, not by a number, so that an operator may change the schedule under everybody's feet.
"""

import zlib
from dataclasses import dataclass
from enum import Enum

from tchap.base.limits import DAY_MS
from tchap.policy.domains import Home
from tchap.policy.emails import Email, parse_email

RECHECK_MS = 30 * DAY_MS
"""An account that nothing is to happen to is looked at again: its address or the configuration may have changed."""
CLOSE_RETRY_MS = 3600 * 1000
"""Leaving rooms may fail half-way; the closing is tried again this much later."""


@dataclass(frozen=True, slots=True)
class Exemption:
    """Whose accounts have no term: one address, a domain, or with `is_below` what stands under it."""

    local: str | None
    domain: str
    is_below: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator chose, in ms. `mails_before_ms` counts back from the end of the term, the longest first;
    `close_after_ms` is how long an account that is over may still be renewed, 0 for ever; `last_mail_before_ms` counts
    back from that."""

    period_ms: int
    mails_before_ms: tuple[int, ...]
    close_after_ms: int
    last_mail_before_ms: int
    exempt: tuple[Exemption, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """An account as this law looks at it; times in ms since 1970.

    `email` is None where it has no mailbox (accounts of application services, of bots, of the server's notices);
    `proof_ts` is when the mailbox was last proven; `told_ts` when a mail of this term was last sent; `mails` is False
    where none may be sent to it: an administrator said so, or it is locked.
    """

    user_id: str
    email: Email | None
    proof_ts: int
    expires_ts: int | None
    told_ts: int | None
    mails: bool = True
    is_admin: bool = False
    is_deactivated: bool = False


class Act(Enum):
    """What is to be done now."""

    NOTHING = "nothing"
    BEGIN = "begin"
    LIFT = "lift"
    MAIL = "mail"
    EXPIRED = "expired"
    LAST_MAIL = "last_mail"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done, and when to look again (None: never). `expires_ts` is the term begun (BEGIN); `number` tells
    the first mail (1) from its reminders; `closes_ts` is when an account that is over is closed, None for never."""

    act: Act
    next_ts: int | None
    expires_ts: int | None = None
    number: int = 0
    closes_ts: int | None = None


def parse_exemption(text: str) -> Exemption:
    """`x.fr` or `@x.fr`, `*.x.fr` or `@*.x.fr`, or one address; raises ValueError for anything else."""
    local, _, domain = text.rpartition("@")
    is_below = not local and domain.startswith("*.")
    email = parse_email(f"{local or 'x'}@{domain.removeprefix('*.') if is_below else domain}")
    return Exemption(email.local if local else None, email.domain, is_below)


def is_exempt(email: Email, exempt: tuple[Exemption, ...]) -> bool:
    return any(_matches(email, one) for one in exempt)


def _matches(email: Email, one: Exemption) -> bool:
    if one.local not in (None, email.local):
        return False
    return email.domain.endswith(f".{one.domain}") if one.is_below else email.domain == one.domain


def decide(facts: Facts, rules: Rules, now_ms: int) -> Decision:
    """The one decision, taken whenever an account is looked at."""
    if facts.is_deactivated:
        return Decision(Act.NOTHING, None)
    if facts.email is None or is_exempt(facts.email, rules.exempt):
        return Decision(Act.NOTHING if facts.expires_ts is None else Act.LIFT, now_ms + RECHECK_MS)
    if facts.expires_ts is None:
        expires_ts = first_term(facts, rules, now_ms)
        return Decision(Act.BEGIN, first_step(expires_ts, rules), expires_ts)
    if facts.expires_ts <= now_ms:
        return _decide_after(facts, facts.expires_ts, rules, now_ms)
    return _decide_before(facts, facts.expires_ts, rules, now_ms)


def first_term(facts: Facts, rules: Rules, now_ms: int) -> int:
    """The end of the first term: a period after the last proof; where that would be too soon to be told of it, a day
    drawn from the user id, so that accounts older than this rule are not all written to on the same one."""
    natural_ts = facts.proof_ts + rules.period_ms
    if first_step(natural_ts, rules) > now_ms:
        return natural_ts
    notice_ms = rules.mails_before_ms[0] if rules.mails_before_ms else 0
    spread_ms = zlib.crc32(facts.user_id.encode()) * (rules.period_ms - notice_ms) >> 32
    return now_ms + notice_ms + spread_ms


def first_step(expires_ts: int, rules: Rules) -> int:
    """When something first happens to an account with this term."""
    return expires_ts - (rules.mails_before_ms[0] if rules.mails_before_ms else 0)


def _decide_before(facts: Facts, expires_ts: int, rules: Rules, now_ms: int) -> Decision:
    due = [expires_ts - before_ms for before_ms in rules.mails_before_ms]
    next_ts = min((ts for ts in due if ts > now_ms), default=expires_ts)
    past = [number for number, ts in enumerate(due, 1) if (facts.told_ts or 0) < ts <= now_ms]
    # Of several that are due, after a long stop, one is enough.
    return Decision(Act.MAIL, next_ts, number=past[-1]) if past and facts.mails else Decision(Act.NOTHING, next_ts)


def _decide_after(facts: Facts, expires_ts: int, rules: Rules, now_ms: int) -> Decision:
    told_ts, closes_ts = facts.told_ts or 0, find_closing(facts, rules, now_ms)
    if closes_ts is None:
        return Decision(Act.EXPIRED if told_ts < expires_ts else Act.NOTHING, now_ms + RECHECK_MS)
    last_mail_ts = expires_ts + rules.close_after_ms - rules.last_mail_before_ms
    if now_ms < last_mail_ts:
        is_told = told_ts >= expires_ts
        return Decision(Act.NOTHING if is_told else Act.EXPIRED, last_mail_ts, closes_ts=None if is_told else closes_ts)
    if told_ts < last_mail_ts:
        return Decision(Act.LAST_MAIL, closes_ts, closes_ts=closes_ts)
    return Decision(Act.NOTHING, closes_ts) if now_ms < closes_ts else Decision(Act.CLOSE, now_ms + CLOSE_RETRY_MS)


def find_closing(facts: Facts, rules: Rules, now_ms: int) -> int | None:
    """When an account that is over is closed; None for never.

    Nobody's account is closed unwarned: the last mail comes first, however late. What becomes of an administrator's or
    a locked one, a person decides.
    """
    if facts.expires_ts is None or rules.close_after_ms == 0 or not facts.mails or facts.is_admin:
        return None
    closes_ts = facts.expires_ts + rules.close_after_ms
    told_ts = facts.told_ts or 0
    warned_ts = told_ts if told_ts >= closes_ts - rules.last_mail_before_ms else now_ms
    return max(closes_ts, warned_ts + rules.last_mail_before_ms)


def may_renew(home: Home | None, is_external_account: bool) -> bool:
    """Whether a proof of this mailbox still renews: its domain must be an administration's today, also where that takes
    nobody new, and an agent's account is not kept alive by an address that became a guest's."""
    return home is not None and (is_external_account or not home.is_external)


def may_return(home: Home | None, is_external_account: bool) -> bool:
    """Whether a closed account may be opened for this mailbox: as a new one, where its domain takes people."""
    return home is not None and home.is_open and may_renew(home, is_external_account)
