"""What browsers signed in rest on, on both engines."""

from pathlib import Path

import pytest

from tchap.storage import accounts, browser_sessions
from tchap.storage.accounts import Account
from tchap.storage.browser_sessions import NewBrowser
from tchap.storage.database import Store
from tests.support.accounts import read_code
from tests.support.house import PASSWORD, open_house
from tests.support.pages import open_browser

pytestmark = pytest.mark.anyio

JEAN = "@jean:agent.prefectures.tchap.example.fr"
EMAIL = "jean.martin@prefecture.example.fr"
INSTANCE = "agent.prefectures.tchap.example.fr"


async def test_the_life_of_a_browser_session(store: Store) -> None:
    """It is found by its hash until its end, proven again, and gives way to newer ones."""
    await store.write(accounts.add_account, Account(JEAN, INSTANCE, None, 1))
    for number in range(3):
        browser = NewBrowser(bytes([number]) * 32, JEAN, "proconnect", 10 + number, 1_000)
        await store.write(browser_sessions.add_session, browser, 2)
    assert await store.read(browser_sessions.find_session, bytes([0]) * 32, 20) is None
    found = await store.read(browser_sessions.find_session, bytes([2]) * 32, 20)
    assert found is not None
    assert (found.user_id, found.instance, found.how, found.opened_ts) == (JEAN, INSTANCE, "proconnect", 12)
    await store.write(browser_sessions.set_proven, found.session_id, 50)
    again = await store.read(browser_sessions.find_session, bytes([2]) * 32, 60)
    assert again is not None
    assert (again.opened_ts, again.proven_ts) == (12, 50)
    assert await store.read(browser_sessions.find_session, bytes([2]) * 32, 1_000) is None
    await store.write(browser_sessions.remove_session, bytes([2]) * 32)
    await store.write(browser_sessions.remove_sessions_of, JEAN)
    assert await store.read(browser_sessions.find_session, bytes([1]) * 32, 60) is None


async def test_a_person_on_our_pages(store_url: str, tmp_path: Path) -> None:
    """Signing up, signing in and closing the account in a browser mean the same on both engines."""
    async with open_house(tmp_path, f'store_url = "{store_url}"\n') as house, open_browser(house) as browser:
        await browser.open("/account/sign-up")
        await browser.submit(email=EMAIL)
        await browser.submit("Continuer", code=await read_code(house, EMAIL))
        page = await browser.submit(password=PASSWORD, again=PASSWORD, terms="yes")
        assert page.path == "/account"
        await browser.open("/account?action=sign_out")
        await browser.submit()
        await browser.submit(user=EMAIL, password=PASSWORD)
        await browser.open("/account?action=org.matrix.cross_signing_reset")
        await browser.submit()
        await browser.open("/account?action=org.matrix.account_deactivate")
        page = await browser.submit(confirm="yes")
        assert page.headings == ["h1 Compte fermé"]
        assert (await browser.open("/account")).path == "/account/sign-in"


async def test_the_leave_to_replace_keys_ends(store: Store) -> None:
    """It is renewed by asking again, ends in time, and can be taken back."""
    await store.write(browser_sessions.set_reset_allowed, JEAN, 0, 10)
    await store.write(browser_sessions.set_reset_allowed, JEAN, 5, 15)
    assert await store.read(browser_sessions.find_reset_allowed, JEAN, 14)
    assert not await store.read(browser_sessions.find_reset_allowed, JEAN, 15)
    await store.write(browser_sessions.remove_reset_allowed, JEAN)
    assert not await store.read(browser_sessions.find_reset_allowed, JEAN, 6)
