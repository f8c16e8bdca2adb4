"""The account, its devices and its end."""

import asyncio
from pathlib import Path

from tests.support.accounts import SECRET, V3, password_login, person, register, sign_in
from tests.support.house import PASSWORD, open_house

JEAN = "jean.martin@prefecture.example.fr"


def test_a_device_is_seen_named_and_ended(tmp_path: Path) -> None:
    """Devices are listed with their last visit, renamed, and ended by their owner's password."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            phone = await sign_in(house, jean.user_id, device_id="PHONE")
            house.clock.move(3600)
            await house.ask("GET", f"{V3}/account/whoami", token=phone.token)
            await house.ask("PUT", f"{V3}/devices/PHONE", {"display_name": "Téléphone"}, jean.token)
            device = await house.ask("GET", f"{V3}/devices/PHONE", token=jean.token)
            assert device["display_name"] == "Téléphone"
            assert device["last_seen_ts"] == house.clock.now_ms()
            first = await house.call("DELETE", f"{V3}/devices/PHONE", {}, jean.token)
            assert first.body["flows"] == [{"stages": ["m.login.password"]}]
            auth = {**password_login(jean.user_id), "session": first.body["session"]}
            await house.ask("DELETE", f"{V3}/devices/PHONE", {"auth": auth}, jean.token)
            assert (await house.call("GET", f"{V3}/account/whoami", token=phone.token)).status == 401
            assert (await house.call("GET", f"{V3}/devices/PHONE", token=jean.token)).status == 404
            assert (await house.call("PUT", f"{V3}/devices/PHONE", {"display_name": "x"}, jean.token)).status == 404

    asyncio.run(story())


def test_what_was_proven_for_one_act_serves_no_other(tmp_path: Path) -> None:
    """The session that ended one device neither ends another nor closes the account."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            first = await house.call("POST", f"{V3}/delete_devices", {"devices": ["A"]}, jean.token)
            auth = {"session": first.body["session"], **password_login(jean.user_id)}
            await house.ask("POST", f"{V3}/delete_devices", {"devices": ["A"], "auth": auth}, jean.token)
            reuse = {"session": first.body["session"]}
            for path, body in (("delete_devices", {"devices": ["A"]}), ("account/deactivate", {})):
                reply = await house.call("POST", f"{V3}/{path}", {**body, "auth": reuse}, jean.token)
                assert reply.status == 401

    asyncio.run(story())


def test_a_closed_account_never_opens_again(tmp_path: Path) -> None:
    """After deactivation tokens and password are worth nothing, the id stays taken, the address is free."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            body = {"erase": True, "auth": password_login(jean.user_id)}
            answer = await house.ask("POST", f"{V3}/account/deactivate", body, jean.token)
            assert answer == {"id_server_unbind_result": "success"}
            assert (await house.call("GET", f"{V3}/account/whoami", token=jean.token)).status == 401
            assert (await house.call("POST", f"{V3}/login", password_login(jean.user_id))).status == 403
            again = await register_again(house)
            assert again == jean.user_id.replace(":", "-2:", 1)

    async def register_again(house: object) -> str:
        body = await register(house, JEAN, client_secret=SECRET, password=PASSWORD)  # type: ignore[arg-type]
        return str(body["user_id"])

    asyncio.run(story())


def test_the_address_of_an_account_is_not_the_users_to_change(tmp_path: Path) -> None:
    """Adding, binding and deleting addresses is refused, and the capability says so."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            for path in ("3pid", "3pid/add", "3pid/bind", "3pid/delete"):
                assert (await house.call("POST", f"{V3}/account/{path}", {}, jean.token)).status == 403
            capabilities = (await house.ask("GET", f"{V3}/capabilities", token=jean.token))["capabilities"]
            assert capabilities["m.3pid_changes"] == {"enabled": False}
            assert capabilities["m.set_displayname"] == {"enabled": False}
            assert capabilities["m.room_versions"]["default"] == "11"

    asyncio.run(story())


def test_a_closed_account_leaves_its_rooms(tmp_path: Path) -> None:
    """Who closes an account is no member of any room any more."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            marie = await person(house, "marie.durand@prefecture.example.fr")
            room = (await house.ask("POST", f"{V3}/createRoom", {"invite": [jean.user_id]}, marie.token))["room_id"]
            await house.ask("POST", f"{V3}/rooms/{room}/join", {}, jean.token)
            auth = password_login(jean.user_id)
            await house.ask("POST", f"{V3}/account/deactivate", {"auth": auth}, jean.token)
            live = house.world.live.rooms.get(room)
            assert live is not None
            assert set(live.joined) == {marie.user_id}

    asyncio.run(story())
