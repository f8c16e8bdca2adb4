"""Renewing an account: the mail with its link, the link opened, and an administrator's word on a term."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tchap.base import limits
from tchap.base.config import ConfigError
from tchap.base.errors import Forbidden, LimitExceeded, MatrixError
from tchap.gateways.account_mails import Term, renewal_mail
from tchap.policy import administrations as acts
from tchap.policy import validity as law
from tchap.policy.emails import parse_email
from tchap.policy.validity import Act, Facts, Rules, may_renew, parse_exemption
from tchap.services.accounts import account_expired
from tchap.services.administrations import home_of
from tchap.services.admins import act_of, get_target
from tchap.services.emails import post
from tchap.services.refusals import user_locked
from tchap.services.sessions import hash_token
from tchap.storage import accounts, audit, validity
from tchap.storage.sponsorships import has_sponsors
from tchap.storage.validity import RenewalLink, TermChange, TermRow

if TYPE_CHECKING:
    from tchap.base.config import Settings
    from tchap.base.identity import Requester
    from tchap.services.world import World
    from tchap.storage.audit import AdminAct
    from tchap.storage.database import Tx
    from tchap.storage.mail_outbox import OutgoingMail

RENEW_PATH = "/_synapse/client/email_account_validity/renew"


class Renewal(Enum):
    """What became of a link that was opened."""

    DONE = "done"
    DONE_BEFORE = "done_before"
    UNKNOWN = "unknown"
    NOT_AUTHORISED = "not_authorised"


@dataclass(frozen=True, slots=True)
class Order:
    """What an administrator wants of a term: when it ends (ms since 1970), and whether mails are sent about it; None
    leaves it as it is, a term without end being renewed."""

    expires_ts: int | None
    mails: bool | None


def rules_in_force(settings: Settings) -> Rules | None:
    """The rules of terms, None where no account has one; ConfigError for an exemption that cannot be read."""
    chosen = settings.validity
    try:
        exempt = tuple(parse_exemption(text) for text in chosen.exempt)
    except ValueError as error:
        raise ConfigError(f"validity: exempt: {error}") from error
    if settings.test_profile or not chosen.enabled:
        return None
    return Rules(
        chosen.period_days * limits.DAY_MS,
        tuple(days * limits.DAY_MS for days in chosen.mail_days_before),
        chosen.close_after_days * limits.DAY_MS,
        chosen.last_mail_days_before * limits.DAY_MS,
        exempt,
    )


def facts_of(row: TermRow) -> Facts:
    return Facts(
        row.user_id,
        parse_email(row.email) if row.email is not None else None,
        row.created_ts if row.proof_ts is None else row.proof_ts,
        row.expires_ts,
        row.told_ts,
        mails=row.mails and not row.is_locked,
        is_admin=row.is_admin,
    )


def plan_mail(settings: Settings, row: TermRow, decision: law.Decision, token: str) -> OutgoingMail:
    """The mail of a decision, with the link that this token makes."""
    link = f"{settings.public_url}{RENEW_PATH}?{urlencode({'token': token})}"
    by_proconnect = bool(settings.proconnect.issuer) and not _is_guest(settings, row)
    ends = (row.expires_ts or 0, decision.closes_ts)
    return renewal_mail(row.email or "", Term(decision.act, decision.number, *ends, link, by_proconnect))


def _is_guest(settings: Settings, row: TermRow) -> bool:
    instance = settings.find_instance(row.instance)
    return instance is not None and instance.is_external


async def send_renewal_mail(world: World, user_id: str) -> None:
    """Sends the account's owner the mail that renews it; nothing to do for an account without a term.

    M_THREEPID_DENIED where its domain is not authorised any more; M_LIMIT_EXCEEDED; M_USER_LOCKED.
    """
    row, rules = await world.store.read(validity.find_term, user_id), rules_in_force(world.settings)
    if row is not None and row.is_locked:
        raise user_locked()
    if row is None or row.email is None or row.expires_ts is None or rules is None:
        return
    if await _is_sponsored(world, row, row.email):
        raise Forbidden(
            "The agent who invited you decides how long your access lasts: ask them to prolong it.",
            "L'agent qui vous a invité décide de la durée de votre accès : demandez-lui de le prolonger.",
        )
    if not may_renew(await home_of(world, parse_email(row.email)), _is_guest(world.settings, row)):
        raise MatrixError(
            "M_THREEPID_DENIED",
            "The domain of your e-mail address is no longer authorised: ask your administration.",
            "Le domaine de votre adresse n'est plus autorisé : adressez-vous à votre administration.",
        )
    _check_rate(world, row)
    token, now_ms = world.entropy.token(), world.clock.now_ms()
    is_over = row.expires_ts <= now_ms
    closes_ts = law.find_closing(facts_of(row), rules, now_ms) if is_over else None
    decision = law.Decision(Act.EXPIRED if is_over else Act.MAIL, None, number=1, closes_ts=closes_ts)
    mail = plan_mail(world.settings, row, decision, token)
    link = RenewalLink(user_id, row.email, None)
    await world.store.write(_keep, (hash_token(token), link), mail, (now_ms, world.mailer.is_mailbox))
    world.mailer.wake()


async def _is_sponsored(world: World, row: TermRow, email: str) -> bool:
    """Whether sponsors decide on the term: never an agent's, whoever vouched for the address before."""
    return _is_guest(world.settings, row) and await world.store.read(has_sponsors, email)


