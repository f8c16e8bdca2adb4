"""Registration through the API."""

import asyncio
from pathlib import Path

from tests.support.accounts import SECRET, V3, prove_email, read_code, register
from tests.support.house import PASSWORD, open_house

JEAN = "Jean.Martin@prefecture.example.fr"


def test_an_agent_registers_by_email(tmp_path: Path) -> None:
    """The address that received the code gives the instance, the id and the name."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            body = await register(house, JEAN, initial_device_display_name="Poste", username="president")
            user_id = "@jean.martin-prefecture.example.fr:agent.prefectures.tchap.example.fr"
            assert body["user_id"] == user_id
            token = body["access_token"]
            who = await house.ask("GET", f"{V3}/account/whoami", token=token)
            assert who == {"user_id": user_id, "device_id": body["device_id"], "is_guest": False}
            profile = await house.ask("GET", f"{V3}/profile/{user_id}", token=token)
            assert profile == {"displayname": "Jean Martin [Préfecture du Val-Clair]"}
            devices = await house.ask("GET", f"{V3}/devices", token=token)
            assert [d["display_name"] for d in devices["devices"]] == ["Poste"]
            threepids = await house.ask("GET", f"{V3}/account/3pid", token=token)
            assert [t["address"] for t in threepids["threepids"]] == [JEAN.lower()]

    asyncio.run(story())


def test_a_second_registration_is_told_by_mail_alone(tmp_path: Path) -> None:
    """Asking a code for an address that has an account is answered as usual; the mail says the account is there."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            await register(house, JEAN)
            wanted = {"client_secret": "another", "email": JEAN, "send_attempt": 1}
            asked = await house.ask("POST", f"{V3}/register/email/requestToken", wanted)
            assert set(asked) == {"sid", "submit_url"}
            mails = await house.ask("GET", f"/_tchap/mailbox.json?to={JEAN}")
            assert len(mails) == 2
            assert "existe déjà" in mails[-1]["text"]

    asyncio.run(story())


def test_the_same_attempt_sends_one_mail(tmp_path: Path) -> None:
    """A repeated send_attempt sends nothing and gives the same sid; a higher one sends another code."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            wanted = {"client_secret": SECRET, "email": JEAN, "send_attempt": 1}
            path = f"{V3}/register/email/requestToken"
            sids = {(await house.ask("POST", path, wanted))["sid"] for _ in range(3)}
            again = await house.ask("POST", path, {**wanted, "send_attempt": 2})
            assert sids == {again["sid"]}
            assert len(await house.ask("GET", "/_tchap/mailbox.json")) == 2

    asyncio.run(story())


def test_a_few_wrong_codes_end_the_attempt(tmp_path: Path) -> None:
    """After five wrong codes even the right one proves nothing."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            wanted = {"client_secret": SECRET, "email": JEAN, "send_attempt": 1}
            asked = await house.ask("POST", f"{V3}/register/email/requestToken", wanted)
            right = await read_code(house, JEAN)
            proof = {"sid": asked["sid"], "client_secret": SECRET}
            for _ in range(5):
                wrong = {**proof, "token": "000000" if right != "000000" else "111111"}
                assert await house.ask("POST", asked["submit_url"], wrong) == {"success": False}
            assert await house.ask("POST", asked["submit_url"], {**proof, "token": right}) == {"success": False}

    asyncio.run(story())


def test_a_code_is_bound_to_its_secret_and_its_time(tmp_path: Path) -> None:
    """Another client secret, or an hour later, and the right code proves nothing."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            wanted = {"client_secret": SECRET, "email": JEAN, "send_attempt": 1}
            asked = await house.ask("POST", f"{V3}/register/email/requestToken", wanted)
            given = {"sid": asked["sid"], "client_secret": "stolen", "token": await read_code(house, JEAN)}
            assert await house.ask("POST", asked["submit_url"], given) == {"success": False}
            house.clock.move(3601)
            late = {**given, "client_secret": SECRET}
            assert await house.ask("POST", asked["submit_url"], late) == {"success": False}

    asyncio.run(story())


def test_the_link_of_the_mail_proves_the_address(tmp_path: Path) -> None:
    """Opening the link shows a button; only pressing it proves the address."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            wanted = {"client_secret": SECRET, "email": JEAN, "send_attempt": 1}
            asked = await house.ask("POST", f"{V3}/register/email/requestToken", wanted)
            (mail,) = await house.ask("GET", "/_tchap/mailbox.json")
            link = next(word for word in mail["text"].split() if word.startswith("http"))
            shown = await house.call("GET", link)
            assert shown.status == 200
            assert "Confirmer</button>" in shown.body
            assert "default-src 'none'" in shown.headers["content-security-policy"]
            proof = {"type": "m.login.email.identity"}
            proof |= {"threepid_creds": {"sid": asked["sid"], "client_secret": SECRET}}  # type: ignore[dict-item]
            before = await house.call("POST", f"{V3}/register", {"password": PASSWORD, "auth": proof})
            assert before.body["completed"] == []
            token = link.partition("token=")[2]
            pressed = await house.http.post("/_tchap/email", data={"token": token})
            assert pressed.status_code == 200
            # The client comes back with the session alone.
            session = {"session": before.body["session"]}
            after = await house.call("POST", f"{V3}/register", {"password": PASSWORD, "auth": session})
            assert after.body["completed"] == ["m.login.email.identity"]
            assert "errcode" not in after.body

    asyncio.run(story())


