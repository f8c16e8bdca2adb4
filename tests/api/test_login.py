"""Signing in and out, tokens and refresh tokens."""

import asyncio
from pathlib import Path

from tests.support.accounts import V3, password_login, person, sign_in
from tests.support.house import open_house

JEAN = "jean.martin@prefecture.example.fr"


def test_every_form_of_identifier_signs_in(tmp_path: Path) -> None:
    """The id, the localpart, the address and the deprecated forms all open the same account."""

    async def story() -> None:
        async with open_house(tmp_path, "[rate_limits]\nenabled = false\n") as house:
            jean = await person(house, JEAN)
            localpart = jean.user_id[1:].partition(":")[0]
            forms = [
                {"identifier": {"type": "m.id.user", "user": jean.user_id}},
                {"identifier": {"type": "m.id.user", "user": localpart}},
                {"identifier": {"type": "m.id.thirdparty", "medium": "email", "address": JEAN.upper()}},
                {"user": jean.user_id},
                {"medium": "email", "address": JEAN},
            ]
            for form in forms:
                body = {"type": "m.login.password", "password": "Correct-cheval-9", **form}
                answer = await house.ask("POST", f"{V3}/login", body)
                assert answer["user_id"] == jean.user_id
                assert "expires_in_ms" not in answer

    asyncio.run(story())


def test_wrong_passwords_are_slowed_down(tmp_path: Path) -> None:
    """The third failure in a row must wait, whatever the account, and even for the right password."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            for user in (jean.user_id, "@nobody:agent.prefectures.tchap.example.fr"):
                wrong = password_login(user, password="Faux-mot-de-passe-1")
                statuses = [(await house.call("POST", f"{V3}/login", wrong)).status for _ in range(4)]
                assert statuses == [403, 403, 403, 429]
            reply = await house.call("POST", f"{V3}/login", password_login(jean.user_id))
            assert reply.body["errcode"] == "M_LIMIT_EXCEEDED"
            house.clock.move(11)
            await sign_in(house, jean.user_id)

    asyncio.run(story())


def test_signing_out_ends_the_token_and_the_device(tmp_path: Path) -> None:
    """After logout the token is unknown; after logout/all every device is gone."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            phone = await sign_in(house, jean.user_id, device_id="PHONE")
            assert phone.device_id == "PHONE"
            await house.ask("POST", f"{V3}/logout", {}, jean.token)
            reply = await house.call("GET", f"{V3}/account/whoami", token=jean.token)
            assert (reply.status, reply.body["errcode"], reply.body["soft_logout"]) == (401, "M_UNKNOWN_TOKEN", False)
            devices = await house.ask("GET", f"{V3}/devices", token=phone.token)
            assert [d["device_id"] for d in devices["devices"]] == ["PHONE"]
            await house.ask("POST", f"{V3}/logout/all", {}, phone.token)
            assert (await house.call("GET", f"{V3}/account/whoami", token=phone.token)).status == 401

    asyncio.run(story())


def test_a_refresh_token_serves_once_and_its_reuse_ends_the_family(tmp_path: Path) -> None:
    """Refreshing replaces both tokens; a spent refresh token presented again ends every token of the device."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            first = await house.ask("POST", f"{V3}/login", password_login(jean.user_id, refresh_token=True))
            assert first["expires_in_ms"] == 300_000
            house.clock.move(301)
            expired = await house.call("GET", f"{V3}/account/whoami", token=first["access_token"])
            assert (expired.status, expired.body["soft_logout"]) == (401, True)
            second = await house.ask("POST", f"{V3}/refresh", {"refresh_token": first["refresh_token"]})
            # The answer may be lost: until a successor is used, the old token may be presented again.
            third = await house.ask("POST", f"{V3}/refresh", {"refresh_token": first["refresh_token"]})
            lost = await house.call("GET", f"{V3}/account/whoami", token=second["access_token"])
            assert lost.status == 401
            await house.ask("GET", f"{V3}/account/whoami", token=third["access_token"])
            reused = await house.call("POST", f"{V3}/refresh", {"refresh_token": first["refresh_token"]})
            assert (reused.status, reused.body["errcode"]) == (401, "M_UNKNOWN_TOKEN")
            ended = await house.call("GET", f"{V3}/account/whoami", token=third["access_token"])
            assert (ended.status, ended.body["soft_logout"]) == (401, True)
            again = await house.call("POST", f"{V3}/refresh", {"refresh_token": third["refresh_token"]})
            assert again.status == 401
            await house.ask("GET", f"{V3}/account/whoami", token=jean.token)

    asyncio.run(story())


def test_a_login_token_signs_in_another_device_once(tmp_path: Path) -> None:
    """A signed-in device that proves its password again gets a token that opens one session, within two minutes."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            path = "/_matrix/client/v1/login/get_token"
            asked = await house.call("POST", path, {}, jean.token)
            assert asked.status == 401
            auth = {**password_login(jean.user_id), "session": asked.body["session"]}
            given = await house.ask("POST", path, {"auth": auth}, jean.token)
            login = {"type": "m.login.token", "token": given["login_token"]}
            assert (await house.ask("POST", f"{V3}/login", login))["user_id"] == jean.user_id
            assert (await house.call("POST", f"{V3}/login", login)).status == 403
            late = await house.ask("POST", path, {"auth": password_login(jean.user_id)}, jean.token)
            house.clock.move(121)
            assert (await house.call("POST", f"{V3}/login", {**login, "token": late["login_token"]})).status == 403

    asyncio.run(story())
