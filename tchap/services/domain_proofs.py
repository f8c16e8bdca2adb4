"""Proving that a domain is its administration's: a DNS record, or the word of its postmaster or of an authority.

The DNS is looked at when the requester asks, and again and again by a duty, so that the page may be closed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import structlog

from tchap.base import limits
from tchap.base.errors import Forbidden, InvalidParam, LimitExceeded, MatrixError, NotFound
from tchap.gateways import domain_mails
from tchap.gateways.dns import DnsSilent
from tchap.policy.domain_requests import State, challenge_names, challenge_text, holds_challenge
from tchap.services.administration_desk import Hand, hand_of, tell
from tchap.services.domain_openings import OPEN_PATH, Why, page_of, refuse_request, settle
from tchap.services.domain_requests import check_open, digest, get_in
from tchap.services.world import World
from tchap.storage import domain_requests
from tchap.storage.database import Tx
from tchap.storage.domain_requests import DomainRequest
from tchap.storage.mail_outbox import OutgoingMail

PROOF_PATH = f"{OPEN_PATH}/preuve"
POSTMASTER = "postmaster"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Checked:
    """A look at the DNS: whether the record is there; else the records of ours that were seen, as they were written."""

    request: DomainRequest
    is_proven: bool
    seen: tuple[str, ...] = ()


def addressees_of(world: World, domain: str) -> dict[str, str]:
    """Whom a mail may ask for the proof, by name: the domain's own postmaster, and the authorities over it."""
    authorities = world.settings.onboarding.authorities
    return {POSTMASTER: f"postmaster@{domain}"} | {
        each.name: each.email for each in authorities if each.vouches_for(domain)
    }


async def begin_watching(world: World, own: DomainRequest) -> DomainRequest:
    """The requester is sent the record to add, once; from now on the DNS is looked at."""
    if own.next_check_ts is not None or own.state != State.PROVING:
        return own
    watched = await world.store.write(_watch, own.request_id, hand_of(world, own.requester))
    world.mailer.wake()
    return watched


async def _watch(tx: Tx, request_id: str, hand: Hand) -> DomainRequest:
    own = await get_in(tx, request_id, (State.PROVING,))
    own = replace(own, next_check_ts=hand.now_ms + limits.DNS_CHECK_MS)
    await domain_requests.set_request(tx, own)
    record = (challenge_names(own.domain)[0], challenge_text(own.challenge))
    await tell(tx, domain_mails.record_mail(own.requester, own.domain, record, page_of(hand)), hand)
    return own


async def check_dns(world: World, own: DomainRequest) -> Checked:
    """Looks at the DNS now. M_LIMIT_EXCEEDED, M_CONNECTION_FAILED where it does not answer, M_FORBIDDEN."""
    _check_proving(own)
    wait_ms = world.live.rate_limits.take("domain_check", own.request_id, world.clock.monotonic())
    if wait_ms:
        raise LimitExceeded(wait_ms)
    try:
        texts = await _find_texts(world, own)
    except DnsSilent as error:
        raise MatrixError(
            "M_CONNECTION_FAILED",
            "The domain's name servers do not answer. We will look again by ourselves.",
            "Les serveurs de noms du domaine ne répondent pas. Nous regarderons de nouveau de nous-mêmes.",
        ) from error
    if not holds_challenge(texts, own.challenge):
        return Checked(own, False, tuple(each for each in texts if each.strip().startswith(challenge_text("")))[:5])
    return Checked(await settle(world, own, "dns"), True)


def _check_proving(own: DomainRequest) -> None:
    if own.state != State.PROVING:
        raise Forbidden("There is nothing to prove at this point.", "Il n'y a rien à prouver à cette étape.")


async def _find_texts(world: World, own: DomainRequest) -> list[str]:
    """The TXT records of both names; DnsSilent where neither was answered and one was not."""
    names = challenge_names(own.domain)
    found = await asyncio.gather(*(world.dns.find_texts(name) for name in names), return_exceptions=True)
    texts = [text for each in found if isinstance(each, list) for text in each]
    failed = [each for each in found if isinstance(each, BaseException)]
    if failed and not holds_challenge(texts, own.challenge):
        raise failed[0]
    return texts


