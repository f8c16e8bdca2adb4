"""The tokens of an application: refreshing, revoking, and what they may not do."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tchap.services.cross_signing_reset import allow_reset
from tests.support.accounts import V3, Person, password_login, person, prove_email, sign_in
from tests.support.house import PASSWORD, House, open_house
from tests.support.oauth import App, Browser, answer_of, post_form, register_app

JEAN = "jean.martin@prefecture.example.fr"
WHOAMI = f"{V3}/account/whoami"
RESET = "account/password"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


def test_an_application_refreshes_its_tokens(tmp_path: Path) -> None:
    """Both tokens rotate; a lost answer is asked for again; a second use ends the whole session."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            first = await app.sign_in(jean.user_id)
            house.clock.move(301)
            expired = await house.call("GET", WHOAMI, token=first["access_token"])
            assert (expired.status, expired.body["soft_logout"]) == (401, True)
            lost = (await app.refresh(first["refresh_token"])).body
            second = await app.refresh(first["refresh_token"])
            assert (second.status, second.headers["cache-control"]) == (200, "no-store")
            assert second.body["scope"] == "urn:matrix:client:api:* urn:matrix:client:device:MOBILE01AB"
            assert second.body["expires_in"] == 300
            assert (await house.call("GET", WHOAMI, token=lost["access_token"])).status == 401
            me = await house.ask("GET", WHOAMI, token=second.body["access_token"])
            assert me["device_id"] == "MOBILE01AB"
            reused = await app.refresh(first["refresh_token"])
            assert (reused.status, reused.body["error"]) == (400, "invalid_grant")
            assert (await app.refresh(second.body["refresh_token"])).body["error"] == "invalid_grant"
            assert (await house.call("GET", WHOAMI, token=second.body["access_token"])).status == 401
            await house.ask("GET", WHOAMI, token=jean.token)

    asyncio.run(story())


