"""The cookie of a browser signed in on our pages, the forms it sends and the ways they lead on."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from tchap.api.http import Request, Response
from tchap.api.public.browser import (
    check_continue,
    check_same_origin,
    find_session,
    form_token,
    go_to_sign_in,
    read_form,
    shown,
    with_session,
)
from tchap.api.public.origin import base_url
from tchap.base import limits
from tchap.base.errors import Forbidden, InvalidParam
from tchap.services.browser_sessions import (
    end_browser_session,
    end_browser_sessions_of,
    find_browser_session,
    is_proven_lately,
    open_browser_session,
    set_proven,
)
from tchap.services.world import World
from tests.support.accounts import V3, password_login, person
from tests.support.house import open_house

JEAN = "jean.martin@prefecture.example.fr"
SAFE = {"sec-fetch-site": "same-origin"}


def ask(headers: dict[str, str], body: bytes = b"", query: str = "") -> Request:
    request = Request("POST", "/account", {}, headers, query)
    request.body = body
    return request


def test_a_browser_session_lives_a_working_day(tmp_path: Path) -> None:
    """The cookie finds its person until the day is over; the database holds only its hash."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            cookie = await open_browser_session(house.world, jean.user_id, "password")
            found = await find_browser_session(house.world, cookie)
            assert found is not None
            assert (found.user_id, found.how) == (jean.user_id, "password")
            assert found.instance == "agent.prefectures.tchap.example.fr"
            assert await find_browser_session(house.world, None) is None
            assert await find_browser_session(house.world, cookie[:-1]) is None
            house.clock.move(limits.BROWSER_SESSION_MS / 1000 - 1)
            assert await find_browser_session(house.world, cookie) is not None
            house.clock.move(1)
            assert await find_browser_session(house.world, cookie) is None
            assert cookie.encode() not in (tmp_path / "tchap.db").read_bytes()

    asyncio.run(story())


def test_a_browser_session_ends_with_what_it_rests_on(tmp_path: Path) -> None:
    """Signing out, changing the password, signing out everywhere and closing the account end it."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            world = house.world

            async def opened() -> str:
                return await open_browser_session(world, jean.user_id, "password")

            one, other = await opened(), await opened()
            await end_browser_session(world, one)
            assert await find_browser_session(world, one) is None
            assert await find_browser_session(world, other) is not None
            await end_browser_sessions_of(world, jean.user_id)
            assert await find_browser_session(world, other) is None
            cookie = await opened()
            changed = {"new_password": "Nouveau-mot-2026", "auth": password_login(jean.user_id)}
            await house.ask("POST", f"{V3}/account/password", changed, jean.token)
            assert await find_browser_session(world, cookie) is None
            cookie = await opened()
            closed = {"auth": password_login(jean.user_id, password="Nouveau-mot-2026")}
            await house.ask("POST", f"{V3}/account/deactivate", closed, jean.token)
            assert await find_browser_session(world, cookie) is None
            assert await find_browser_session(world, await opened()) is None, "a closed account opens nothing"

    asyncio.run(story())


def test_signing_out_everywhere_ends_the_browsers_too(tmp_path: Path) -> None:
    """`/logout/all` leaves nobody signed in on our pages."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            cookie = await open_browser_session(house.world, jean.user_id, "password")
            await house.ask("POST", f"{V3}/logout/all", {}, jean.token)
            assert await find_browser_session(house.world, cookie) is None

    asyncio.run(story())


def test_browser_sessions_are_bounded_and_replaced(tmp_path: Path) -> None:
    """The oldest of too many gives way, and a browser that signs in again leaves no session behind."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, world = await person(house, JEAN), house.world
            cookies = [
                await open_browser_session(world, jean.user_id, "password")
                for _ in range(limits.MAX_BROWSER_SESSIONS + 1)
            ]
            assert await find_browser_session(world, cookies[0]) is None
            assert await find_browser_session(world, cookies[1]) is not None
            again = await open_browser_session(world, jean.user_id, "proconnect", former=cookies[1])
            assert await find_browser_session(world, cookies[1]) is None
            found = await find_browser_session(world, again)
            assert found is not None
            assert found.how == "proconnect"

    asyncio.run(story())


def test_a_proof_of_identity_is_good_for_ten_minutes(tmp_path: Path) -> None:
    """After that a sensitive act asks again; proving again starts the ten minutes anew."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, world = await person(house, JEAN), house.world
            cookie = await open_browser_session(world, jean.user_id, "password")
            house.clock.move(601)
            found = await find_browser_session(world, cookie)
            assert found is not None
            assert not is_proven_lately(world, found)
            await set_proven(world, found)
            found = await find_browser_session(world, cookie)
            assert found is not None
            assert is_proven_lately(world, found)

    asyncio.run(story())


def test_the_cookie_is_kept_from_scripts_and_other_sites(tmp_path: Path) -> None:
    """HttpOnly and SameSite always; Secure and the `__Host-` prefix where the address is https."""

    async def story() -> None:
        for public_url, name, secure in (
            ("http://127.0.0.1:8008", "tchap_session", False),
            ("https://tchap.example.fr", "__Host-tchap_session", True),
        ):
            async with open_house(tmp_path / name, f'public_url = "{public_url}"\n') as house:
                jean = await person(house, JEAN)
                cookie = await open_browser_session(house.world, jean.user_id, "password")
                (_, header), *_ = with_session(Response(), house.world, cookie).headers
                assert header.startswith(f"{name}={cookie}; Path=/; HttpOnly; SameSite=Lax")
                assert header.endswith("; Secure") == secure
                found = await find_session(house.world, ask({"cookie": f"other=1; {name}={cookie}"}))
                assert found is not None
                assert found.user_id == jean.user_id

    asyncio.run(story())


