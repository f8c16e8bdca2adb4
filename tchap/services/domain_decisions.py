"""Requests that wait for somebody: those who look after the service read everything there is, and decide."""

from __future__ import annotations

from typing import Any

from tchap.base.errors import Forbidden, InvalidParam, NotFound
from tchap.base.identity import Requester
from tchap.policy.domain_requests import ACTS, State
from tchap.services.admins import check_admin
from tchap.services.domain_facts import find_dns_facts, study_domain
from tchap.services.domain_openings import (
    Ways,
    open_domain,
    plan_administration,
    refuse_request,
    reopen_domain,
    suspend_domain,
    ways_of,
)
from tchap.services.world import World
from tchap.storage import domain_requests
from tchap.storage.administrations import Administration
from tchap.storage.database import Tx
from tchap.storage.domain_requests import DomainRequest


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


async def decide(world: World, requester: Requester, request_id: str, wish: tuple[str, str | None]) -> DomainRequest:
    """`wish`: what to do, of `ACTS`, and the reason told to the requester, needed to refuse or suspend.

    M_FORBIDDEN where the request is in no state for it, M_NOT_FOUND, M_INVALID_PARAM.
    """
    found = await get_request(world, requester, request_id)
    act, reason = wish
    if act in ("refuse", "suspend") and not (reason or "").strip():
        raise InvalidParam("Say why: the requester is told.", "Donnez le motif : il est dit au demandeur.")
    planned = plan_administration(world, found)
    decided = await world.store.write(_decide, request_id, wish, planned, (requester.user_id, ways_of(world)))
    world.mailer.wake()
    return decided


async def _decide(
    tx: Tx, request_id: str, wish: tuple[str, str | None], planned: Administration, given: tuple[str, Ways]
) -> DomainRequest:
    act, reason = wish
    own = await domain_requests.find_request(tx, request_id)
    if own is None:
        raise _unknown()
    if own.state not in ACTS[act][0]:
        raise Forbidden(
            f"This request is {own.state.value}: that cannot be done to it.",
            f"Cette demande est à l'état « {own.state.value} » : ce n'est pas possible.",
        )
    if act == "approve":
        return await open_domain(tx, own, planned, given)
    if act == "refuse":
        return await refuse_request(tx, own, reason or "", given)
    if act == "suspend":
        return await suspend_domain(tx, own, reason or "", given)
    return await reopen_domain(tx, own, given)


def _unknown() -> NotFound:
    return NotFound("There is no such request.", "Cette demande n'existe pas.")
