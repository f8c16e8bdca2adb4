"""Administrations and their domains, alike on both engines."""

from dataclasses import replace

import pytest

from tchap.storage import accounts
from tchap.storage import administrations as book
from tchap.storage.accounts import Account, AccountEmail
from tchap.storage.administrations import Administration, Domain, ListedDomain
from tchap.storage.database import Store

pytestmark = pytest.mark.anyio

MAIRIE = Administration(
    *("mairie", "Mairie", "Mairie de Valmont", "a.example.fr", 5, "commune", "metropole", "123456789", 40, "m@a.fr"),
    is_held=True,
)


async def test_an_administration_is_kept_as_it_was_given(store: Store) -> None:
    """Every field comes back, and neither an id nor a name is given twice."""
    assert await store.write(book.add_administration, MAIRIE)
    assert await store.read(book.find_administration, "mairie") == MAIRIE
    assert await store.read(book.find_administration_named, "Mairie") == MAIRIE
    assert not await store.write(book.add_administration, Administration("mairie", "Autre", "", "a.example.fr", 6))
    assert not await store.write(book.add_administration, Administration("autre", "Mairie", "", "a.example.fr", 6))
    assert await store.read(book.find_administration, "autre") is None


async def test_a_domain_is_open_with_its_administration(store: Store) -> None:
    """A domain has one owner; it takes agents while both are active, and is as unknown once closed."""
    await store.write(book.add_administration, MAIRIE)
    await store.write(book.add_administration, Administration("s", "S", "", "b.example.fr", 5, status=book.SUSPENDED))
    for domain in (
        Domain("valmont.fr", "mairie", 1),
        Domain("*.valmont.fr", "mairie", 1, book.SUSPENDED),
        Domain("s.fr", "s", 1),
        Domain("old.fr", "mairie", 1, book.CLOSED),
    ):
        assert await store.write(book.add_domain, domain)
    assert not await store.write(book.add_domain, Domain("valmont.fr", "s", 2))
    found = await store.read(book.find_listed, ("valmont.fr", "*.valmont.fr", "s.fr", "old.fr", "new.fr"))
    assert sorted(found, key=lambda each: each.domain) == [
        ListedDomain("*.valmont.fr", "mairie", "a.example.fr", "Mairie de Valmont", False),
        ListedDomain("s.fr", "s", "b.example.fr", "", False),
        ListedDomain("valmont.fr", "mairie", "a.example.fr", "Mairie de Valmont", True),
    ]


async def test_whose_decision_a_suspension_was_is_kept(store: Store) -> None:
    """It goes with the domain, and with the administration; a domain that was closed begins anew."""
    held = Domain("valmont.fr", "mairie", 1, book.SUSPENDED, is_held=True)
    await store.write(book.add_domain, held)
    assert await store.read(book.find_domain, "valmont.fr") == held
    await store.write(book.set_domain, replace(held, status=book.CLOSED))
    assert await store.write(book.add_domain, Domain("valmont.fr", "mairie", 2))
    assert await store.read(book.find_domain, "valmont.fr") == Domain("valmont.fr", "mairie", 2)
    await store.write(book.add_administration, MAIRIE)
    await store.write(book.set_administration, replace(MAIRIE, is_held=False))
    assert await store.read(book.find_administration, "mairie") == replace(MAIRIE, is_held=False)


async def test_accounts_without_an_administration_are_placed(store: Store) -> None:
    """Living accounts of none are found in order of their addresses, and are then somebody's."""
    await store.write(book.add_administration, MAIRIE)
    for name in "cab":
        await store.write(accounts.add_account, Account(f"@{name}:a.example.fr", "a.example.fr", None, 1))
        await store.write(accounts.add_email, AccountEmail(f"{name}@valmont.fr", f"@{name}:a.example.fr", 1, 1))
    await store.write(accounts.set_deactivated, "@a:a.example.fr", 2, False)
    assert await store.read(book.find_unplaced, "", 1) == [("b@valmont.fr", "@b:a.example.fr")]
    await store.write(book.set_administrations, [("@b:a.example.fr", "mairie")])
    assert await store.read(book.find_unplaced, "", 9) == [("c@valmont.fr", "@c:a.example.fr")]
    assert await store.read(book.find_administration_of, "@b:a.example.fr") == MAIRIE
    assert await store.read(book.find_administration_of, "@c:a.example.fr") is None
