"""What becomes of a request once its domain is proven: opened at once, or somebody's to decide; each with its mail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tchap.base.errors import Forbidden
from tchap.gateways import domain_mails
from tchap.policy.administrations import MAX_NAME, plain_name
from tchap.policy.domain_requests import Outcome, State
from tchap.policy.domains import listings_of
from tchap.services.administration_desk import Hand, hand_of, tell
from tchap.services.administration_jobs import NewAdministration, open_administration
from tchap.services.domain_facts import Study, find_dns_facts, study_domain
from tchap.services.domain_requests import already_open, get_in, refusal_of
from tchap.services.world import World
from tchap.storage import administrations, audit, domain_requests
from tchap.storage.audit import AdminAct
from tchap.storage.database import Tx
from tchap.storage.domain_requests import DomainRequest

OPEN_PATH = "/ouvrir"
BY_LAW = "on-boarding"
"""Who approves where nobody has to: the State's list and the proof."""


@dataclass(frozen=True, slots=True)
class Why:
    """Why a request is refused: a word for programs, or the decider's own words, and what the requester reads."""

    reason: str
    fr: str
    en: str


_TAKEN = Why("already_open", already_open(True).fr, already_open(True).en)


@dataclass(frozen=True, slots=True)
class Proven:
    """A domain that was proven: how, what a decider reads of it, and what the law makes of it."""

    way: str
    facts: dict[str, Any]
    outcome: Outcome
    wanted: NewAdministration
    refusal: Why | None


async def settle(world: World, own: DomainRequest, way: str) -> DomainRequest:
    """The domain is proven by `way` (`dns`, `postmaster` or `authority`): opens it, or has it wait, or refuses it.

    M_FORBIDDEN where the request went on meanwhile.
    """
    study = await study_domain(world, own.domain)
    facts = study.shown() | {"dns": await find_dns_facts(world, own.domain)}
    listed = study.known.name if study.known is not None else None
    wanted = plan_administration(world, own, listed)
    proven = Proven(way, facts, study.verdict.outcome, wanted, _find_why(study))
    hand, deciders = hand_of(world, BY_LAW), world.settings.onboarding.deciders_email
    settled = await world.store.write(_settle, own.request_id, proven, hand, deciders)
    world.mailer.wake()
    return settled


def _find_why(study: Study) -> Why | None:
    if study.verdict.outcome is not Outcome.REFUSE:
        return None
    error = refusal_of(study)
    return Why(study.verdict.reasons[0].value, error.fr, error.en)


def plan_administration(world: World, own: DomainRequest, listed_name: str | None = None) -> NewAdministration:
    """The administration as it would be. What stands after its agents' names is read from their addresses, never from
    what the requester typed; the name that the State's list gives comes before the requester's."""
    kind, listed = own.kind or "other", plain_name(listed_name or "")
    return NewAdministration(
        (listed or own.name or own.domain)[:MAX_NAME].strip(),
        "",
        instance_for(world, kind),
        kind,
        siren=own.siren,
        headcount=own.headcount,
        contact=own.contact,
    )


def instance_for(world: World, kind: str) -> str:
    """The instance of a new administration's agents: the one its kind is given, else the first that is for agents."""
    agents = next((each.name for each in world.settings.instances if not each.is_external), None)
    if agents is None:
        raise Forbidden("No instance here is for agents.", "Aucune instance n'accueille d'agents ici.")
    return world.settings.onboarding.instance_of_kind.get(kind, agents)


async def _settle(tx: Tx, request_id: str, proven: Proven, hand: Hand, deciders_email: str) -> DomainRequest:
    own = await get_in(tx, request_id, (State.PROVING,))
    own = replace(
        own,
        proof_way=proven.way,
        proven_ts=hand.now_ms,
        changed_ts=hand.now_ms,
        facts=proven.facts,
        **_NOTHING_TO_PROVE,
    )
    if proven.outcome is Outcome.OPEN:
        return await open_domain(tx, own, proven.wanted, hand)
    if proven.refusal is not None:
        return await refuse_request(tx, own, proven.refusal, hand)
    own = replace(own, state=State.WAITING, changed_ts=hand.now_ms)
    await domain_requests.set_request(tx, own)
    await tell(tx, domain_mails.waiting_mail(own.requester, own.domain, page_of(hand)), hand)
    if deciders_email:
        await tell(tx, domain_mails.decider_mail(deciders_email, own.domain, hand.public_url), hand)
    return own


_NOTHING_TO_PROVE: dict[str, Any] = {"proof_hash": None, "proof_expires_ts": None, "next_check_ts": None}


async def open_domain(tx: Tx, own: DomainRequest, wanted: NewAdministration, hand: Hand) -> DomainRequest:
    """The administration, its domain and its delegates, from this moment on; each is told.

    Where somebody else has the domain by then, by its name or by a wider one, the request is refused. Two town halls
    may have one name.
    """
    if await administrations.find_listed(tx, listings_of(own.domain)):
        return await refuse_request(tx, own, _TAKEN, hand)
    wanted = replace(wanted, name=await _free_name(tx, wanted.name, own.domain))
    # The requester has a mail of her own, below; the contact is often she.
    quiet = replace(hand, is_quiet=True)
    opened = await open_administration(tx, wanted, (own.domain,), own.delegates, quiet)
    own = decided(replace(own, state=State.APPROVED, administration_id=opened.administration_id), None, hand)
    await domain_requests.set_request(tx, own)
    act = AdminAct(hand.by, "approve_domain", own.domain, hand.now_ms, own.request_id, opened.administration_id)
    await audit.add_act(tx, act)
    await tell(tx, domain_mails.opened_mail(own.requester, own.domain, hand.public_url), hand)
    return own


async def _free_name(tx: Tx, name: str, domain: str) -> str:
    """The name; with its domain where it is taken, and numbered where somebody took that too."""
    wanted, number = name, 1
    while await administrations.find_administration_named(tx, wanted) is not None:
        mark = f" ({domain})" if number == 1 else f" ({domain} {number})"
        wanted, number = f"{name[: MAX_NAME - len(mark)]}{mark}"[-MAX_NAME:], number + 1
    return wanted


async def refuse_request(tx: Tx, own: DomainRequest, why: Why, hand: Hand) -> DomainRequest:
    """The request ends, and its requester is told why."""
    own = decided(replace(own, state=State.REFUSED, **_NOTHING_TO_PROVE), why.reason, hand)
    await domain_requests.set_request(tx, own)
    detail = f"{own.request_id} {why.reason}"
    await audit.add_act(tx, AdminAct(hand.by, "refuse_domain", own.domain, hand.now_ms, detail))
    await tell(tx, domain_mails.refused_mail(own.requester, own.domain, (why.fr, why.en), page_of(hand)), hand)
    return own


def decided(own: DomainRequest, reason: str | None, hand: Hand) -> DomainRequest:
    return replace(own, decided_by=hand.by, decided_ts=hand.now_ms, changed_ts=hand.now_ms, reason=reason)


def page_of(hand: Hand) -> str:
    """The page where a request is made and followed."""
    return f"{hand.public_url}{OPEN_PATH}"
