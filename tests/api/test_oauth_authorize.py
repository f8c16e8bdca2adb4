"""A person lets an application into her account, in the browser."""

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.accounts import V3, person
from tests.support.house import open_house
from tests.support.oauth import (
    LOOPBACK,
    NATIVE_REDIRECT,
    VERIFIER,
    WEB_REDIRECT,
    Browser,
    answer_of,
    register_app,
)

JEAN = "jean.martin@prefecture.example.fr"
ZOE = "zoe.petit@hopital.example.fr"


def test_an_application_signs_a_person_in(tmp_path: Path) -> None:
    """She reads who asks, for which account and for what; allowed, the application gets the device it named."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            browser = Browser(house)
            await browser.sign_in(jean.user_id)
            page = await browser.open(app.authorize_url())
            assert page.status == 200
            for words in ("Messages", "messages.example", JEAN, "send some in your name", "This is not me"):
                assert words in page.html
            assert page.buttons == [("answer", "allow"), ("answer", "deny")]
            assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
            assert page.headers["cache-control"] == "no-store"
            sent = await browser.submit(page, "answer", "allow")
            assert (sent.status, sent.headers["referrer-policy"]) == (303, "no-referrer")
            told = answer_of(sent)
            assert (told["state"], told["iss"]) == ("etat-42", "http://127.0.0.1:8008/")
            assert sent.url.startswith(f"{NATIVE_REDIRECT}?")
            reply = await app.exchange(told["code"])
            assert reply.headers["cache-control"] == "no-store"
            assert reply.headers["access-control-allow-origin"] == "*"
            tokens = reply.body
            assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 300)
            assert tokens["scope"] == "urn:matrix:client:api:* urn:matrix:client:device:MOBILE01AB"
            me = await house.ask("GET", f"{V3}/account/whoami", token=tokens["access_token"])
            assert (me["user_id"], me["device_id"]) == (jean.user_id, "MOBILE01AB")
            device = await house.ask("GET", f"{V3}/devices/MOBILE01AB", token=tokens["access_token"])
            assert device["display_name"] == "Messages"

    asyncio.run(story())


def test_the_answer_goes_where_and_how_it_was_asked_for(tmp_path: Path) -> None:
    """In the fragment or the query, to a claimed address or to a port of this computer, in older words too."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            browser = Browser(house)
            await browser.sign_in(jean.user_id)
            here = LOOPBACK.replace("127.0.0.1", "127.0.0.1:45678")
            older = "openid urn:matrix:org.matrix.msc2967.client:api:* urn:matrix:org.matrix.msc2967.client:device:OLD1"
            for redirect_uri, mode, mark in (
                (WEB_REDIRECT, "fragment", "#"),
                (WEB_REDIRECT, "", "?"),
                (here, "query", "?"),
            ):
                asked = app.authorize_url(redirect_uri=redirect_uri, response_mode=mode, scope=older)
                page = await browser.open(asked)
                # Browsers hold this against the redirection, too.
                scheme = urlsplit(redirect_uri).scheme
                assert f"form-action 'self' {scheme}:;" in page.headers["content-security-policy"] + ";"
                sent = await browser.submit(page, "answer", "allow")
                assert sent.url.startswith(f"{redirect_uri}{mark}")
                reply = await app.exchange(answer_of(sent)["code"], redirect_uri=redirect_uri)
                assert reply.body["scope"] == older.removeprefix("openid ")
                me = await house.ask("GET", f"{V3}/account/whoami", token=reply.body["access_token"])
                assert me["device_id"] == "OLD1"

    asyncio.run(story())


WRONG = (
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge": ""}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"scope": "openid"}, "invalid_scope"),
    ({"prompt": "none"}, "login_required"),
)


def test_a_refusal_is_told_to_the_application(tmp_path: Path) -> None:
    """What the person refuses, and what an application of hers asked wrongly, comes back to it with its state."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            browser = Browser(house)
            await browser.sign_in(jean.user_id)
            page = await browser.open(app.authorize_url(response_mode="fragment"))
            denied = await browser.submit(page, "answer", "deny")
            assert answer_of(denied)["error"] == "access_denied"
            assert denied.url.startswith(f"{NATIVE_REDIRECT}#")
            allowed = await browser.submit(await browser.open(app.authorize_url()), "answer", "allow")
            await app.exchange(answer_of(allowed)["code"])
            for changes, error in (*WRONG[:-1], ({"prompt": "none"}, "interaction_required")):
                told = answer_of(await browser.open(app.authorize_url(**changes)))
                assert (told["error"], told["state"]) == (error, "etat-42")
                assert told["error_description"]
                assert "code" not in told
            twice = await browser.open(f"{app.authorize_url()}&state=other")
            assert answer_of(twice)["error"] == "invalid_request"

    asyncio.run(story())


def test_nobody_is_sent_on_to_a_site_she_never_let_in(tmp_path: Path) -> None:
    """Any site may register: a wrong request of one that nobody let in shows a page that names it, and waits."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            stranger, signed_in = Browser(house), Browser(house)
            await signed_in.sign_in(jean.user_id)
            for browser in (stranger, signed_in):
                for changes, error in WRONG:
                    page = await browser.open(app.authorize_url(**changes))
                    assert (page.status, "messages.example" in page.html) == (400, True)
                    (back,) = [link for link in page.links if link.startswith(f"{NATIVE_REDIRECT}?")]
                    told = dict(parse_qs(urlsplit(back).query))
                    expected = "interaction_required" if error == "login_required" and browser is signed_in else error
                    assert (told["error"], told["state"]) == ([expected], ["etat-42"])

    asyncio.run(story())


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": ""},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": f"{NATIVE_REDIRECT}2"},
        {"redirect_uri": ""},
        {"redirect_uri": "http://localhost:80/done"},
    ],
)
def test_nobody_is_sent_to_an_unregistered_address(tmp_path: Path, changes: dict[str, str]) -> None:
    """Where the application or its address is not certain the person reads an error page and stays here."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            app = await register_app(house)
            page = await Browser(house).open(app.authorize_url(**changes))
            assert page.status == 400
            assert 'role="alert"' in page.html
            assert all(link.startswith(("?", "/account")) for link in page.links)

    asyncio.run(story())


def test_an_address_named_twice_is_no_address(tmp_path: Path) -> None:
    """Of two redirect URIs or two client ids neither is taken."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            app = await register_app(house)
            for more in ("redirect_uri=https://evil.example/", "client_id=nobody"):
                page = await Browser(house).open(f"{app.authorize_url()}&{more}")
                assert page.status == 400

    asyncio.run(story())


