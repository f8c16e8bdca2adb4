"""Changing and resetting passwords."""

import asyncio
from pathlib import Path

from tests.support.accounts import V3, password_login, person, prove_email, sign_in
from tests.support.house import open_house

JEAN = "jean.martin@prefecture.example.fr"
NEW = "Nouveau-mot-2026"


def test_a_password_is_changed_with_the_old_one(tmp_path: Path) -> None:
    """The old password proves the owner; the other devices end unless they are to be kept."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            phone = await sign_in(house, jean.user_id)
            wrong = {"type": "m.login.password", "password": "Faux-mot-de-passe-1"}
            refused = await house.call(
                "POST", f"{V3}/account/password", {"new_password": NEW, "auth": wrong}, jean.token
            )
            assert (refused.status, refused.body["errcode"]) == (401, "M_FORBIDDEN")
            auth = password_login(jean.user_id)
            keep = {"new_password": NEW, "logout_devices": False, "auth": auth}
            await house.ask("POST", f"{V3}/account/password", keep, jean.token)
            await house.ask("GET", f"{V3}/account/whoami", token=phone.token)
            again = {"new_password": NEW, "auth": {**auth, "password": NEW}}
            await house.ask("POST", f"{V3}/account/password", again, jean.token)
            assert (await house.call("GET", f"{V3}/account/whoami", token=phone.token)).status == 401
            await house.ask("GET", f"{V3}/account/whoami", token=jean.token)
            await sign_in(house, jean.user_id, password=NEW)

    asyncio.run(story())


def test_anothers_password_proves_nothing(tmp_path: Path) -> None:
    """Interactive authentication takes the requester's own password alone."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            marie = await person(house, "marie.durand@prefecture.example.fr")
            body = {"new_password": NEW, "auth": password_login(marie.user_id)}
            assert (await house.call("POST", f"{V3}/account/password", body, jean.token)).status == 401

    asyncio.run(story())


def test_a_forgotten_password_is_reset_by_mail(tmp_path: Path) -> None:
    """A code sent to the address sets a new password and, by default, ends every device."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            stage = {
                "type": "m.login.email.identity",
                "threepid_creds": await prove_email(house, JEAN, "account/password"),
            }
            await house.ask("POST", f"{V3}/account/password", {"new_password": NEW, "auth": stage})
            assert (await house.call("GET", f"{V3}/account/whoami", token=jean.token)).status == 401
            await sign_in(house, JEAN.replace("@", "-"), password=NEW)
            reused = await house.call("POST", f"{V3}/account/password", {"new_password": NEW, "auth": stage})
            assert reused.status == 401

    asyncio.run(story())


def test_an_address_without_account_learns_it_by_mail_alone(tmp_path: Path) -> None:
    """Asking to reset an unknown address is answered as for a known one."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            wanted = {"client_secret": "s", "email": JEAN, "send_attempt": 1}
            await house.ask("POST", f"{V3}/account/password/email/requestToken", wanted)
            (mail,) = await house.ask("GET", "/_tchap/mailbox.json")
            assert "Aucun compte" in mail["text"]

    asyncio.run(story())


def test_a_stolen_token_and_anothers_address_change_no_password(tmp_path: Path) -> None:
    """A signed-in change by e-mail takes the account's own address, not one the thief can read."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            await person(house, "marie.durand@prefecture.example.fr")
            proof = await prove_email(house, "marie.durand@prefecture.example.fr", "account/password")
            stage = {"type": "m.login.email.identity", "threepid_creds": proof}
            body = {"new_password": NEW, "auth": stage}
            assert (await house.call("POST", f"{V3}/account/password", body, jean.token)).status == 401

    asyncio.run(story())
