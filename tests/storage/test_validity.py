"""Terms of accounts on both engines: who is due, what links are worth, what a closing keeps."""

import asyncio

import pytest

from tchap.base import limits
from tchap.storage import account_closings, accounts, memberships, validity
from tchap.storage.accounts import Account, AccountEmail
from tchap.storage.database import Store, Tx
from tchap.storage.validity import RenewalLink, TermChange, TermRow

pytestmark = pytest.mark.anyio
HERE = "a.example.fr"
CAMILLE, ZOE = f"@camille:{HERE}", f"@zoe:{HERE}"


async def add(store: Store, user_id: str, email: str | None, proof_ts: int = 5) -> None:
    await store.write(accounts.add_account, Account(user_id, HERE, None, 1))
    if email is not None:
        await store.write(accounts.add_email, AccountEmail(email, user_id, proof_ts, proof_ts))


LATER = 10**6


async def test_who_is_due_is_taken_once(store: Store) -> None:
    """New accounts are due at once; then each when it asked to be; taken ones wait, and closed ones are never due."""
    await add(store, CAMILLE, "camille@a.example.fr")
    await add(store, ZOE, None)
    assert await store.write(validity.take_due, 0, LATER) == [
        TermRow(CAMILLE, HERE, 1, None, None, True, False, False, "camille@a.example.fr", 5),
        TermRow(ZOE, HERE, 1, None, None, True, False, False, None, None),
    ]
    assert await store.write(validity.take_due, 0, LATER) == []
    assert await store.read(validity.find_next) == LATER
    changes = [TermChange(CAMILLE, 100, 7, 50), TermChange(ZOE, None, None, 40)]
    await store.write(validity.set_terms, changes)
    assert await store.read(validity.find_next) == 40
    assert await store.write(validity.take_due, 39, LATER) == []
    assert [row.user_id for row in await store.write(validity.take_due, 49, LATER)] == [ZOE]
    await store.write(accounts.set_deactivated, ZOE, 9, False)
    await store.write(account_closings.set_closed_by, ZOE, "term", None)
    (row,) = await store.write(validity.take_due, LATER, LATER + 1)
    assert (row.user_id, row.expires_ts, row.told_ts) == (CAMILLE, 100, 7)
    assert await store.read(validity.find_term, ZOE) is None


async def test_two_who_look_at_once_share_the_work(store: Store) -> None:
    """Of several processes that look at the same time, one alone is given an account: nobody is written to twice."""
    for number in range(limits.VALIDITY_BATCH + 3):
        await store.write(accounts.add_account, Account(f"@a{number}:{HERE}", HERE, None, 1))
    looks = await asyncio.gather(*(store.write(validity.take_due, 0, LATER) for _ in range(4)))
    taken = [row.user_id for rows in looks for row in rows]
    assert max(len(rows) for rows in looks) == limits.VALIDITY_BATCH
    left = [row.user_id for row in await store.write(validity.take_due, 0, LATER)]
    assert len(taken) == len(set(taken))
    assert len(taken) + len(left) == limits.VALIDITY_BATCH + 3


async def test_renewing_spends_all_links(store: Store) -> None:
    """The newest links are kept; a renewal spends them, proves the address and begins the term anew."""
    await add(store, CAMILLE, "camille@a.example.fr")
    await store.write(validity.set_terms, [TermChange(CAMILLE, 100, 7, 50)])
    link = RenewalLink(CAMILLE, "camille@a.example.fr", None)
    for number in range(limits.MAX_RENEWAL_LINKS + 2):
        await store.write(validity.add_link, b"%d" % number, link)
    assert await store.read(validity.find_link, b"1") is None
    assert await store.read(validity.find_link, b"2") == link
    await store.write(validity.set_renewed, CAMILLE, 900, 60)
    assert await store.read(validity.find_link, b"2") == RenewalLink(CAMILLE, "camille@a.example.fr", 60)
    term = await store.read(validity.find_term, CAMILLE)
    assert term is not None
    assert (term.expires_ts, term.told_ts, term.proof_ts) == (900, None, 60)
    await store.write(validity.remove_links_of, CAMILLE)
    assert await store.read(validity.find_link, b"2") is None


async def test_terms_are_lifted_but_for_an_administrator_s(store: Store) -> None:
    """Turned off, the rule takes back what it gave; an end somebody chose for an exempt account stays."""
    await add(store, CAMILLE, "camille@a.example.fr")
    await add(store, ZOE, None)
    await store.write(validity.set_terms, [TermChange(CAMILLE, 100, 7, 50), TermChange(ZOE, 100, None, None)])
    await store.write(validity.set_renewal_mails, CAMILLE, False)
    assert await store.write(validity.lift_terms) == [CAMILLE]
    assert await store.write(validity.lift_terms) == []
    terms = [await store.read(validity.find_term, user_id) for user_id in (CAMILLE, ZOE)]
    assert [(term.expires_ts, term.told_ts, term.mails) for term in terms if term] == [
        (None, None, False),
        (100, None, True),
    ]


async def test_a_closing_tells_how_it_was_done(store: Store) -> None:
    """Who closed the account and under which address, until it opens again."""
    await add(store, CAMILLE, None)
    assert await store.read(account_closings.find_closing, CAMILLE) is None
    await store.write(accounts.set_deactivated, CAMILLE, 9, False)
    await store.write(account_closings.set_closed_by, CAMILLE, "owner", "camille@a.example.fr")
    closing = account_closings.Closing(CAMILLE, HERE, "owner", False, "camille@a.example.fr")
    assert await store.read(account_closings.find_closing, CAMILLE) == closing
    known = await store.read(account_closings.find_standings, {CAMILLE, ZOE}, 1)
    assert known == {CAMILLE: (False, True)}
    assert await store.write(account_closings.set_open, CAMILLE)
    assert await store.read(account_closings.find_closing, CAMILLE) is None
    assert not await store.write(account_closings.set_open, CAMILLE), "it is open"
    assert [row.user_id for row in await store.write(validity.take_due, 0, LATER)] == [CAMILLE]


async def stay(tx: Tx, user_id: str, room_id: str, membership: str) -> None:
    await tx.run(
        "INSERT INTO memberships (user_id, room_id, membership, event_id, sender, from_position)"
        " VALUES ($1, $2, $3, $4, $1, 1)",
        user_id,
        room_id,
        membership,
        f"${user_id}{room_id}",
    )


async def test_companions_are_those_in_the_same_room_today(store: Store) -> None:
    """Invited is not joined, and one is one's own companion."""
    for user_id, room_id, membership in (
        (CAMILLE, "!a", "join"),
        (ZOE, "!a", "join"),
        ("@b:x", "!a", "invite"),
        ("@c:x", "!b", "join"),
    ):
        await store.write(stay, user_id, room_id, membership)
    among = (CAMILLE, ZOE, "@b:x", "@c:x")
    assert await store.read(memberships.find_companions, CAMILLE, among) == {CAMILLE, ZOE}
    assert await store.read(memberships.find_companions, "@c:x", among) == {"@c:x"}