def test_a_refresh_token_serves_its_application_alone(tmp_path: Path) -> None:
    """Neither another application nor the older API takes it, and an older token is none here; nothing ends by it."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app, other = await register_app(house), await register_app(house, client_name="Autre")
            tokens = await app.sign_in(jean.user_id)
            assert (await other.refresh(tokens["refresh_token"])).body["error"] == "invalid_grant"
            older = await house.call("POST", f"{V3}/refresh", {"refresh_token": tokens["refresh_token"]})
            assert (older.status, older.body["errcode"]) == (401, "M_UNKNOWN_TOKEN")
            legacy = await house.ask("POST", f"{V3}/login", password_login(jean.user_id, refresh_token=True))
            assert (await app.refresh(legacy["refresh_token"])).body["error"] == "invalid_grant"
            assert (await app.refresh(tokens["refresh_token"])).status == 200
            await house.ask("POST", f"{V3}/refresh", {"refresh_token": legacy["refresh_token"]})

    asyncio.run(story())


def test_the_token_endpoint_says_what_is_wrong(tmp_path: Path) -> None:
    """Refusals are those of RFC 6749, for bodies of any kind."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            app = await register_app(house)
            cases: list[tuple[dict[str, str], int, str]] = [
                ({}, 400, "invalid_request"),
                ({"grant_type": "password"}, 400, "unsupported_grant_type"),
                ({"grant_type": "authorization_code"}, 400, "invalid_request"),
                ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_request"),
                ({"grant_type": "refresh_token", "refresh_token": "x", "client_id": "nobody"}, 401, "invalid_client"),
                ({"grant_type": "refresh_token", "refresh_token": "", "client_id": "nobody"}, 400, "invalid_request"),
                ({"grant_type": "refresh_token", "refresh_token": "x\0", "client_id": "n"}, 400, "invalid_request"),
                (
                    {"grant_type": "refresh_token", "refresh_token": "x", "client_id": app.client_id},
                    400,
                    "invalid_grant",
                ),
            ]
            for fields, status, error in cases:
                reply = await post_form(house, "/oauth2/token", **fields)
                assert (reply.status, reply.body["error"]) == (status, error), fields
                assert reply.headers["cache-control"] == "no-store"
            form = {"content-type": "application/x-www-form-urlencoded"}
            for content in (b"grant_type=a&grant_type=b", b"grant_type=%ff", b"a=&" * 31):
                answer = await house.http.post("/oauth2/token", content=content, headers=form)
                assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
            as_json = await house.call("POST", "/oauth2/token", {"grant_type": "refresh_token"})
            assert as_json.body["error"] == "invalid_request"

    asyncio.run(story())


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_the_device(tmp_path: Path, kind: str) -> None:
    """Both tokens and the device go, as by a sign-out; an unknown token is revoked already."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            tokens = await app.sign_in(jean.user_id)
            await house.ask("GET", WHOAMI, token=tokens["access_token"])
            for _ in range(2):
                revoked = await post_form(house, "/oauth2/revoke", token=tokens[kind], client_id=app.client_id)
                assert revoked.status == 200
            assert (await house.call("GET", WHOAMI, token=tokens["access_token"])).status == 401
            assert (await app.refresh(tokens["refresh_token"])).body["error"] == "invalid_grant"
            devices = await house.ask("GET", f"{V3}/devices", token=jean.token)
            assert [device["device_id"] for device in devices["devices"]] == [jean.device_id]
            assert (await post_form(house, "/oauth2/revoke", token="")).body["error"] == "invalid_request"

    asyncio.run(story())


def test_a_leaked_token_is_revoked_by_whoever_finds_it(tmp_path: Path) -> None:
    """Without a client id, or with another's, the token still ends; so does an expired one's session."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            for number, fields in enumerate(({}, {"client_id": "nobody", "token_type_hint": "refresh_token"})):
                tokens = await app.sign_in(jean.user_id, f"DEVICE000{number}")
                house.clock.move(301)
                assert (await post_form(house, "/oauth2/revoke", token=tokens["access_token"], **fields)).status == 200
                assert (await app.refresh(tokens["refresh_token"])).body["error"] == "invalid_grant"

    asyncio.run(story())


def test_the_older_sign_out_ends_an_application_too(tmp_path: Path) -> None:
    """`/logout` serves both kinds of session, and ending the device from elsewhere ends the application's tokens."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            tokens = await app.sign_in(jean.user_id)
            await house.ask("POST", f"{V3}/logout", {}, tokens["access_token"])
            assert (await app.refresh(tokens["refresh_token"])).body["error"] == "invalid_grant"
            tokens = await app.sign_in(jean.user_id)
            auth = {"auth": password_login(jean.user_id)}
            await house.ask("DELETE", f"{V3}/devices/MOBILE01AB", auth, jean.token)
            assert (await app.refresh(tokens["refresh_token"])).body["error"] == "invalid_grant"

    asyncio.run(story())


def test_a_device_is_taken_over_by_its_owner(tmp_path: Path) -> None:
    """Who names a device she has keeps it; its former tokens end, whichever API they came from; others' stay theirs."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            phone = await sign_in(house, jean.user_id, device_id="PHONE", initial_device_display_name="Mon poste")
            tokens = await app.sign_in(jean.user_id, "PHONE")
            assert (await house.call("GET", WHOAMI, token=phone.token)).status == 401
            device = await house.ask("GET", f"{V3}/devices/PHONE", token=tokens["access_token"])
            assert device["display_name"] == "Mon poste"
            again = await sign_in(house, jean.user_id, device_id="PHONE")
            assert (await app.refresh(tokens["refresh_token"])).body["error"] == "invalid_grant"
            # It is a session of the older API now: its owner's password serves again.
            asked = await house.call("DELETE", f"{V3}/devices/PHONE", {}, again.token)
            assert asked.body["flows"] == [{"stages": ["m.login.password"]}]

    asyncio.run(story())


