"""A device without a browser is signed in with another's."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tchap.base import limits
from tests.support.accounts import V3, person
from tests.support.house import House, Reply, open_house
from tests.support.oauth import API, App, Browser, post_form, register_app

JEAN = "jean.martin@prefecture.example.fr"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SCOPE = f"{API} urn:matrix:client:device:TELEVISION"


async def start(house: House, app: App, scope: str = SCOPE) -> dict[str, Any]:
    reply = await post_form(house, "/oauth2/device", client_id=app.client_id, scope=scope)
    assert reply.status == 200, reply
    body: dict[str, Any] = reply.body
    return body


async def poll(app: App, started: dict[str, Any]) -> Reply:
    return await app.token(GRANT, device_code=started["device_code"])


def test_a_device_is_signed_in_by_its_code(tmp_path: Path) -> None:
    """The device waits, the person types its code however she likes, allows it, and it is signed in once."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            started = await start(house, app)
            assert (started["interval"], started["expires_in"]) == (5, 900)
            assert started["verification_uri"] == "http://127.0.0.1:8008/link"
            assert started["verification_uri_complete"].endswith(f"/link?user_code={started['user_code']}")
            assert (await poll(app, started)).body["error"] == "authorization_pending"
            browser = Browser(house)
            await browser.sign_in(jean.user_id)
            page = await browser.open("/link")
            assert "user_code" in page.fields
            typed = started["user_code"].replace("-", " ").lower()
            page = await browser.open(f"/link?user_code={typed}")
            for words in (started["user_code"], "messages.example", JEAN, "refuse"):
                assert words in page.html
            done = await browser.submit(page, "answer", "allow")
            assert (done.status, "Device signed in" in done.html) == (200, True)
            house.clock.move(5)
            tokens = (await poll(app, started)).body
            assert tokens["scope"] == SCOPE
            me = await house.ask("GET", f"{V3}/account/whoami", token=tokens["access_token"])
            assert (me["user_id"], me["device_id"]) == (jean.user_id, "TELEVISION")
            assert (await app.refresh(tokens["refresh_token"])).status == 200
            house.clock.move(5)
            assert (await poll(app, started)).body["error"] == "invalid_grant"
            assert (await browser.open(f"/link?user_code={started['user_code']}")).status == 400

    asyncio.run(story())


def test_a_device_learns_that_it_was_refused(tmp_path: Path) -> None:
    """Refused, it is told so; nobody can change the answer afterwards."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            started = await start(house, app)
            browser = Browser(house, language="fr")
            await browser.sign_in(jean.user_id)
            page = await browser.open(started["verification_uri_complete"])
            assert "Demande refusée" in (await browser.submit(page, "answer", "deny")).html
            assert (await browser.submit(page, "answer", "allow")).status == 400
            assert (await poll(app, started)).body["error"] == "access_denied"

    asyncio.run(story())


def test_a_device_that_asks_too_often_is_slowed(tmp_path: Path) -> None:
    """Each question too many makes the wait five seconds longer; too late, the codes are over."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            app = await register_app(house)
            started = await start(house, app)
            assert (await poll(app, started)).body["error"] == "authorization_pending"
            assert (await poll(app, started)).body["error"] == "slow_down"
            house.clock.move(6)
            assert (await poll(app, started)).body["error"] == "slow_down"
            house.clock.move(15)
            assert (await poll(app, started)).body["error"] == "authorization_pending"
            house.clock.move(15)
            assert (await poll(app, started)).body["error"] == "authorization_pending"
            house.clock.move(limits.DEVICE_GRANT_MS / 1000)
            assert (await poll(app, started)).body["error"] == "expired_token"

    asyncio.run(story())


def test_a_device_asks_lawfully(tmp_path: Path) -> None:
    """An unknown application, one not registered for it, or a scope without a device starts nothing."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            app = await register_app(house)
            browser_only = await register_app(house, grant_types=["authorization_code", "refresh_token"])
            for fields, status, error in (
                ({"scope": SCOPE}, 400, "invalid_request"),
                ({"client_id": "nobody", "scope": SCOPE}, 401, "invalid_client"),
                ({"client_id": browser_only.client_id, "scope": SCOPE}, 400, "unauthorized_client"),
                ({"client_id": app.client_id}, 400, "invalid_scope"),
                ({"client_id": app.client_id, "scope": API}, 400, "invalid_scope"),
            ):
                reply = await post_form(house, "/oauth2/device", **fields)
                assert (reply.status, reply.body["error"]) == (status, error)
            started = await start(house, app)
            assert (await poll(browser_only, started)).body["error"] == "invalid_grant"

    asyncio.run(story())


def test_an_application_without_browser_needs_no_redirect_uri(tmp_path: Path) -> None:
    """Registered for devices alone, it signs in by a code, and may not use the browser's road."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            app = await register_app(house, redirect_uris=[], grant_types=[GRANT, "refresh_token"], response_types=[])
            assert (await start(house, app))["user_code"]
            assert (await Browser(house).open(app.authorize_url())).status == 400

    asyncio.run(story())


def test_codes_of_devices_are_not_guessed(tmp_path: Path) -> None:
    """After ten wrong codes a person must wait, even for the right one; good ones are never counted."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            browser = Browser(house)
            await browser.sign_in(jean.user_id)
            started = await start(house, app)
            for _ in range(11):
                assert (await browser.open(f"/link?user_code={started['user_code']}")).status == 200
            wrong = [(await browser.open("/link?user_code=BBBB-BBBB")).status for _ in range(11)]
            assert wrong == [400] * 10 + [429]
            assert (await browser.open(f"/link?user_code={started['user_code']}")).status == 429

    asyncio.run(story())


def test_few_devices_wait_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When too many wait a new one is told to come back; those whose time is over give way."""
    monkeypatch.setattr(limits, "MAX_DEVICE_GRANTS", 2)

    async def story() -> None:
        async with open_house(tmp_path) as house:
            app = await register_app(house)
            await start(house, app)
            await start(house, app)
            full = await post_form(house, "/oauth2/device", client_id=app.client_id, scope=SCOPE)
            assert (full.status, full.body["error"]) == (503, "temporarily_unavailable")
            house.clock.move(limits.DEVICE_GRANT_MS / 1000 + 1)
            await start(house, app)

    asyncio.run(story())


def test_who_is_not_signed_in_comes_back_to_the_code(tmp_path: Path) -> None:
    """The link of a device leads through the sign-in page and back; a form of another site answers nothing."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            started = await start(house, app)
            browser = Browser(house)
            answer = await browser.ask("GET", started["verification_uri_complete"])
            code = started["user_code"]
            assert answer.headers["location"] == f"/account/sign-in?continue=%2Flink%3Fuser_code%3D{code}"
            await browser.sign_in(jean.user_id)
            page = await browser.open(f"/link?user_code={code}")
            assert (await browser.submit(page, "answer", "allow", form_token="x")).status == 403
            assert (await poll(app, started)).body["error"] == "authorization_pending"

    asyncio.run(story())
