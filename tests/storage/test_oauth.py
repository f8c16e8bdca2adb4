"""The statements of OAuth 2.0 mean the same on both engines: one long story through every table."""

import asyncio
from pathlib import Path

import pytest

from tchap.base import limits
from tchap.services.oauth_clients import sweep
from tchap.storage import oauth
from tests.support.accounts import V3, person
from tests.support.house import open_house
from tests.support.oauth import API, Browser, post_form, register_app

pytestmark = pytest.mark.anyio

JEAN = "jean.martin@prefecture.example.fr"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


async def test_the_life_of_applications(store_url: str, tmp_path: Path) -> None:
    """Applications register, sign in by both roads, refresh, lose an answer, reuse a code, revoke and are forgotten."""
    async with open_house(tmp_path, f'store_url = "{store_url}"\n') as house:
        jean = await person(house, JEAN)
        app, idle = await register_app(house), await register_app(house, client_name="Essai")
        browser = Browser(house)
        await browser.sign_in(jean.user_id)
        code = await app.get_code(browser)
        first = (await app.exchange(code)).body
        for _ in range(2):
            fresh = (await app.refresh(first["refresh_token"])).body
        await house.ask("GET", f"{V3}/account/whoami", token=fresh["access_token"])
        assert (await app.exchange(code)).body["error"] == "invalid_grant"
        assert (await app.refresh(fresh["refresh_token"])).body["error"] == "invalid_grant"

        scope = f"{API} urn:matrix:client:device:TELEVISION"
        asked = await post_form(house, "/oauth2/device", client_id=app.client_id, scope=scope)
        proof = {"device_code": asked.body["device_code"]}
        assert (await app.token(GRANT, **proof)).body["error"] == "authorization_pending"
        assert (await app.token(GRANT, **proof)).body["error"] == "slow_down"
        page = await browser.open(asked.body["verification_uri_complete"])
        assert (await browser.submit(page, "answer", "allow")).status == 200
        house.clock.move(10)
        tokens = (await app.token(GRANT, **proof)).body
        revoked = await app.sign_in(jean.user_id, "AUTRE")
        assert (await post_form(house, "/oauth2/revoke", token=revoked["refresh_token"])).status == 200

        house.clock.move(limits.UNUSED_CLIENT_MS / 1000 + 1)
        await sweep(house.world)
        assert await house.world.store.read(oauth.find_client, idle.client_id) is None
        assert await house.world.store.read(oauth.count_device_grants) == 0
        assert (await app.refresh(tokens["refresh_token"])).status == 200


async def test_a_code_taken_by_several_at_once(store_url: str, tmp_path: Path) -> None:
    """Of those who bring a code at the same moment one gets a session, and it ends, since others knew the code."""
    async with open_house(tmp_path, f'store_url = "{store_url}"\n') as house:
        jean = await person(house, JEAN)
        app = await register_app(house)
        browser = Browser(house)
        await browser.sign_in(jean.user_id)
        code = await app.get_code(browser)
        replies = await asyncio.gather(*(app.exchange(code) for _ in range(8)))
        taken = [reply.body for reply in replies if reply.status == 200]
        assert len(taken) == 1
        assert (await house.call("GET", f"{V3}/account/whoami", token=taken[0]["access_token"])).status == 401


async def test_a_device_code_taken_by_several_at_once(store_url: str, tmp_path: Path) -> None:
    """A device that asks several times at the same moment is signed in once."""
    async with open_house(tmp_path, f'store_url = "{store_url}"\n') as house:
        jean = await person(house, JEAN)
        app = await register_app(house)
        browser = Browser(house)
        await browser.sign_in(jean.user_id)
        scope = f"{API} urn:matrix:client:device:TELEVISION"
        asked = (await post_form(house, "/oauth2/device", client_id=app.client_id, scope=scope)).body
        await browser.submit(await browser.open(asked["verification_uri_complete"]), "answer", "allow")
        polls = [app.token(GRANT, device_code=asked["device_code"]) for _ in range(8)]
        statuses = [reply.status for reply in await asyncio.gather(*polls)]
        assert sorted(statuses) == [200] + [400] * 7
