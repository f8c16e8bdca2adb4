"""Legacy single sign-on: applications that know no OAuth, and sensitive acts of accounts without a password."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.support.accounts import V3, Person, person
from tests.support.house import PASSWORD, House, open_house
from tests.support.oauth import register_app
from tests.support.pages import Browser, open_browser
from tests.support.proconnect import JEAN, JEAN_ID, Desk, Provider, open_desk, run_provider

APP = "https://client.example.fr/?keep=me&loginToken=old#/home"
REDIRECT = f"{V3}/login/sso/redirect"
IDP = "proconnect"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with run_provider() as running:
        yield running


def asked(path: str = REDIRECT, app: str = APP, **more: str) -> str:
    return f"{path}?redirectUrl={quote(app, safe='')}" + "".join(f"&{name}={value}" for name, value in more.items())


def token_in(url: str) -> str:
    (token,) = parse_qs(urlsplit(url).query)["loginToken"]
    return token


async def trade(house: House, token: str) -> Any:
    return await house.call("POST", f"{V3}/login", {"type": "m.login.token", "token": token})


def test_single_sign_on_is_offered_beside_the_others(tmp_path: Path, provider: Provider) -> None:
    """`m.login.sso` says that OAuth is better, and names ProConnect where it is in use; the other ways stay."""

    async def story() -> None:
        async with open_house(tmp_path / "plain") as house:
            flows = {flow["type"]: flow for flow in (await house.ask("GET", f"{V3}/login"))["flows"]}
            assert {"m.login.password", "m.login.token", "m.login.sso"} <= set(flows)
            assert flows["m.login.sso"] == {
                "type": "m.login.sso",
                "oauth_aware_preferred": True,
                "org.matrix.msc3824.delegated_oidc_compatibility": True,
            }
        async with open_desk(tmp_path / "agents", provider) as desk:
            flows = {flow["type"]: flow for flow in (await desk.house.ask("GET", f"{V3}/login"))["flows"]}
            assert flows["m.login.sso"]["identity_providers"] == [{"id": "proconnect", "name": "ProConnect"}]

    asyncio.run(story())


async def sign_in_by_password(browser: Browser, path: str) -> None:
    shown = await browser.open(path)
    assert shown.path == "/account/sign-in"
    await browser.submit("Se connecter", user=JEAN, password=PASSWORD)


def test_an_application_comes_in_by_password(tmp_path: Path) -> None:
    """Sign-in, a page that names the application and the account, then a token that opens a session, once."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            jean = await person(house, JEAN)
            first = await house.call("GET", asked())
            assert first.status == 302, "a redirection, as the specification says"
            await sign_in_by_password(browser, asked())
            question = browser.seen[-1]
            assert question.path == REDIRECT
            assert "https://client.example.fr" in question.text
            assert jean.user_id in question.text
            assert "form-action 'self' https:;" in question.headers["content-security-policy"]
            back = await browser.submit("Autoriser")
            assert back.url.startswith("https://client.example.fr/?keep=me&loginToken=")
            assert back.url.endswith("#/home")
            signed_in = await trade(house, token_in(back.url))
            assert signed_in.status == 200
            assert signed_in.body["user_id"] == jean.user_id
            again = await trade(house, token_in(back.url))
            assert (again.status, again.body["errcode"]) == (403, "M_FORBIDDEN")

    asyncio.run(story())


def test_a_login_token_lives_two_minutes(tmp_path: Path) -> None:
    """What an application did not use at once, nobody uses later."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            await person(house, JEAN)
            await sign_in_by_password(browser, asked())
            back = await browser.submit("Autoriser")
            house.clock.move(121)
            assert (await trade(house, token_in(back.url))).status == 403

    asyncio.run(story())


def test_an_application_comes_in_by_proconnect(tmp_path: Path, provider: Provider) -> None:
    """`/redirect/{idpId}` leads straight to the provider, and back to the question."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            question = await desk.enter("jean-1", asked(f"{V3}/login/sso/redirect/{IDP}"))
            assert question.path == f"{REDIRECT}/{IDP}"
            assert JEAN_ID in question.text
            back = await desk.browser.submit("Autoriser")
            signed_in = await trade(desk.house, token_in(back.url))
            assert signed_in.body["user_id"] == JEAN_ID

    asyncio.run(story())