async def ask_by_mail(world: World, own: DomainRequest, to: str) -> DomainRequest:
    """Sends the mail whose link confirms the request; `to` names one of `addressees_of`.

    M_INVALID_PARAM, M_LIMIT_EXCEEDED, M_FORBIDDEN. The link sent before is worth nothing any more.
    """
    _check_proving(own)
    address = addressees_of(world, own.domain).get(to)
    if address is None:
        raise InvalidParam("Nobody of that name can vouch for this domain.", "Ce destinataire n'est pas proposé ici.")
    # An authority hears of many domains, each of which somebody proved a mailbox at.
    wait_ms = world.live.rate_limits.take("mail_to", f"{address} {own.domain}", world.clock.monotonic())
    if wait_ms:
        raise LimitExceeded(wait_ms)
    token, hand = world.entropy.token(), hand_of(world, own.requester)
    mail = domain_mails.proof_mail(address, own.domain, own.requester, f"{hand.public_url}{PROOF_PATH}?token={token}")
    way = POSTMASTER if to == POSTMASTER else "authority"
    asked = await world.store.write(_ask, (own.request_id, way), mail, digest(token), hand)
    world.mailer.wake()
    return asked


async def _ask(tx: Tx, given: tuple[str, str], mail: OutgoingMail, proof_hash: bytes, hand: Hand) -> DomainRequest:
    request_id, way = given
    own = await get_in(tx, request_id, (State.PROVING,))
    own = replace(
        own,
        proof_way=way,
        proof_email=mail.recipient,
        proof_hash=proof_hash,
        proof_expires_ts=hand.now_ms + limits.DOMAIN_PROOF_MS,
        changed_ts=hand.now_ms,
    )
    await domain_requests.set_request(tx, own)
    await tell(tx, mail, hand)
    return own


async def get_asked(world: World, token: str) -> DomainRequest:
    """The request that the mail's link asks about; NotFound for a wrong or old link, or a request that went on."""
    check_open(world)
    found = await world.store.read(domain_requests.find_request_by_proof, digest(token))
    if found is None or found.state != State.PROVING or (found.proof_expires_ts or 0) <= world.clock.now_ms():
        raise NotFound(
            "This link is not valid any more. Ask the requester to send another one.",
            "Ce lien n'est plus valable. Demandez à la personne qui fait la demande d'en envoyer un autre.",
        )
    return found


async def confirm(world: World, token: str) -> DomainRequest:
    """Whoever reads the mail vouches for the request. NotFound."""
    asked = await get_asked(world, token)
    return await settle(world, asked, asked.proof_way or POSTMASTER)


async def reject(world: World, token: str) -> DomainRequest:
    """Whoever reads the mail says that the request is not theirs: it ends. NotFound."""
    asked = await get_asked(world, token)
    rejected = await world.store.write(_reject, asked.request_id, hand_of(world, asked.proof_email or ""))
    world.mailer.wake()
    return rejected


async def _reject(tx: Tx, request_id: str, hand: Hand) -> DomainRequest:
    own = await get_in(tx, request_id, (State.PROVING,))
    fr = f"{hand.by} ne reconnaît pas cette demande."
    return await refuse_request(tx, own, Why("rejected", fr, f"{hand.by} does not recognise this request."), hand)


async def watch_domains(world: World) -> None:
    """Runs until cancelled: looks for the records of those who wait, and forgets requests nobody finished."""
    if not world.settings.takes_administrations:
        return
    while True:
        await check_due(world)
        await world.clock.sleep(limits.DNS_CHECK_IDLE_S)


async def check_due(world: World) -> int:
    """Looks at every domain whose time has come; how many were proven."""
    await world.store.write(domain_requests.remove_expired_requests, world.clock.now_ms())
    due = await world.store.read(domain_requests.find_due_checks, world.clock.now_ms())
    return sum(await asyncio.gather(*(_check_again(world, own) for own in due)))


async def _check_again(world: World, own: DomainRequest) -> bool:
    try:
        if holds_challenge(await _find_texts(world, own), own.challenge):
            await settle(world, own, "dns")
            return True
    except DnsSilent as error:
        log.warning("the DNS does not answer", domain=own.domain, reason=str(error))
    except Forbidden:
        # It was proven, or withdrawn, a moment ago.
        return False
    except Exception:
        # One request out of order keeps nobody else waiting.
        log.exception("a request could not be settled", domain=own.domain)
    await world.store.write(_look_later, own.request_id, world.clock.now_ms())
    return False


async def _look_later(tx: Tx, request_id: str, now_ms: int) -> None:
    found = await domain_requests.find_request(tx, request_id)
    if found is None or found.state != State.PROVING:
        return
    pause = min(limits.DNS_CHECK_MS * 2**found.checks, limits.MAX_DNS_CHECK_MS)
    await domain_requests.set_request(tx, replace(found, checks=found.checks + 1, next_check_ts=now_ms + pause))