def test_another_site_allows_nothing(tmp_path: Path) -> None:
    """A form sent from elsewhere, without the page's token or with another browser's, opens no session."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            browser, other = Browser(house), Browser(house)
            await browser.sign_in(jean.user_id)
            await other.sign_in(jean.user_id)
            page = await browser.open(app.authorize_url())
            foreign = (await other.open(app.authorize_url())).fields
            for fields in (foreign, {"form_token": ""}):
                refused = await browser.submit(page, "answer", "allow", **fields)
                assert refused.status == 403
            answer = await house.http.post(
                page.url,
                data={**page.fields, "answer": "allow"},
                headers={"cookie": f"tchap_session={browser.cookies['tchap_session']}", "sec-fetch-site": "cross-site"},
            )
            assert answer.status_code == 403
            assert answer_of(await browser.submit(page, "answer", "allow"))["code"]

    asyncio.run(story())


def test_who_is_not_signed_in_signs_in_first(tmp_path: Path) -> None:
    """The way to the sign-in page, or the sign-up page, keeps the whole request and the hint of who it is."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            ways = {"": "/account/sign-in", "create": "/account/sign-up", "login": "/account/sign-in"}
            for prompt, path in ways.items():
                browser = Browser(house)
                if prompt == "login":
                    await browser.sign_in(jean.user_id)
                hint = f"mxid:{jean.user_id}"
                answer = await browser.ask("GET", app.authorize_url(prompt=prompt, login_hint=hint))
                there = urlsplit(answer.headers["location"])
                asked = parse_qs(there.query)
                assert (answer.status_code, there.path, asked["login_hint"]) == (303, path, [hint])
                await browser.sign_in(jean.user_id)
                page = await browser.open(asked["continue"][0])
                code = answer_of(await browser.submit(page, "answer", "allow"))["code"]
                assert (await app.exchange(code)).status == 200

    asyncio.run(story())


def test_a_code_belongs_to_who_is_signed_in_when_it_is_allowed(tmp_path: Path) -> None:
    """Somebody else who signs in meanwhile in the same browser is not let in by an older page."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, zoe = await person(house, JEAN), await person(house, ZOE)
            app = await register_app(house)
            browser = Browser(house)
            await browser.sign_in(jean.user_id)
            page = await browser.open(app.authorize_url())
            await browser.sign_in(zoe.user_id)
            assert (await browser.submit(page, "answer", "allow")).status == 403

    asyncio.run(story())


def test_a_code_serves_once_and_its_owner_alone(tmp_path: Path) -> None:
    """With another verifier, address or application, or a minute later, a code is worth nothing, even to its owner."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app, thief = await register_app(house), await register_app(house, client_name="Voleur")
            browser = Browser(house)
            await browser.sign_in(jean.user_id)
            for changes in (
                {"code_verifier": VERIFIER.replace("0", "1")},
                {"redirect_uri": WEB_REDIRECT},
                {"code_verifier": "court"},
            ):
                code = await app.get_code(browser)
                assert (await app.exchange(code, **changes)).body["error"] == "invalid_grant"
                assert (await app.exchange(code)).body["error"] == "invalid_grant"
            code = await app.get_code(browser)
            assert (await thief.exchange(code)).body["error"] == "invalid_grant"
            assert (await app.exchange(code)).status == 200
            late = await app.get_code(browser)
            house.clock.move(61)
            assert (await app.exchange(late)).body["error"] == "invalid_grant"

    asyncio.run(story())


def test_a_code_used_twice_ends_what_it_gave(tmp_path: Path) -> None:
    """The second use ends the first one's tokens, and not those of a later sign-in on the same device."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            browser = Browser(house)
            await browser.sign_in(jean.user_id)
            code = await app.get_code(browser)
            tokens = (await app.exchange(code)).body
            await house.ask("GET", f"{V3}/account/whoami", token=tokens["access_token"])
            assert (await app.exchange(code)).body["error"] == "invalid_grant"
            ended = await house.call("GET", f"{V3}/account/whoami", token=tokens["access_token"])
            assert (ended.status, ended.body["errcode"]) == (401, "M_UNKNOWN_TOKEN")
            assert (await app.refresh(tokens["refresh_token"])).body["error"] == "invalid_grant"
            later = await app.sign_in(jean.user_id)
            assert (await app.exchange(code)).body["error"] == "invalid_grant"
            await house.ask("GET", f"{V3}/account/whoami", token=later["access_token"])

    asyncio.run(story())
