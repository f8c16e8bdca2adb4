"""Requests that wait for somebody: those who look after the service read everything there is, and decide."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tchap.base.errors import Forbidden, InvalidParam, NotFound
from tchap.base.identity import Requester
from tchap.gateways import domain_mails
from tchap.policy.domain_requests import ACTS, State
from tchap.services import administration_domains
from tchap.services.administration_desk import Hand, hand_of, tell
from tchap.services.administration_jobs import NewAdministration
from tchap.services.admins import check_admin
from tchap.services.domain_facts import find_dns_facts, study_domain
from tchap.services.domain_openings import (
    Why,
    decided,
    open_domain,
    plan_administration,
    refuse_request,
)
from tchap.services.world import World
from tchap.storage import domain_requests
from tchap.storage.administrations import find_domain
from tchap.storage.database import Tx
from tchap.storage.domain_requests import DomainRequest


@dataclass(frozen=True, slots=True)
class Wish:
    """What a decider would do, of `ACTS`, and the reason told to the requester: needed to refuse or suspend."""

    act: str
    reason: str


async def list_requests(
    world: World, requester: Requester, states: tuple[State, ...], page: tuple[tuple[int, str], int]
) -> list[DomainRequest]:
    """Requests in these states, the oldest first; `page` is (after which, how many). M_FORBIDDEN."""
    await check_admin(world, requester)
    after, limit = page
    return await world.store.read(domain_requests.find_requests, [each.value for each in states], after, limit)


async def get_request(world: World, requester: Requester, request_id: str) -> DomainRequest:
    """M_FORBIDDEN, M_NOT_FOUND."""
    await check_admin(world, requester)
    found = await world.store.read(domain_requests.find_request, request_id)
    if found is None:
        raise _unknown()
    return found


async def study_now(world: World, request: DomainRequest) -> dict[str, Any]:
    """What lists and DNS say of the domain at this moment: both may have changed since it was asked."""
    study = await study_domain(world, request.domain)
    return study.shown() | {"dns": await find_dns_facts(world, request.domain)}


async def decide(world: World, requester: Requester, request_id: str, wish: Wish) -> DomainRequest:
    """M_FORBIDDEN where the request is in no state for it, M_NOT_FOUND, M_INVALID_PARAM."""
    found = await get_request(world, requester, request_id)
    if wish.act in ("refuse", "suspend") and not wish.reason:
        raise InvalidParam("Say why: the requester is told.", "Donnez le motif : il est dit au demandeur.")
    planned, hand = plan_administration(world, found), hand_of(world, requester.user_id, is_operator=True)
    done = await world.store.write(_decide, request_id, wish, planned, hand)
    world.mailer.wake()
    return done


_STATES = {
    State.DESCRIBING: "encore à décrire",
    State.PROVING: "encore à prouver",
    State.WAITING: "en attente d'une décision",
    State.APPROVED: "acceptée",
    State.REFUSED: "refusée",
    State.SUSPENDED: "suspendue",
    State.WITHDRAWN: "retirée",
}


async def _decide(tx: Tx, request_id: str, wish: Wish, planned: NewAdministration, hand: Hand) -> DomainRequest:
    own = await domain_requests.find_request(tx, request_id)
    if own is None:
        raise _unknown()
    if own.state not in ACTS[wish.act][0]:
        raise Forbidden(
            f"This request is {own.state}: that cannot be done to it.",
            f"Cette demande est {_STATES[State(own.state)]} : ce n'est pas possible.",
        )
    if wish.act == "approve":
        return await open_domain(tx, own, planned, hand)
    if wish.act == "refuse":
        return await refuse_request(tx, own, Why(wish.reason, wish.reason, wish.reason), hand)
    return await (_suspend(tx, own, wish.reason, hand) if wish.act == "suspend" else _reopen(tx, own, hand))


async def _suspend(tx: Tx, own: DomainRequest, reason: str, hand: Hand) -> DomainRequest:
    """The domain takes no new agent; those it has keep their accounts. The domain's own audit is written there."""
    await _check_still_theirs(tx, own)
    await administration_domains.suspend_domain(tx, own.domain, hand)
    own = decided(replace(own, state=State.SUSPENDED), reason, hand)
    await domain_requests.set_request(tx, own)
    await tell(tx, domain_mails.suspended_mail(own.requester, own.domain, reason, hand.public_url), hand)
    return own


async def _reopen(tx: Tx, own: DomainRequest, hand: Hand) -> DomainRequest:
    """A suspended domain takes agents again."""
    await _check_still_theirs(tx, own)
    await administration_domains.reopen_domain(tx, own.domain, hand)
    own = decided(replace(own, state=State.APPROVED), None, hand)
    await domain_requests.set_request(tx, own)
    await tell(tx, domain_mails.opened_mail(own.requester, own.domain, hand.public_url), hand)
    return own


async def _check_still_theirs(tx: Tx, own: DomainRequest) -> None:
    """A domain that moved since is no longer this request's to decide on. M_FORBIDDEN."""
    domain = await find_domain(tx, own.domain)
    if domain is None or domain.administration_id != own.administration_id:
        raise Forbidden(
            "This domain has changed hands since: act on the administration that has it.",
            "Ce domaine a changé de mains depuis : agissez sur l'administration qui l'a.",
        )


def _unknown() -> NotFound:
    return NotFound("There is no such request.", "Cette demande n'existe pas.")
