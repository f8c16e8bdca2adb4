"""Locks, suspensions and the audit on both engines."""

import pytest

from tchap.storage import accounts, audit
from tchap.storage.accounts import Account
from tchap.storage.audit import AdminAct
from tchap.storage.database import Store
from tchap.storage.tokens import NewAccessToken, add_access_token, find_access_token

pytestmark = pytest.mark.anyio
USER = "@camille:a.example.fr"


async def test_a_token_tells_how_its_account_stands(store: Store) -> None:
    """Locked and suspended are told with the token, and lifted again."""
    await store.write(accounts.add_account, Account(USER, "a.example.fr", None, 1))
    await store.write(add_access_token, NewAccessToken(b"hash", USER, "D", 1, None, None))
    for locked_ts, suspended_ts in ((5, None), (None, 6), (None, None)):
        await store.write(accounts.set_locked, USER, locked_ts)
        await store.write(accounts.set_suspended, USER, suspended_ts)
        token = await store.read(find_access_token, b"hash")
        account = await store.read(accounts.find_account, USER)
        assert token is not None
        assert account is not None
        assert (token.is_locked, token.is_suspended) == (locked_ts is not None, suspended_ts is not None)
        assert (account.locked_ts, account.suspended_ts) == (locked_ts, suspended_ts)


async def test_administrators_are_found(store: Store) -> None:
    """Only living accounts become administrators."""
    await store.write(accounts.add_account, Account(USER, "a.example.fr", None, 1))
    assert await store.write(accounts.set_admin, USER, True)
    assert not await store.write(accounts.set_admin, "@nobody:a.example.fr", True)
    assert await store.read(accounts.find_admins) == [USER]
    await store.write(accounts.set_deactivated, USER, 2, False)
    assert await store.read(accounts.find_admins) == []


async def test_acts_are_read_in_pages(store: Store) -> None:
    """The newest act comes first, and a page begins where the one before ended."""
    acts = [AdminAct(USER, f"act{number}", USER, number, "why" if number else None) for number in range(3)]
    for act in acts:
        await store.write(audit.add_act, act)
    page = await store.read(audit.find_acts, 2**53 - 1, 2)
    assert [act for _, act in page] == [acts[2], acts[1]]
    assert [act for _, act in await store.read(audit.find_acts, page[-1][0], 2)] == [acts[0]]
