"""What can be known of a domain whose administration would join, and what the law makes of it."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

import structlog

from tchap.base import limits
from tchap.gateways.dns import DnsSilent
from tchap.gateways.domain_lists import DomainLists
from tchap.policy.domain_requests import DomainFacts, Verdict, decide_domain
from tchap.policy.lookalikes import DomainName, Resemblance, SearchKeys, find_resemblances, looks_of, search_keys
from tchap.policy.providers import find_provider
from tchap.services.world import World
from tchap.storage import public_domains
from tchap.storage.database import Tx
from tchap.storage.public_domains import PublicDomain

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Study:
    """The facts of a domain, its entry in the State's list if it has one, and the verdict."""

    facts: DomainFacts
    known: PublicDomain | None
    verdict: Verdict

    def shown(self) -> dict[str, Any]:
        """What a decider reads of it, as JSON."""
        resembles = [
            {"domain": each.domain, "likeness": each.likeness.value}
            for each in self.facts.resemblances[: limits.MAX_RESEMBLANCES]
        ]
        return {
            "known": None if self.known is None else asdict(self.known),
            "verdict": self.verdict.outcome.value,
            "reasons": [each.value for each in self.verdict.reasons],
            "resembles": resembles,
            "registrable": self.facts.name.registrable,
            "provider": self.facts.provider,
            "disposable": self.facts.disposable,
        }


async def study_domain(world: World, domain: str) -> Study:
    """Looks the domain up in every list, and among those that it resembles."""
    await _see_opened(world)
    name = world.domain_lists.name_of(domain)
    keys = search_keys(name)
    known, alike = await world.store.read(_look_up, domain, keys)
    # Letter by letter, beside the loop: thousands of town halls have nearly the same name.
    resemblances = await asyncio.to_thread(_compare, world.domain_lists, name, alike)
    facts = DomainFacts(
        name,
        known is not None,
        find_provider(domain, name.registrable),
        world.domain_lists.find_disposable(domain),
        resemblances,
    )
    return Study(facts, known, decide_domain(facts))


def _compare(lists: DomainLists, name: DomainName, alike: set[str]) -> tuple[Resemblance, ...]:
    return tuple(find_resemblances(name, map(lists.name_of, alike)))


async def _look_up(tx: Tx, domain: str, keys: SearchKeys) -> tuple[PublicDomain | None, set[str]]:
    return await public_domains.find_public_domain(tx, domain), await public_domains.find_alike(tx, keys)


async def _see_opened(world: World) -> None:
    """Domains opened by any road are seen by who looks for those that resemble another."""
    while unseen := await world.store.read(public_domains.find_opened_unseen):
        await world.store.write(_see, world.domain_lists, unseen)


async def _see(tx: Tx, lists: DomainLists, domains: list[str]) -> None:
    await public_domains.add_looks(tx, [(domain, looks_of(lists.name_of(domain))) for domain in domains])


async def find_dns_facts(world: World, domain: str) -> dict[str, Any]:
    """What the DNS says of the domain, as JSON; `silent` where it did not answer."""
    try:
        return asdict(await world.dns.find_facts(domain))
    except DnsSilent as error:
        log.warning("the DNS does not answer", domain=domain, reason=str(error))
        return {"silent": True}
