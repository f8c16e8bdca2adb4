"""Who vouches for whom, alike on both engines."""

import pytest

from tchap.storage import accounts, sponsorships
from tchap.storage import administrations as book
from tchap.storage.accounts import Account, AccountEmail
from tchap.storage.administrations import Administration
from tchap.storage.database import Store
from tchap.storage.sponsorships import Guest, Sponsorship

pytestmark = pytest.mark.anyio

OUT = "agent.externe.example.fr"
ZOE = f"@zoe:{OUT}"
BY_A = Sponsorship("zoe@ailleurs.example", "@a:x.fr", "mairie", 1, 100)
BY_B = Sponsorship("zoe@ailleurs.example", "@b:x.fr", None, 2, 200)


async def test_a_sponsorship_is_begun_ended_and_begun_anew(store: Store) -> None:
    """One line an address and sponsor; ended once, and anew without the trace of its end."""
    for each in (BY_A, BY_B):
        await store.write(sponsorships.set_sponsorship, each)
    assert await store.read(sponsorships.find_sponsorships, BY_A.email) == [BY_A, BY_B]
    assert await store.write(sponsorships.set_ended, BY_A.email, BY_A.sponsor, "@d:x.fr", 50)
    assert not await store.write(sponsorships.set_ended, BY_A.email, BY_A.sponsor, "@d:x.fr", 60)
    assert not await store.write(sponsorships.set_ended, BY_B.email, BY_B.sponsor, "@d:x.fr", 200)
    found = await store.read(sponsorships.find_sponsorship, BY_A.email, BY_A.sponsor)
    assert found == Sponsorship(BY_A.email, BY_A.sponsor, "mairie", 1, 50, None, "@d:x.fr")
    await store.write(sponsorships.set_sponsorship, Sponsorship(BY_A.email, BY_A.sponsor, "autre", 70, 300))
    found = await store.read(sponsorships.find_sponsorship, BY_A.email, BY_A.sponsor)
    assert found == Sponsorship(BY_A.email, BY_A.sponsor, "autre", 1, 300)


async def test_guests_are_listed_and_warned_of(store: Store) -> None:
    """By sponsor, by administration in pages, and once before the end."""
    await store.write(accounts.add_account, Account(ZOE, OUT, None, 1))
    await store.write(accounts.add_email, AccountEmail(BY_A.email, ZOE, 1, 1))
    for each in (BY_A, BY_B):
        await store.write(sponsorships.set_sponsorship, each)
    assert await store.read(sponsorships.find_guests_of, "@a:x.fr", 5) == [Guest(BY_A, ZOE)]
    assert await store.read(sponsorships.find_guests_in, "mairie", ("", ""), 5) == [Guest(BY_A, ZOE)]
    assert await store.read(sponsorships.find_guests_in, "mairie", (BY_A.email, BY_A.sponsor), 5) == []
    assert await store.read(sponsorships.find_to_warn, 150, 10, 5) == [Guest(BY_A, ZOE)]
    assert await store.read(sponsorships.find_to_warn, 150, 100, 5) == []
    assert await store.write(sponsorships.set_warned, BY_A, 20)
    assert not await store.write(sponsorships.set_warned, BY_A, 21)
    assert await store.read(sponsorships.find_to_warn, 150, 10, 5) == []


async def test_a_guest_is_over_then_out_then_closed(store: Store) -> None:
    """An end is followed step by step, and a new term begins again."""
    await store.write(accounts.add_account, Account(ZOE, OUT, None, 1))
    await store.write(sponsorships.set_guest_term, ZOE, 100, 50)
    assert await store.read(sponsorships.find_over, OUT, 99, 5) == []
    assert await store.read(sponsorships.find_over, OUT, 100, 5) == [ZOE]
    assert await store.write(sponsorships.set_out_of_rooms, ZOE, 110)
    assert not await store.write(sponsorships.set_out_of_rooms, ZOE, 111)
    assert await store.read(sponsorships.find_over, OUT, 120, 5) == []
    assert await store.read(sponsorships.find_to_close, 110, 5) == [ZOE]
    await store.write(sponsorships.set_guest_term, ZOE, 110, 115)
    assert await store.read(sponsorships.find_to_close, 110, 5) == [ZOE]
    await store.write(sponsorships.set_guest_term, ZOE, 300, 120)
    assert await store.read(sponsorships.find_to_close, 110, 5) == []


async def test_suspended_administrations_vouch_for_nobody(store: Store) -> None:
    """What runs in their name is ended; what runs in nobody's goes on."""
    await store.write(book.add_administration, Administration("mairie", "M", "", "a.fr", 1, status=book.SUSPENDED))
    for each in (BY_A, BY_B):
        await store.write(sponsorships.set_sponsorship, each)
    assert await store.write(sponsorships.end_with_administrations, 60, 5) == [BY_A.email]
    assert await store.write(sponsorships.end_with_administrations, 60, 5) == []
    found = await store.read(sponsorships.find_sponsorship, BY_A.email, BY_A.sponsor)
    assert found is not None
    assert (found.ended_by, found.ends_ts) == (sponsorships.BY_ADMINISTRATION, 60)


async def test_a_guest_vouched_for_again_on_the_way_out_stays(store: Store) -> None:
    """Leaving all rooms takes its time: a new term that begins meanwhile is not followed by the end of the old one."""
    await store.write(accounts.add_account, Account(ZOE, OUT, None, 1))
    await store.write(sponsorships.set_guest_term, ZOE, 100, 50)
    assert await store.read(sponsorships.find_over, OUT, 100, 5) == [ZOE]
    await store.write(sponsorships.set_guest_term, ZOE, 900, 101)
    assert not await store.write(sponsorships.set_out_of_rooms, ZOE, 102)
    assert await store.read(sponsorships.find_to_close, 800, 5) == []