def test_a_proof_for_one_act_is_worth_nothing_for_another(tmp_path: Path) -> None:
    """An address proven to register does not reset a password, and a proof opens one account only."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            proof = await prove_email(house, JEAN)
            stage = {"type": "m.login.email.identity", "threepid_creds": proof}
            reset = {"new_password": PASSWORD, "auth": stage}
            assert (await house.call("POST", f"{V3}/account/password", reset)).status == 401

    asyncio.run(story())


def test_a_weak_password_is_told_what_it_lacks(tmp_path: Path) -> None:
    """M_WEAK_PASSWORD lists the missing criteria, in the caller's language."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            reply = await house.call("POST", f"{V3}/register", {"password": "court"}, accept_language="fr")
            assert (reply.status, reply.body["errcode"]) == (400, "M_WEAK_PASSWORD")
            assert reply.body["missing"] == [
                "m.minimum_length",
                "m.require_digit",
                "m.require_symbol",
                "m.require_uppercase",
            ]
            assert "une majuscule" in reply.body["error"]
            policy = await house.ask("GET", "/_matrix/client/r0/password_policy")
            assert policy["m.minimum_length"] == 12

    asyncio.run(story())


def test_who_may_not_register(tmp_path: Path) -> None:
    """Crafted addresses, guests nobody invited, the Host of another instance and guests' accounts are refused."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            path = f"{V3}/register/email/requestToken"

            async def refused(email: str, host: str = "127.0.0.1:8008") -> str:
                wanted = {"client_secret": SECRET, "email": email, "send_attempt": 1}
                reply = await house.call("POST", path, wanted, host=host)
                return str(reply.body.get("errcode"))

            assert await refused("a@evil.example@prefecture.example.fr") == "M_INVALID_EMAIL"
            assert await refused("someone@gmail.example") == "M_FORBIDDEN"
            assert await refused(JEAN, "agent.hopitaux.tchap.example.fr") == "M_FORBIDDEN"
            assert await refused(JEAN, "agent.prefectures.tchap.example.fr") == "None"
            assert (await house.call("POST", f"{V3}/register?kind=guest", {})).status == 403
            assert len(await house.ask("GET", "/_tchap/mailbox.json")) == 1

    asyncio.run(story())


def test_two_addresses_never_share_an_account(tmp_path: Path) -> None:
    """Where two addresses give one id, the later account gets a number."""
    config = """
[[administrations]]
name = "A"
instance = "agent.prefectures.tchap.example.fr"
domains = ["prefecture.example.fr", "b-prefecture.example.fr"]
"""

    async def story() -> None:
        async with open_house(tmp_path, config) as house:
            first = await register(house, "a-b@prefecture.example.fr")
            second = await register(house, "a@b-prefecture.example.fr")
            assert first["user_id"] == "@a-b-prefecture.example.fr:agent.prefectures.tchap.example.fr"
            assert second["user_id"] == "@a-b-prefecture.example.fr-2:agent.prefectures.tchap.example.fr"

    asyncio.run(story())


def test_the_plain_server_of_the_test_profile(tmp_path: Path) -> None:
    """In the test profile a name and a dummy stage are enough, and taken or unlawful names are told at once."""
    config = 'profile = "test"\n[[instances]]\nname = "test.example.fr"\n'

    async def story() -> None:
        async with open_house(tmp_path, config) as house:
            body = {"username": "alice", "password": "secret", "auth": {"type": "m.login.dummy"}}
            alice = await house.ask("POST", f"{V3}/register", body)
            assert alice["user_id"] == "@alice:test.example.fr"
            taken = await house.call("POST", f"{V3}/register", {"username": "alice", "password": "secret"})
            assert taken.body["errcode"] == "M_USER_IN_USE"
            bad = await house.call("GET", f"{V3}/register/available?username=B%C3%A9")
            assert bad.body["errcode"] == "M_INVALID_USERNAME"
            silent = {"username": "bob", "password": "secret", "inhibit_login": True, "auth": {"type": "m.login.dummy"}}
            bob = await house.ask("POST", f"{V3}/register", silent)
            assert "access_token" not in bob

    asyncio.run(story())


def test_a_next_link_leads_only_to_us(tmp_path: Path) -> None:
    """After the button the browser goes on to a page of this server, and never anywhere else."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            ours = house.world.settings.public_url
            for number, (link, status) in enumerate(
                ((f"{ours}/#/done", 303), ("https://evil.example/", 200), (f"{ours}/\r\nSet-Cookie: a=b", 200))
            ):
                wanted = {"client_secret": f"s{number}", "email": JEAN, "send_attempt": 1, "next_link": link}
                await house.ask("POST", f"{V3}/register/email/requestToken", wanted)
                mails = await house.ask("GET", "/_tchap/mailbox.json")
                token = mails[-1]["text"].partition("token=")[2].split()[0]
                answer = await house.http.post("/_tchap/email", data={"token": token})
                assert answer.status_code == status, link
                assert answer.headers.get("location") == (link if status == 303 else None)

    asyncio.run(story())
