"""Addresses of an account: the professional one it was opened with, which neither clients nor telephones change."""

import asyncio
from pathlib import Path

from tests.support.accounts import SECRET, V3, person
from tests.support.house import open_house

JEAN = "jean.martin@prefecture.example.fr"


def test_clients_do_not_change_the_address_of_an_account(tmp_path: Path) -> None:
    """Adding, binding and deleting are refused with a sentence, as the capability says; the address stays."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            capabilities = (await house.ask("GET", f"{V3}/capabilities", None, jean.token))["capabilities"]
            assert capabilities["m.3pid_changes"] == {"enabled": False}
            proof = {"sid": "1", "client_secret": SECRET, "id_server": "id.example.fr", "id_access_token": "x"}
            for path, body in (
                ("", {"three_pid_creds": proof}),
                ("/add", proof),
                ("/bind", proof),
                ("/delete", {"medium": "email", "address": JEAN}),
            ):
                refused = await house.call("POST", f"{V3}/account/3pid{path}", body, jean.token)
                assert refused.status == 403
                assert refused.body["errcode"] == "M_FORBIDDEN"
            addresses = (await house.ask("GET", f"{V3}/account/3pid", None, jean.token))["threepids"]
            assert [entry["address"] for entry in addresses] == [JEAN]

    asyncio.run(story())


def test_no_identity_server_knows_an_address(tmp_path: Path) -> None:
    """Unbinding has nothing to do, and says so."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            body = {"medium": "email", "address": JEAN}
            answer = await house.ask("POST", f"{V3}/account/3pid/unbind", body, jean.token)
            assert answer == {"id_server_unbind_result": "no-support"}

    asyncio.run(story())


def test_telephone_numbers_are_refused_everywhere(tmp_path: Path) -> None:
    """Signing up, adding and resetting by telephone answer the same clear refusal, in the reader's language."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            body = {"client_secret": SECRET, "country": "FR", "phone_number": "0600000000", "send_attempt": 1}
            for path in ("register", "account/3pid", "account/password"):
                address = f"{V3}/{path}/msisdn/requestToken"
                refused = await house.call("POST", address, body, accept_language="fr")
                assert (refused.status, refused.body["errcode"]) == (403, "M_THREEPID_DENIED")
                assert refused.body["error"] == "Les numéros de téléphone ne sont pas utilisés ici."

    asyncio.run(story())


def test_a_second_address_is_proven_in_the_test_profile_alone(tmp_path: Path) -> None:
    """A code is sent to the address to add; under the rules of Tchap it is refused instead."""

    async def story() -> None:
        body = {"client_secret": SECRET, "email": "autre@prefecture.example.fr", "send_attempt": 1}
        path = f"{V3}/account/3pid/email/requestToken"
        async with open_house(tmp_path / "rules") as house:
            assert (await house.call("POST", path, body)).status == 403
        async with open_house(tmp_path / "plain", 'profile = "test"\n') as house:
            assert (await house.ask("POST", path, body))["sid"]

    asyncio.run(story())


def test_no_registration_token_is_valid(tmp_path: Path) -> None:
    """Nobody is given one: agents prove their address."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            path = "/_matrix/client/v1/register/m.login.registration_token/validity"
            assert await house.ask("GET", f"{path}?token=abc") == {"valid": False}
            assert (await house.call("GET", path)).status == 400

    asyncio.run(story())


def test_a_free_name_is_available_and_a_taken_one_is_not(tmp_path: Path) -> None:
    """`register/available` in the test profile; elsewhere names come from addresses and nothing is told of them."""

    async def story() -> None:
        async with open_house(tmp_path, 'profile = "test"\n') as house:
            path = f"{V3}/register/available?username="
            assert await house.ask("GET", f"{path}camille") == {"available": True}
            auth = {"type": "m.login.dummy"}
            body = {"username": "camille", "password": "Mot-de-passe-2026", "auth": auth}
            await house.ask("POST", f"{V3}/register", body)
            taken = await house.call("GET", f"{path}camille")
            assert (taken.status, taken.body["errcode"]) == (400, "M_USER_IN_USE")

    asyncio.run(story())


def test_the_support_page_is_the_request_form(tmp_path: Path) -> None:
    """Where an administration asks to join is what `.well-known/matrix/support` names; without one, nothing."""

    async def story() -> None:
        form = "https://demande.example.fr/tchap"
        async with open_house(tmp_path, f'[registration]\nrequest_form_url = "{form}"\n') as house:
            assert await house.ask("GET", "/.well-known/matrix/support") == {"support_page": form}
        async with open_house(tmp_path) as house:
            assert (await house.call("GET", "/.well-known/matrix/support")).status == 404

    asyncio.run(story())