async def refused(house: House, token: str, method: str, path: str, body: dict[str, Any]) -> None:
    for auth in ({}, {"auth": {"type": "m.login.password", "password": PASSWORD}}):
        reply = await house.call(method, path, body | auth, token)
        assert (reply.status, reply.body["errcode"]) == (404, "M_UNRECOGNIZED"), path


def test_an_application_asks_no_password(tmp_path: Path) -> None:
    """What the older API guards by the password is done on the account's page: an application's token opens none of
    it, even with the password."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            token = (await (await register_app(house)).sign_in(jean.user_id))["access_token"]
            await refused(house, token, "DELETE", f"{V3}/devices/{jean.device_id}", {})
            await refused(house, token, "POST", f"{V3}/delete_devices", {"devices": [jean.device_id]})
            await refused(house, token, "POST", f"{V3}/account/deactivate", {})
            await refused(house, token, "POST", f"{V3}/account/password", {"new_password": "Un-nouveau-mot-9"})
            await refused(house, token, "POST", "/_matrix/client/v1/login/get_token", {})
            able = (await house.ask("GET", f"{V3}/capabilities", token=token))["capabilities"]
            assert able["m.change_password"] == able["m.get_login_token"] == {"enabled": False}
            await house.ask("GET", WHOAMI, token=jean.token)

    asyncio.run(story())


def master_key(jean: Person, letter: str) -> dict[str, Any]:
    key = letter * 43
    return {
        "master_key": {
            "user_id": jean.user_id,
            "usage": ["master"],
            "keys": {f"ed25519:{key}": key},
        }
    }


async def signed_in(house: House) -> tuple[Person, App, str]:
    jean = await person(house, JEAN)
    app = await register_app(house)
    return jean, app, (await app.sign_in(jean.user_id))["access_token"]


def test_new_cross_signing_keys_are_confirmed_in_the_browser(tmp_path: Path) -> None:
    """An application's first keys ask for nothing; others once the person has said so on the account's page, within
    ten minutes, once."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, _, token = await signed_in(house)
            upload = f"{V3}/keys/device_signing/upload"
            await house.ask("POST", upload, master_key(jean, "A"), token)
            asked = await house.call("POST", upload, master_key(jean, "B"), token)
            assert asked.status == 401
            page = {"url": "http://127.0.0.1:8008/account?action=org.matrix.cross_signing_reset"}
            assert asked.body["flows"][0] == {"stages": ["m.oauth"]}
            assert asked.body["params"]["m.oauth"] == page
            assert asked.body["params"]["org.matrix.cross_signing_reset"] == page
            session = {"session": asked.body["session"]}
            for auth in (session, session | password_login(jean.user_id)):
                again = await house.call("POST", upload, master_key(jean, "B") | {"auth": auth}, token)
                assert (again.status, again.body["session"]) == (401, session["session"])
            await allow_reset(house.world, jean.user_id)
            house.clock.move(601)
            token = await fresh_token(house, jean)
            late = await house.call("POST", upload, master_key(jean, "B") | {"auth": session}, token)
            assert late.status == 401
            await allow_reset(house.world, jean.user_id)
            await house.ask("POST", upload, master_key(jean, "B") | {"auth": session}, token)
            assert (await house.call("POST", upload, master_key(jean, "C") | {"auth": session}, token)).status == 401

    asyncio.run(story())


async def fresh_token(house: House, jean: Person) -> str:
    token: str = (await (await register_app(house)).sign_in(jean.user_id))["access_token"]
    return token