def test_a_form_of_another_site_is_refused(tmp_path: Path) -> None:
    """A form needs the token drawn from the browser's own cookie, and no browser that says it comes from elsewhere."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            world = house.world

            def send(headers: dict[str, str], token: str) -> dict[str, str]:
                return read_form(world, ask(headers, f"form_token={token}&name=Jean+Martin".encode()))

            own = {"cookie": "tchap_session=abc", **SAFE}
            token = form_token(world, ask(own))
            assert send(own, token)["name"] == "Jean Martin"
            with pytest.raises(Forbidden):
                send(own, "")
            with pytest.raises(Forbidden):
                send({**own, "cookie": "tchap_session=another"}, token)
            with pytest.raises(Forbidden):
                send({**own, "sec-fetch-site": "cross-site"}, token)
            with pytest.raises(Forbidden):
                send({"cookie": "tchap_session=abc", "origin": "https://piege.example", "host": "a.fr"}, token)
            guess = hashlib.sha256(b"form ").hexdigest()
            with pytest.raises(Forbidden):
                send(SAFE, guess)

    asyncio.run(story())


def test_what_older_browsers_say_of_a_form_is_believed() -> None:
    """Without `Sec-Fetch-Site` the origin must be the host's own, or unsaid."""
    check_same_origin(ask({"origin": "https://a.fr", "host": "a.fr"}))
    check_same_origin(ask({"origin": "null", "host": "a.fr"}))
    check_same_origin(ask({"host": "a.fr"}))
    for origin in ("https://a.fr.piege.example", "https://piege.example", "http://[", "a.fr"):
        with pytest.raises(Forbidden):
            check_same_origin(ask({"origin": origin, "host": "a.fr"}))
    with pytest.raises(Forbidden):
        check_same_origin(ask({"sec-fetch-site": "same-site", "origin": "https://a.fr", "host": "a.fr"}))


def test_a_sign_in_leads_only_to_our_own_pages() -> None:
    """No address of another site, however disguised, is a way on."""
    for path in (
        "/account",
        "/account?action=org.matrix.profile",
        "/account/prove",
        "/link",
        "/link?user_code=ABCD",
        "/oauth2/authorize?a=b&c=https%3A%2F%2Fx.fr",
        "/_matrix/client/v3/login/sso/redirect?redirectUrl=https%3A%2F%2Fx.fr",
    ):
        assert check_continue(path) == path
    for path in (
        "",
        "/",
        "//piege.example",
        "/\\piege.example",
        "/account\\..\\x",
        "https://piege.example/account",
        "javascript:alert(1)",
        "/account\r\nSet-Cookie: a=b",
        "/account\n",
        "/account/é",
        "/accounting",
        "/linked",
        " /account",
        "/_matrix/client/v3/logout",
        "/account?" + "a" * limits.MAX_CONTINUE,
    ):
        with pytest.raises(InvalidParam):
            check_continue(path)


def test_the_way_on_and_the_language_go_along() -> None:
    """The sign-in page is told where to come back to, who is expected and which language was chosen."""
    request = ask({}, query="ui_locales=en-GB+fr")
    response = go_to_sign_in(request, "/oauth2/authorize?x=1", login_hint=JEAN)
    assert response.status == 303
    assert (
        "Location",
        f"/account/sign-in?continue=%2Foauth2%2Fauthorize%3Fx%3D1&login_hint={JEAN.replace('@', '%40')}&lang=en",
    ) in response.headers
    assert ("Location", "/account/sign-up?lang=en") in go_to_sign_in(request, "/account", create=True).headers
    with pytest.raises(InvalidParam):
        go_to_sign_in(request, "//piege.example")


def test_a_page_refuses_in_the_words_of_its_reader(tmp_path: Path) -> None:
    """What would be an errcode to a program is a page to a person, and the first page brings the forms' cookie."""

    async def refuse(world: World, request: Request) -> Response:
        assert form_token(world, request)
        raise Forbidden("Not for you.", "Pas pour vous.")

    async def story() -> None:
        async with open_house(tmp_path) as house:
            response = await shown(refuse)(house.world, ask({"accept-language": "en"}))
            assert isinstance(response, Response)
            assert response.status == 403
            assert b"Not for you." in response.body
            cookies = [value for name, value in response.headers if name == "Set-Cookie"]
            assert len(cookies) == 1
            assert cookies[0].startswith("tchap_form=")
            known = {"cookie": cookies[0].partition(";")[0]}
            response = await shown(refuse)(house.world, ask(known))
            assert isinstance(response, Response)
            assert "Pas pour vous." in response.body.decode()
            assert all(name != "Set-Cookie" for name, _ in response.headers)

    asyncio.run(story())


def test_each_instance_has_an_address(tmp_path: Path) -> None:
    """The Host's own where it names an instance, else the public one; https where a trusted proxy says so."""
    config = 'public_url = "http://tchap.example.fr/"\n[http]\ntrusted_proxies = ["10.0.0.1"]\n'

    async def story() -> None:
        async with open_house(tmp_path, config) as house:
            request = ask({"host": "agent.hopitaux.tchap.example.fr", "x-forwarded-proto": "https"})
            request.host_instance = "agent.hopitaux.tchap.example.fr"
            assert base_url(house.world, request) == "http://agent.hopitaux.tchap.example.fr"
            request.peer = "10.0.0.1"
            assert base_url(house.world, request) == "https://agent.hopitaux.tchap.example.fr"
            request.host_instance = None
            assert base_url(house.world, request) == "http://tchap.example.fr"

    asyncio.run(story())