def test_the_sign_in_page_offers_proconnect_first(tmp_path: Path, provider: Provider) -> None:
    """The generic redirect shows both ways; the button carries the address and the way back along."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            page = await desk.browser.open(asked(login_hint=JEAN))
            words = "S'identifier avec ProConnect"
            assert page.html.index("ProConnect") < page.html.index("<form")
            assert "Pour les agents des administrations" in page.text
            assert (await desk.begin(page.links[words]))["login_hint"] == JEAN
            question = await desk.browser.open(await provider.identify(desk.away, "jean-1"))
            assert question.path == REDIRECT
            async with open_browser(desk.house, "en") as other:
                shown = await other.open(asked(action="register"))
                assert "Sign in with ProConnect" in shown.links, "who has no account yet is offered it too"

    asyncio.run(story())


def test_a_new_person_is_led_to_the_page_that_opens_accounts(tmp_path: Path) -> None:
    """`action=register` begins with an account, any other action with the sign-in."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            assert (await browser.open(asked(action="register"))).path == "/account/sign-up"
            assert (await browser.open(asked(action="login"))).path == "/account/sign-in"

    asyncio.run(story())


def test_an_application_must_have_an_address_and_a_known_provider(tmp_path: Path, provider: Provider) -> None:
    """No address, one that is none, or another provider: a page says so, and nobody is sent anywhere."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            browser = desk.browser
            assert (await browser.open(REDIRECT)).status == 400
            for app in ("javascript:alert(1)", "https://a.fr@piege.example", "/account", "x" * 3000):
                refused = await browser.open(asked(app=app))
                assert refused.status == 400
                assert "adresse inutilisable" in refused.text
            assert (await browser.open(asked(f"{V3}/login/sso/redirect/another"))).status == 404
        async with open_house(tmp_path / "plain") as house:
            refused = await house.call("GET", asked(f"{REDIRECT}/{IDP}"))
            assert (refused.status, refused.body["errcode"]) == (404, "M_NOT_FOUND"), "a program is told in JSON"

    asyncio.run(story())


def test_no_token_is_given_unasked(tmp_path: Path) -> None:
    """Only our own form, in the browser of the person, lets an application in."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            await person(house, JEAN)
            await sign_in_by_password(browser, asked())
            for form in ({}, {"form_token": "x"}):
                answer = await browser.http.post(asked(), data=form)
                assert answer.status_code == 403
            token = browser.seen[-1].forms[0].fields["form_token"]
            elsewhere = {"Sec-Fetch-Site": "cross-site"}
            answer = await browser.http.post(asked(), data={"form_token": token}, headers=elsewhere)
            assert answer.status_code == 403
            async with open_browser(house) as stranger:
                answer = await stranger.http.post(asked(), data={"form_token": token})
                assert answer.status_code == 403

    asyncio.run(story())


async def device_of(desk: Desk) -> Person:
    """A device of an account that ProConnect made, which has no password."""
    shown = await desk.browser.open(asked(f"{REDIRECT}/{IDP}"))
    if not shown.path.startswith(REDIRECT):
        await desk.browser.open(await desk.provider.identify(shown.url, "jean-1"))
    back = await desk.browser.submit("Autoriser")
    body = (await trade(desk.house, token_in(back.url))).body
    return Person(body["user_id"], body["device_id"], body["access_token"])