def test_a_password_session_still_asks_for_the_password(tmp_path: Path) -> None:
    """A confirmation in the browser is for applications; the older API keeps its own proof."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            upload = f"{V3}/keys/device_signing/upload"
            await house.ask("POST", upload, master_key(jean, "A"), jean.token)
            await allow_reset(house.world, jean.user_id)
            asked = await house.call("POST", upload, master_key(jean, "B"), jean.token)
            assert asked.body["flows"] == [{"stages": ["m.login.password"]}]

    asyncio.run(story())


def test_a_device_is_not_named_after_a_key(tmp_path: Path) -> None:
    """A device id that is a cross-signing key is refused before anything is opened."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, app, token = await signed_in(house)
            await house.ask("POST", f"{V3}/keys/device_signing/upload", master_key(jean, "A"), token)
            browser = Browser(house)
            await browser.sign_in(jean.user_id)
            page = await browser.open(app.authorize_url("A" * 43))
            assert answer_of(await browser.submit(page, "answer", "allow"))["error"] == "invalid_scope"

    asyncio.run(story())


def test_an_expired_account_still_refreshes_and_signs_out(tmp_path: Path) -> None:
    """Who was not renewed keeps her session for the day she is, and may end it."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, app, token = await signed_in(house)
            tokens = await app.sign_in(jean.user_id)

            async def expire(tx: Any) -> None:
                await tx.run("UPDATE accounts SET expires_ts = 1 WHERE user_id = $1", jean.user_id)

            await house.world.store.write(expire)
            house.world.live.tokens.forget_user(jean.user_id)
            fresh = await app.refresh(tokens["refresh_token"])
            assert fresh.status == 200
            whoami = await house.call("GET", WHOAMI, token=fresh.body["access_token"])
            assert whoami.body["errcode"] == "ORG_MATRIX_EXPIRED_ACCOUNT"
            assert (await post_form(house, "/oauth2/revoke", token=fresh.body["refresh_token"])).status == 200
            assert (await app.refresh(fresh.body["refresh_token"])).body["error"] == "invalid_grant"
            assert token

    asyncio.run(story())


def test_a_locked_account_keeps_its_applications(tmp_path: Path) -> None:
    """While the account is locked an application hears M_USER_LOCKED and nobody enters; unlocked, it goes on."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, app, _ = await signed_in(house)
            tokens = await app.sign_in(jean.user_id)
            browser = Browser(house)
            await browser.sign_in(jean.user_id)
            code = await app.get_code(browser, "AUTRE")

            async def lock(tx: Any, ts: int | None) -> None:
                await tx.run("UPDATE accounts SET locked_ts = $1 WHERE user_id = $2", ts, jean.user_id)

            await house.world.store.write(lock, 1)
            refreshed = await app.refresh(tokens["refresh_token"])
            assert (refreshed.status, refreshed.body["errcode"]) == (401, "M_USER_LOCKED")
            assert (await app.exchange(code)).body["error"] == "invalid_grant"
            answer = await browser.ask("GET", app.authorize_url())
            assert answer.headers["location"].startswith("/account/sign-in?")
            await house.world.store.write(lock, None)
            assert (await app.refresh(tokens["refresh_token"])).status == 200

    asyncio.run(story())


def test_a_new_password_ends_what_was_allowed_before(tmp_path: Path) -> None:
    """After a reset by mail the applications are signed out, and a code or a device somebody had allowed is nothing."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, app, token = await signed_in(house)
            thief = Browser(house)
            await thief.sign_in(jean.user_id)
            scope = "urn:matrix:client:api:* urn:matrix:client:device:TELEVISION"
            device = (await post_form(house, "/oauth2/device", client_id=app.client_id, scope=scope)).body
            page = await thief.open(device["verification_uri_complete"])
            await thief.submit(page, "answer", "allow")
            code = await app.get_code(thief)
            stage = {"type": "m.login.email.identity", "threepid_creds": await prove_email(house, JEAN, RESET)}
            await house.ask("POST", f"{V3}/account/password", {"new_password": "Un-nouveau-mot-9", "auth": stage})
            assert (await house.call("GET", WHOAMI, token=token)).status == 401
            assert (await app.exchange(code)).body["error"] == "invalid_grant"
            polled = await app.token(DEVICE_CODE, device_code=device["device_code"])
            assert polled.body["error"] == "invalid_grant"

    asyncio.run(story())
