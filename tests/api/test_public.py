"""What anybody may ask before signing in."""

import asyncio
from pathlib import Path

from tchap.protocol.signing import verify_json
from tests.support.accounts import V3, person
from tests.support.house import open_house

JEAN = "jean.martin@prefecture.example.fr"
INFO = "/_matrix/identity/api/v1/info?medium=email&address="


def test_info_always_names_an_instance(tmp_path: Path) -> None:
    """An address leads to its account's instance, else its domain's, else the guests'; never to an error."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            externals = "agent.externe.tchap.example.fr"
            for address, hs in (
                (JEAN, "agent.prefectures.tchap.example.fr"),
                ("x@hopital.example.fr", "agent.hopitaux.tchap.example.fr"),
                ("testeur@gmail.example", externals),
                ("a@evil.example@prefecture.example.fr", externals),
                ("not an address", externals),
                ("", externals),
            ):
                assert await house.ask("GET", INFO + address) == {"hs": hs}
            await person(house, JEAN)
            assert (await house.ask("GET", INFO + JEAN.upper()))["hs"] == "agent.prefectures.tchap.example.fr"

    asyncio.run(story())


def test_each_instance_publishes_its_own_key(tmp_path: Path) -> None:
    """The Host names the instance whose key is published; the key is signed and survives a restart."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            seen = {}
            for name in house.world.settings.instance_names:
                body = await house.ask("GET", "/_matrix/key/v2/server", host=name)
                assert body["server_name"] == name
                keys = {key_id: key["key"] for key_id, key in body["verify_keys"].items()}
                verify_json(body, name, keys)
                seen[name] = keys
            assert len({tuple(keys.values()) for keys in seen.values()}) == 3
        async with open_house(tmp_path) as house:
            body = await house.ask("GET", "/_matrix/key/v2/server/ed25519:any", host=name)
            assert {key_id: key["key"] for key_id, key in body["verify_keys"].items()} == seen[name]

    asyncio.run(story())


def test_discovery(tmp_path: Path) -> None:
    """Versions, sign-in flows and well-known files say what is there."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            assert "v1.19" in (await house.ask("GET", "/_matrix/client/versions"))["versions"]
            flows = (await house.ask("GET", f"{V3}/login"))["flows"]
            assert [flow["type"] for flow in flows] == ["m.login.password", "m.login.token", "m.login.sso"]
            base_url = house.world.settings.public_url
            known = await house.ask("GET", "/.well-known/matrix/client")
            assert known["m.homeserver"]["base_url"] == base_url
            assert (await house.call("GET", "/.well-known/matrix/server")).status == 404
            page = await house.call("GET", "/_tchap/terms", accept_language="en")
            assert "Terms of use" in page.body
            assert "your access lasts as long as they vouch for you" in page.body

    asyncio.run(story())


def test_a_delegated_host_is_told(tmp_path: Path) -> None:
    """An instance that delegates tells clients and servers where to."""
    config = '[[instances]]\nname = "a.example.fr"\ndelegated_host = "matrix.a.example.fr"\n'

    async def story() -> None:
        async with open_house(tmp_path, config) as house:
            server = await house.ask("GET", "/.well-known/matrix/server", host="a.example.fr")
            assert server == {"m.server": "matrix.a.example.fr:443"}
            known = await house.ask("GET", "/.well-known/matrix/client", host="a.example.fr")
            assert known["m.homeserver"]["base_url"].endswith("://matrix.a.example.fr")

    asyncio.run(story())


def test_the_mailbox_is_absent_where_mail_is_sent(tmp_path: Path) -> None:
    """With SMTP configured the built-in mailbox does not exist."""

    async def story() -> None:
        async with open_house(tmp_path, '[mail]\nmode = "smtp"\n') as house:
            assert (await house.call("GET", "/_tchap/mailbox")).status == 404
        async with open_house(tmp_path / "other") as house:
            assert "Aucun courriel" in (await house.call("GET", "/_tchap/mailbox")).body

    asyncio.run(story())


def test_the_fallback_pages_do_the_stages(tmp_path: Path) -> None:
    """A client that knows no stage opens two pages, then registers with the session alone."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            body = {"password": "Correct-cheval-9"}
            first = await house.call("POST", f"{V3}/register", body)
            session = first.body["session"]
            email_page = f"{V3}/auth/m.login.email.identity/fallback/web?session={session}"
            assert 'type="email"' in (await house.call("GET", email_page)).body
            refused = (await house.http.post(email_page, data={"email": "x@gmail.example"})).text
            assert 'role="alert"' in refused
            sent = (await house.http.post(email_page, data={"email": JEAN})).text
            (mail,) = await house.ask("GET", "/_tchap/mailbox.json")
            code = mail["subject"].split()[0]
            hidden = {name: sent.split(f'name="{name}" value="')[1].split('"')[0] for name in ("sid", "secret")}
            wrong = (await house.http.post(email_page, data={**hidden, "token": "abc"})).text
            assert "incorrect" in wrong
            done = (await house.http.post(email_page, data={**hidden, "token": code})).text
            assert "onAuthDone" in done
            terms_page = f"{V3}/auth/m.login.terms/fallback/web?session={session}"
            assert "/_tchap/terms" in (await house.call("GET", terms_page)).body
            await house.http.post(terms_page)
            answer = await house.ask("POST", f"{V3}/register", {"auth": {"session": session}})
            assert answer["user_id"].startswith("@jean.martin-")
            assert (await house.call("GET", terms_page)).status == 404

    asyncio.run(story())
