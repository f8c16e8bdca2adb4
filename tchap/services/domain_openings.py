"""What becomes of a request once its domain is proven: opened at once, or somebody's to decide; each with its mail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tchap.base.errors import Forbidden
from tchap.gateways import domain_mails
from tchap.policy.domain_requests import Outcome, State, Verdict
from tchap.policy.domains import administration_id_of
from tchap.services.domain_facts import find_dns_facts, study_domain
from tchap.services.domain_requests import get_in
from tchap.services.emails import post
from tchap.services.world import World
from tchap.storage import administrations, audit, domain_requests
from tchap.storage.administrations import Administration, Domain
from tchap.storage.audit import AdminAct
from tchap.storage.database import Tx
from tchap.storage.domain_requests import DomainRequest
from tchap.storage.mail_outbox import OutgoingMail

OPEN_PATH = "/ouvrir"
BY_LAW = "law"
"""Who approves where nobody has to: the State's list and the proof."""
_MAX_SAME_ID = 1_000


@dataclass(frozen=True, slots=True)
class Ways:
    """Where a job leaves its mails, and what they link to."""

    now_ms: int
    to_mailbox: bool
    public_url: str
    deciders_email: str

    @property
    def page(self) -> str:
        return f"{self.public_url}{OPEN_PATH}"


def ways_of(world: World) -> Ways:
    settings = world.settings
    return Ways(world.clock.now_ms(), world.mailer.is_mailbox, settings.public_url, settings.onboarding.deciders_email)


@dataclass(frozen=True, slots=True)
class Proven:
    """A domain that was proven: how, what is known of it, what the law says, and where its agents would be."""

    way: str
    facts: dict[str, Any]
    verdict: Verdict
    administration: Administration


async def settle(world: World, own: DomainRequest, way: str) -> DomainRequest:
    """The domain is proven by `way` (`dns`, `postmaster` or `authority`): opens it, or has it wait, or refuses it.

    M_FORBIDDEN where the request went on meanwhile.
    """
    study = await study_domain(world, own.domain)
    facts = study.shown() | {"dns": await find_dns_facts(world, own.domain)}
    name = study.known.name if study.known is not None else None
    proven = Proven(way, facts, study.verdict, plan_administration(world, own, name))
    settled = await world.store.write(_settle, own.request_id, proven, ways_of(world))
    world.mailer.wake()
    return settled


def plan_administration(world: World, own: DomainRequest, listed_name: str | None = None) -> Administration:
    """The administration as it would be. What stands after its agents' names is read from their addresses, never from
    what the requester typed; the name the State's list gives comes before the requester's."""
    name = listed_name or own.name or own.domain
    kind = own.kind or "other"
    return Administration(
        administration_id_of(name),
        name,
        "",
        instance_for(world, kind),
        world.clock.now_ms(),
        kind=kind,
        siren=own.siren,
        headcount=own.headcount,
        contact=own.contact,
    )


def instance_for(world: World, kind: str) -> str:
    """The instance of a new administration's agents."""
    chosen = world.settings.onboarding.instance_of_kind.get(kind)
    agents = next((each.name for each in world.settings.instances if not each.is_external), None)
    if chosen is None and agents is None:
        raise Forbidden("No instance here is for agents.", "Aucune instance n'accueille d'agents ici.")
    return chosen or str(agents)


async def _settle(tx: Tx, request_id: str, proven: Proven, ways: Ways) -> DomainRequest:
    own = await get_in(tx, request_id, (State.PROVING,))
    own = replace(
        own,
        proof_way=proven.way,
        proven_ts=ways.now_ms,
        changed_ts=ways.now_ms,
        proof_hash=None,
        next_check_ts=None,
        facts=proven.facts,
    )
    if proven.verdict.outcome is Outcome.QUEUE:
        own = replace(own, state=State.WAITING)
        await domain_requests.set_request(tx, own)
        await _tell(tx, domain_mails.waiting_mail(own.requester, own.domain, ways.page), ways)
        if ways.deciders_email:
            await _tell(tx, domain_mails.decider_mail(ways.deciders_email, own.domain, ways.public_url), ways)
        return own
    if proven.verdict.outcome is Outcome.OPEN:
        return await open_domain(tx, own, proven.administration, (BY_LAW, ways))
    return await refuse_request(tx, own, proven.verdict.reasons[0].value, (BY_LAW, ways))


