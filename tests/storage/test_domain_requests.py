"""Requests to join, and what domains look like, alike on both engines."""

from dataclasses import replace

import pytest

from tchap.gateways.domain_lists import DomainLists
from tchap.policy.domain_requests import State
from tchap.policy.lookalikes import find_resemblances, looks_of, search_keys
from tchap.storage import administrations, domain_requests, public_domains
from tchap.storage.administrations import Administration, Domain
from tchap.storage.database import Store
from tchap.storage.domain_requests import DomainRequest
from tchap.storage.public_domains import PublicDomain

pytestmark = pytest.mark.anyio

LISTS = DomainLists()
ASKED = DomainRequest("r1", "valmont.fr", "maire@valmont.fr", State.PROVING, b"hash", "c", 10, 10, 100)


async def test_a_request_is_kept_as_it_was_given(store: Store) -> None:
    """Every field comes back, is changed by its id, and is found by its proof and by its requester."""
    whole = replace(
        ASKED,
        name="Mairie",
        headcount=3,
        delegates=("maire@valmont.fr", "dgs@valmont.fr"),
        proof_hash=b"proof",
        next_check_ts=20,
        facts={"known": None, "dns": {"mx": ["mx.é.fr"]}},
    )
    await store.write(domain_requests.set_request, ASKED)
    await store.write(domain_requests.set_request, whole)
    assert await store.read(domain_requests.find_request, "r1") == whole
    assert await store.read(domain_requests.find_request_by_proof, b"proof") == whole
    await store.write(domain_requests.set_request, replace(ASKED, request_id="r0", created_ts=5))
    assert await store.read(domain_requests.find_last_request, "maire@valmont.fr") == whole
    assert await store.read(domain_requests.find_due_checks, 19) == []
    assert await store.read(domain_requests.find_due_checks, 20) == [whole]


async def test_requests_are_counted_listed_and_forgotten(store: Store) -> None:
    """By domain and day; in states, in order, after a place; those nobody finished end."""
    states = (State.DESCRIBING, State.WAITING, State.APPROVED, State.WAITING)
    for number, state in enumerate(states):
        request = replace(ASKED, request_id=f"r{number}", state=state, created_ts=number // 2)
        await store.write(domain_requests.set_request, request)
    assert await store.read(domain_requests.count_requests, "valmont.fr", 1) == (3, 2)
    assert await store.read(domain_requests.count_requests, "autre.fr", 0) == (0, 0)
    found = await store.read(domain_requests.find_requests, ["waiting"], (0, ""), 9)
    assert [each.request_id for each in found] == ["r1", "r3"]
    found = await store.read(domain_requests.find_requests, ["waiting"], (0, "r1"), 9)
    assert [each.request_id for each in found] == ["r3"]
    await store.write(domain_requests.remove_expired_requests, 99)
    assert await store.read(domain_requests.count_requests, "valmont.fr", 0) == (3, 4)
    await store.write(domain_requests.remove_expired_requests, 100)
    assert await store.read(domain_requests.count_requests, "valmont.fr", 0) == (2, 3)


async def test_known_domains_are_found_by_their_looks(store: Store) -> None:
    """Whatever resembles a domain is found with it; doing an import again keeps its date; what is removed is gone."""
    domains = [PublicDomain(f"mairie-{name}.fr", None, "liste", 1) for name in ("valmont", "bourg", "belmont")]
    looks = [(each.domain, looks_of(LISTS.name_of(each.domain))) for each in domains]
    await store.write(public_domains.add_public_domains, domains, looks)
    named = PublicDomain("mairie-valmont.fr", "Mairie de Valmont", "autre", 2)
    await store.write(public_domains.add_public_domains, [named], [])
    kept = PublicDomain("mairie-valmont.fr", "Mairie de Valmont", "liste", 1)
    assert await store.read(public_domains.find_public_domain, "mairie-valmont.fr") == kept
    for asked, expected in (
        ("mairie-va1mont.fr", {"mairie-valmont.fr", "mairie-belmont.fr"}),
        ("mairie-bourg.fr.example.com", {"mairie-bourg.fr"}),
        ("mairiebourg.com", {"mairie-bourg.fr"}),
        ("mairie-bourgs.fr", {"mairie-bourg.fr"}),
        ("hopital-du-lac.fr", set()),
        ("lyon.fr", set()),
    ):
        name = LISTS.name_of(asked)
        found = map(LISTS.name_of, await store.read(public_domains.find_alike, search_keys(name)))
        assert {each.domain for each in find_resemblances(name, found)} == expected, asked
    await store.write(public_domains.remove_public_domains, ["mairie-bourg.fr"])
    assert await store.read(public_domains.find_all_known) == {"mairie-valmont.fr", "mairie-belmont.fr"}
    assert "mairie-bourg.fr" not in await store.read(
        public_domains.find_alike, search_keys(LISTS.name_of("mairiebourg.com"))
    )


async def test_opened_domains_nobody_looked_at_are_told(store: Store) -> None:
    """Whatever road opened them, wildcards by the name under the star, closed ones not."""
    await store.write(administrations.add_administration, Administration("m", "M", "", "a.example.fr", 1))
    for name, status in (("valmont.fr", "active"), ("*.mairies.fr", "suspended"), ("old.fr", "closed")):
        await store.write(administrations.add_domain, Domain(name, "m", 1, status))
    assert set(await store.read(public_domains.find_opened_unseen)) == {"valmont.fr", "mairies.fr"}
    looks = [(each, looks_of(LISTS.name_of(each))) for each in ("valmont.fr", "mairies.fr")]
    await store.write(public_domains.add_looks, looks)
    assert await store.read(public_domains.find_opened_unseen) == []
