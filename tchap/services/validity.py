"""The duty that follows every account's term: mails before the end, word of the end, and at last the closing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from tchap.base import limits
from tchap.policy.validity import RECHECK_MS, Act, Decision, Rules, decide
from tchap.services.accounts import account_expired
from tchap.services.deactivation import deactivate
from tchap.services.emails import post
from tchap.services.renewals import facts_of, plan_mail, rules_in_force
from tchap.services.sessions import hash_token
from tchap.storage import validity
from tchap.storage.validity import RenewalLink, TermChange, TermRow

if TYPE_CHECKING:
    from tchap.services.world import World
    from tchap.storage.database import Tx
    from tchap.storage.mail_outbox import OutgoingMail

_MAILED = (Act.MAIL, Act.EXPIRED, Act.LAST_MAIL)

log = structlog.get_logger(__name__)
Decided = tuple[TermRow, Decision]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Everything one transaction needs: a token for each mail it may write, and how one is written."""

    rules: Rules
    now_ms: int
    tokens: tuple[str, ...]
    to_mailbox: bool
    write: Callable[[TermRow, Decision, str], OutgoingMail]


async def keep_terms(world: World) -> None:
    """Runs until cancelled."""
    while True:
        is_busy = await look_at_terms(world) == limits.VALIDITY_BATCH
        await world.clock.sleep(limits.VALIDITY_PAUSE_S if is_busy else await _rest_s(world))


async def _rest_s(world: World) -> float:
    """Until the next account is due, so that a term ends when it says."""
    next_ts = await world.store.read(validity.find_next)
    left_s = limits.VALIDITY_IDLE_S if next_ts is None else (next_ts - world.clock.now_ms()) / 1000
    return min(max(left_s, limits.VALIDITY_PAUSE_S), limits.VALIDITY_IDLE_S)


async def look_at_terms(world: World) -> int:
    """One batch of the accounts that are due; how many were. Where terms are off, those that were given are lifted."""
    rules = rules_in_force(world.settings)
    if rules is None:
        return len(await world.store.write(validity.lift_terms))
    tokens = tuple(world.entropy.token() for _ in range(limits.VALIDITY_BATCH))
    sheet = _Sheet(
        rules,
        world.clock.now_ms(),
        tokens,
        world.mailer.is_mailbox,
        lambda row, decision, token: plan_mail(world.settings, row, decision, token),
    )
    decided = await world.store.write(_look, sheet)
    if any(decision.act in _MAILED for _, decision in decided):
        world.mailer.wake()
    for row, decision in decided:
        try:
            await _apply(world, row, decision)
        except Exception:
            # One account that cannot be closed keeps nobody else waiting; it is tried again (CLOSE_RETRY_MS).
            log.exception("an account's term could not be applied", user_id=row.user_id)
    return len(decided)


async def _look(tx: Tx, sheet: _Sheet) -> list[Decided]:
    rows = await validity.take_due(tx, sheet.now_ms, sheet.now_ms + RECHECK_MS)
    decided = [(row, decide(facts_of(row), sheet.rules, sheet.now_ms)) for row in rows]
    await validity.set_terms(tx, [_change(row, decision, sheet.now_ms) for row, decision in decided])
    for (row, decision), token in zip(decided, sheet.tokens, strict=False):
        if decision.act in _MAILED and facts_of(row).mails:
            await validity.add_link(tx, hash_token(token), RenewalLink(row.user_id, row.email or "", None))
            await post(tx, sheet.write(row, decision, token), sheet.now_ms, sheet.to_mailbox)
    return decided


def _change(row: TermRow, decision: Decision, now_ms: int) -> TermChange:
    if decision.act in (Act.BEGIN, Act.LIFT):
        return TermChange(row.user_id, decision.expires_ts, None, decision.next_ts)
    told_ts = now_ms if decision.act in _MAILED else row.told_ts
    return TermChange(row.user_id, row.expires_ts, told_ts, decision.next_ts)


async def _apply(world: World, row: TermRow, decision: Decision) -> None:
    """After the commit: what memory holds of the account, its polls, and its closing."""
    if decision.act is Act.CLOSE:
        await _close(world, row)
    elif decision.act in (Act.BEGIN, Act.LIFT):
        # Tokens are remembered until the account's end: it has another one now.
        world.live.tokens.forget_user(row.user_id)
    elif decision.act is Act.EXPIRED:
        world.live.tokens.forget_user(row.user_id)
        world.live.notifier.refuse(row.user_id, account_expired())


async def _close(world: World, row: TermRow) -> None:
    """Nothing is erased: whoever comes back may have the account opened again."""
    again = await world.store.read(validity.find_term, row.user_id)
    if again is None or again.expires_ts != row.expires_ts:
        return
    await deactivate(world, row.user_id, erase=False, closed_by="term")
    log.info("an account was closed at the end of its term")