async def open_domain(
    tx: Tx, own: DomainRequest, administration: Administration, given: tuple[str, Ways]
) -> DomainRequest:
    """The administration and its domain from this moment on; `given`: who approves, and the ways. Each is told.

    Where somebody else opened the domain first the request is refused.
    """
    by, ways = given
    opened = await _add(tx, administration, own.domain, ways.now_ms)
    if opened is None:
        return await refuse_request(tx, own, "already_open", given)
    own = _decided(replace(own, state=State.APPROVED, administration_id=opened), None, given)
    await domain_requests.set_request(tx, own)
    await audit.add_act(tx, AdminAct(by, "approve_domain", own.domain, ways.now_ms, own.request_id))
    for address in dict.fromkeys((own.requester, *own.delegates)):
        await _tell(tx, domain_mails.opened_mail(address, own.domain, ways.public_url), ways)
    return own


async def _add(tx: Tx, administration: Administration, domain: str, now_ms: int) -> str | None:
    """The new administration's id; None where the domain is somebody's. Two town halls may have one name."""
    if await administrations.find_listed(tx, (domain,)):
        return None
    for number in range(_MAX_SAME_ID):
        administration_id = administration.administration_id + (f"-{number + 1}" if number else "")
        name = administration.name if number == 0 else f"{administration.name} ({domain})"
        wanted = replace(administration, administration_id=administration_id, name=name)
        if await administrations.add_administration(tx, wanted):
            is_new = await administrations.add_domain(tx, Domain(domain, administration_id, now_ms))
            return administration_id if is_new else None
    return None


async def refuse_request(tx: Tx, own: DomainRequest, reason: str, given: tuple[str, Ways]) -> DomainRequest:
    """The request ends, and its requester is told why; `given`: who refuses, and the ways."""
    by, ways = given
    own = _decided(replace(own, state=State.REFUSED, next_check_ts=None, proof_hash=None), reason, given)
    await domain_requests.set_request(tx, own)
    await audit.add_act(tx, AdminAct(by, "refuse_domain", own.domain, ways.now_ms, f"{own.request_id} {reason}"))
    await _tell(tx, domain_mails.refused_mail(own.requester, own.domain, reason, ways.page), ways)
    return own


async def suspend_domain(tx: Tx, own: DomainRequest, reason: str, given: tuple[str, Ways]) -> DomainRequest:
    """The domain takes no new agent; those it has keep their accounts."""
    by, ways = given
    await administrations.set_domain_status(tx, own.domain, administrations.SUSPENDED)
    own = _decided(replace(own, state=State.SUSPENDED), reason, given)
    await domain_requests.set_request(tx, own)
    await audit.add_act(tx, AdminAct(by, "suspend_domain", own.domain, ways.now_ms, f"{own.request_id} {reason}"))
    await _tell(tx, domain_mails.suspended_mail(own.requester, own.domain, reason, ways.public_url), ways)
    return own


async def reopen_domain(tx: Tx, own: DomainRequest, given: tuple[str, Ways]) -> DomainRequest:
    """A suspended domain takes agents again."""
    by, ways = given
    await administrations.set_domain_status(tx, own.domain, administrations.ACTIVE)
    own = _decided(replace(own, state=State.APPROVED), None, given)
    await domain_requests.set_request(tx, own)
    await audit.add_act(tx, AdminAct(by, "reopen_domain", own.domain, ways.now_ms, own.request_id))
    await _tell(tx, domain_mails.opened_mail(own.requester, own.domain, ways.public_url), ways)
    return own


def _decided(own: DomainRequest, reason: str | None, given: tuple[str, Ways]) -> DomainRequest:
    by, ways = given
    return replace(own, decided_by=by, decided_ts=ways.now_ms, changed_ts=ways.now_ms, reason=reason)


async def _tell(tx: Tx, mail: OutgoingMail, ways: Ways) -> None:
    await post(tx, mail, ways.now_ms, ways.to_mailbox)