def _check_rate(world: World, row: TermRow) -> None:
    for bucket, key in (("renewal_mail", row.user_id), ("mail_to", row.email or "")):
        wait_ms = world.live.rate_limits.take(bucket, key, world.clock.monotonic())
        if wait_ms:
            raise LimitExceeded(wait_ms)


async def _keep(tx: Tx, link: tuple[bytes, RenewalLink], mail: OutgoingMail, how: tuple[int, bool]) -> None:
    await validity.add_link(tx, *link)
    await post(tx, mail, *how)


async def renew_by_link(world: World, token: str) -> Renewal:
    """Renews the account of a link that was mailed. The law is asked again: the domain must still be authorised."""
    token_hash, rules = hash_token(token), rules_in_force(world.settings)
    link = await world.store.read(validity.find_link, token_hash)
    row = await world.store.read(validity.find_term, link.user_id) if link is not None else None
    if link is None or row is None or rules is None:
        return Renewal.UNKNOWN
    if await _is_sponsored(world, row, link.email):
        return Renewal.UNKNOWN
    if link.used_ts is None and not may_renew(
        await home_of(world, parse_email(link.email)), _is_guest(world.settings, row)
    ):
        return Renewal.NOT_AUTHORISED
    outcome = await world.store.write(_renew, token_hash, world.clock.now_ms(), rules.period_ms)
    world.live.tokens.forget_user(link.user_id)
    return outcome


async def _renew(tx: Tx, token_hash: bytes, now_ms: int, period_ms: int) -> Renewal:
    link = await validity.find_link(tx, token_hash)
    if link is None or not await _is_hers(tx, link):
        return Renewal.UNKNOWN
    if link.used_ts is not None:
        return Renewal.DONE_BEFORE
    await validity.set_renewed(tx, link.user_id, now_ms + period_ms, now_ms)
    return Renewal.DONE


async def _is_hers(tx: Tx, link: RenewalLink) -> bool:
    """A link sent to an address the account has no longer renews nothing."""
    return link.email in {address.email for address in await accounts.find_emails_of(tx, link.user_id)}


async def set_term(world: World, requester: Requester, user_id: str, order: Order) -> int:
    """An administrator's word on a term: a period from now where no end is given. Answers the end.

    Forbidden for who is no administrator, NotFound for no living account.
    """
    target = await get_target(world, requester, user_id, acts.Act.RENEW)
    rules, now_ms = rules_in_force(world.settings), world.clock.now_ms()
    period_ms = world.settings.validity.period_days * limits.DAY_MS
    expires_ts = now_ms + period_ms if order.expires_ts is None else order.expires_ts
    done = act_of(world, requester, "set_validity", target, _detail(expires_ts, order))
    await world.store.write(_set_term, done, (expires_ts, order.mails), rules)
    world.live.tokens.forget_user(user_id)
    if expires_ts <= now_ms:
        world.live.notifier.refuse(user_id, account_expired())
    return expires_ts


def _detail(expires_ts: int, order: Order) -> str:
    mails = {None: "", True: " mails=on", False: " mails=off"}[order.mails]
    return f"expiration_ts={expires_ts}{mails}"


async def _set_term(tx: Tx, done: AdminAct, order: tuple[int, bool | None], rules: Rules | None) -> None:
    expires_ts, mails = order
    if mails is not None:
        await validity.set_renewal_mails(tx, done.target, mails)
    await validity.set_terms(tx, [TermChange(done.target, expires_ts, None, done.done_ts)])
    row = await validity.find_term(tx, done.target)
    if row is None or rules is None or law.decide(facts_of(row), rules, done.done_ts).act is Act.LIFT:
        # An end that an administrator gave to an account without a term is not the duty's to take away.
        await validity.set_terms(tx, [TermChange(done.target, expires_ts, None, None)])
    await audit.add_act(tx, done)