def test_an_account_without_a_password_confirms_by_proconnect(tmp_path: Path, provider: Provider) -> None:
    """Removing a device asks for `m.login.sso`; the page wants a fresh sign-in, a confirmation, and then it is done."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            jean, other, house = await device_of(desk), await device_of(desk), desk.house
            house.clock.move(1)
            path = f"{V3}/devices/{other.device_id}"
            first = await house.call("DELETE", path, {}, jean.token)
            assert first.status == 401
            assert first.body["flows"] == [{"stages": ["m.login.sso"]}]
            session = first.body["session"]
            fallback = f"{V3}/auth/m.login.sso/fallback/web?session={session}"
            page = await desk.browser.open(fallback)
            assert "un changement important" in page.text
            assert not page.forms, "who signed in before the question was asked proves it again"
            unasked = await desk.browser.http.post(fallback, data={})
            assert unasked.status_code == 403
            again = {"auth": {"session": session}}
            assert (await house.call("DELETE", path, again, jean.token)).status == 401
            asked_there = await desk.begin(page.links["S'identifier de nouveau avec ProConnect"])
            assert asked_there["prompt"] == "login", "seen now, not remembered"
            await desk.browser.open(await provider.identify(desk.away, "jean-1"))
            assert (await house.call("DELETE", path, again, jean.token)).status == 401, "not confirmed yet"
            done = await desk.browser.submit("Confirmer")
            assert "window.onAuthDone" in done.html
            assert "window.opener.postMessage('authDone','*')" in done.html
            assert (await house.call("DELETE", path, again, jean.token)).status == 200
            assert (await house.call("GET", f"{V3}/account/whoami", token=other.token)).status == 401

    asyncio.run(story())


def test_nobody_else_confirms_and_no_client_says_it_is_done(tmp_path: Path, provider: Provider) -> None:
    """Another person's sign-in, a password, or the word of the client itself prove nothing."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            jean, house = await device_of(desk), desk.house
            path = f"{V3}/devices/{jean.device_id}"
            session = (await house.call("DELETE", path, {}, jean.token)).body["session"]
            claimed = {"auth": {"type": "m.login.sso", "session": session}}
            told = await house.call("DELETE", path, claimed, jean.token)
            assert (told.status, told.body["errcode"]) == (401, "M_UNAUTHORIZED")
            identifier = {"type": "m.id.user", "user": jean.user_id}
            guess = {"type": "m.login.password", "identifier": identifier, "password": PASSWORD, "session": session}
            assert (await house.call("DELETE", path, {"auth": guess}, jean.token)).status == 401
            provider.set_person("marie-1", email="marie.durand@prefecture.example.fr")
            fallback = f"{V3}/auth/m.login.sso/fallback/web?session={session}"
            async with open_browser(house) as browser:
                marie = Desk(house, provider, browser)
                await marie.enter("marie-1", f"/account/proconnect?continue={quote(fallback, safe='')}&again=1")
                assert not browser.seen[-1].forms
                token = (await browser.open("/account?action=sign_out")).forms[0].fields["form_token"]
                assert (await browser.http.post(fallback, data={"form_token": token})).status_code == 403
            assert (await house.call("GET", f"{V3}/auth/m.login.sso/fallback/web?session=x")).status == 404

    asyncio.run(story())


def test_an_account_with_a_password_is_asked_for_it(tmp_path: Path, provider: Provider) -> None:
    """Who has both keeps the password for sensitive acts of her applications."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            jean = await person(desk.house, JEAN)
            asked_for = await desk.house.call("DELETE", f"{V3}/devices/{jean.device_id}", {}, jean.token)
            assert asked_for.body["flows"] == [{"stages": ["m.login.password"]}]

    asyncio.run(story())


def test_every_sensitive_act_can_be_confirmed_without_a_password(tmp_path: Path, provider: Provider) -> None:
    """Devices, login tokens, closing the account: each asks for single sign-on."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            jean, house = await device_of(desk), desk.house
            for path, body in (
                (f"{V3}/delete_devices", {"devices": [jean.device_id]}),
                ("/_matrix/client/v1/login/get_token", {}),
                (f"{V3}/account/deactivate", {}),
            ):
                reply = await house.call("POST", path, body, jean.token)
                assert reply.status == 401, (path, reply.body)
                assert reply.body["flows"] == [{"stages": ["m.login.sso"]}], path

    asyncio.run(story())


def test_who_came_by_proconnect_proves_it_again_there(tmp_path: Path, provider: Provider) -> None:
    """A sensitive page of the account asks for a new sign-in by the way the browser came, and goes on after it."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            await desk.enter("jean-1")
            desk.house.clock.move(601)
            page = await desk.browser.open("/account?action=org.matrix.account_deactivate")
            assert page.path == "/account/prove"
            assert not page.forms
            words = "S'identifier de nouveau avec ProConnect"
            assert (await desk.begin(page.links[words]))["prompt"] == "login"
            shown = await desk.browser.open(await provider.identify(desk.away, "jean-1"))
            assert shown.url == "/account?action=org.matrix.account_deactivate"

    asyncio.run(story())


def test_an_application_of_today_comes_in_by_proconnect(tmp_path: Path, provider: Provider) -> None:
    """By OAuth 2.0, with the address typed in the application: sign-in page, provider, consent, tokens."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            app = await register_app(desk.house)
            page = await desk.browser.open(app.authorize_url(login_hint=JEAN))
            assert page.path == "/account/sign-in"
            assert (await desk.begin(page.links["S'identifier avec ProConnect"]))["login_hint"] == JEAN
            consent = await desk.browser.open(await provider.identify(desk.away, "jean-1"))
            assert consent.path == "/oauth2/authorize"
            back = await desk.browser.http.post(consent.url, data=consent.forms[0].fields | {"answer": "allow"})
            (code,) = parse_qs(urlsplit(back.headers["location"]).query)["code"]
            tokens = await app.exchange(code)
            assert tokens.status == 200
            who = await desk.house.ask("GET", f"{V3}/account/whoami", token=tokens.body["access_token"])
            assert (who["user_id"], who["device_id"]) == (JEAN_ID, "MOBILE01AB")

    asyncio.run(story())
