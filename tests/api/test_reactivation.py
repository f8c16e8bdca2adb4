"""Closed accounts that open again, for whom and how; and accounts that change their address."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tchap.policy.emails import parse_email
from tchap.services.account_moves import follow_address
from tchap.services.deactivation import deactivate
from tchap.storage import accounts
from tchap.storage.database import Tx
from tests.support.accounts import V3, Person, person, prove_email, sign_in
from tests.support.house import PASSWORD, House, Reply, open_house
from tests.support.pages import open_browser
from tests.support.proconnect import JEAN_ID, Desk, Provider, open_desk, run_provider
from tests.support.terms import ADMIN, DAY_S, expire, look, mails_to, open_admin, term_of, wait_days

JEAN = "jean.martin@prefecture.example.fr"
ZOE = "zoe.petit@hopital.example.fr"
USERS = "/_tchap/admin/v1/users"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with run_provider() as running:
        yield running


async def close(house: House, user_id: str, admin: Person, erase: bool = False) -> None:
    await house.ask("POST", f"{USERS}/{user_id}/deactivate", {"erase": erase}, admin.token)


async def reopen(house: House, user_id: str, token: str, **body: str) -> Reply:
    return await house.call("POST", f"{USERS}/{user_id}/reactivate", body, token)


async def move(house: House, user_id: str, email: str, token: str) -> Reply:
    return await house.call("PUT", f"{USERS}/{user_id}/email", {"email": email}, token)


async def choose_password(house: House, email: str) -> None:
    """As the page of the forgotten password does."""
    proof = await prove_email(house, email, "account/password")
    auth = {"type": "m.login.email.identity", "threepid_creds": proof}
    first = await house.call("POST", f"{V3}/account/password", {"new_password": PASSWORD})
    auth["session"] = first.body["session"]
    await house.ask("POST", f"{V3}/account/password", {"new_password": PASSWORD, "auth": auth})


async def name_of(house: House, user_id: str, reader: Person) -> Any:
    return (await house.ask("GET", f"{V3}/profile/{user_id}", token=reader.token))["displayname"]


async def find(house: House, term: str, seeker: Person) -> set[str]:
    body = {"search_term": term}
    found = await house.ask("POST", f"{V3}/user_directory/search", body, seeker.token)
    return {each["user_id"] for each in found["results"]}


def test_an_administrator_opens_an_account_again(tmp_path: Path) -> None:
    """Same id and name, found again, without password, devices or rooms; what was read before is still read."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, zoe, admin = await person(house, JEAN), await person(house, ZOE), await open_admin(house)
            room = (await house.ask("POST", f"{V3}/createRoom", {"preset": "private_chat"}, zoe.token))["room_id"]
            await house.ask("POST", f"{V3}/rooms/{room}/invite", {"user_id": jean.user_id}, zoe.token)
            await house.ask("POST", f"{V3}/join/{room}", {}, jean.token)
            text = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "sender_key": "k", "session_id": "s"}
            seen = await house.ask("PUT", f"{V3}/rooms/{room}/send/m.room.encrypted/1", text, zoe.token)
            openid = await house.ask("POST", f"{V3}/user/{jean.user_id}/openid/request_token", {}, jean.token)
            await close(house, jean.user_id, admin)
            missed = await house.ask("PUT", f"{V3}/rooms/{room}/send/m.room.encrypted/2", text, zoe.token)
            assert jean.user_id not in await find(house, "martin", zoe)
            reply = await reopen(house, jean.user_id, admin.token)
            assert (reply.status, reply.body) == (200, {"user_id": jean.user_id, "email": JEAN})
            assert "rouvert" in (await mails_to(house, JEAN))[-1]["subject"]
            assert (await house.call("GET", f"{V3}/account/whoami", token=jean.token)).status == 401
            vouched = f"/_matrix/federation/v1/openid/userinfo?access_token={openid['access_token']}"
            assert (await house.call("GET", vouched)).status == 401, "what was given out before opens nothing"
            await choose_password(house, JEAN)
            back = await sign_in(house, jean.user_id)
            assert await name_of(house, jean.user_id, zoe) == "Jean Martin [Préfecture du Val-Clair]"
            assert jean.user_id in await find(house, "martin", zoe)
            rooms = await house.ask("GET", f"{V3}/joined_rooms", token=back.token)
            assert rooms == {"joined_rooms": []}
            event = f"{V3}/rooms/{room}/event/"
            assert (await house.call("GET", event + seen["event_id"], token=back.token)).status == 200
            assert (await house.call("GET", event + missed["event_id"], token=back.token)).status == 404
            await look(house)
            assert (await term_of(house, jean.user_id)).expires_ts == house.clock.now + 395 * DAY_S * 1000
            acts = (await house.ask("GET", "/_tchap/admin/v1/audit", token=admin.token))["acts"]
            assert (acts[0]["act"], acts[0]["target"], acts[0]["detail"]) == ("reactivate", jean.user_id, JEAN)

    asyncio.run(story())


def test_two_administrators_open_an_account_once(tmp_path: Path) -> None:
    """At the same moment, for two addresses: the account has one of them."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, admin = await person(house, JEAN), await open_admin(house)
            await close(house, jean.user_id, admin)
            wishes = (JEAN, "jean.martin@hopital.example.fr")
            replies = await asyncio.gather(*(reopen(house, jean.user_id, admin.token, email=each) for each in wishes))
            assert sorted(reply.status for reply in replies) == [200, 404]
            assert len(await house.world.store.read(accounts.find_emails_of, jean.user_id)) == 1

    asyncio.run(story())


def test_an_office_ends_with_the_account(tmp_path: Path) -> None:
    """Who ran the service and left comes back as an agent like any other, until somebody names them again."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, admin = await open_admin(house, JEAN), await open_admin(house)
            await deactivate(house.world, jean.user_id, False, "term")
            assert (await reopen(house, jean.user_id, admin.token)).status == 200
            await choose_password(house, JEAN)
            back = await sign_in(house, jean.user_id)
            assert (await house.call("GET", "/_tchap/admin/v1/audit", token=back.token)).status == 403

    asyncio.run(story())


def test_what_cannot_be_opened_again_is_not(tmp_path: Path) -> None:
    """Not by others, not a living or an erased account, not under an address that is taken, a guest's or nobody's."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, zoe, admin = await person(house, JEAN), await person(house, ZOE), await open_admin(house)
            assert (await reopen(house, jean.user_id, zoe.token)).status == 403
            assert (await reopen(house, jean.user_id, admin.token)).status == 404
            await close(house, jean.user_id, admin)
            for address, errcode in (
                (ZOE, "M_THREEPID_IN_USE"),
                ("jean@ailleurs.example", "M_THREEPID_DENIED"),
                ("jean", "M_INVALID_EMAIL"),
            ):
                assert (await reopen(house, jean.user_id, admin.token, email=address)).body["errcode"] == errcode
            # The freed address was taken by a newcomer: the account opens under another one only.
            again = await person(house, JEAN)
            assert again.user_id != jean.user_id
            assert (await reopen(house, jean.user_id, admin.token)).body["errcode"] == "M_THREEPID_IN_USE"
            other = "jean.martin2@prefecture.example.fr"
            assert (await reopen(house, jean.user_id, admin.token, email=other)).body["email"] == other
            await close(house, zoe.user_id, admin, erase=True)
            assert (await reopen(house, zoe.user_id, admin.token, email=ZOE)).status == 404
            assert (await reopen(house, "@nobody:agent.hopitaux.tchap.example.fr", admin.token)).status == 404

    asyncio.run(story())


async def is_closed(house: House, user_id: str) -> bool:
    found = await house.world.store.read(accounts.find_account, user_id)
    return found is not None and found.deactivated_ts is not None


async def close_own(desk: Desk) -> None:
    """The person in front of the browser closes her account on our pages."""
    page = await desk.browser.open("/account?action=org.matrix.account_deactivate")
    assert page.status == 200, page.text
    await desk.browser.submit(**{box: "yes" for box in page.forms[0].boxes if box != "erase"})
    user_ids = [JEAN_ID]
    assert await is_closed(desk.house, user_ids[0]), desk.browser.seen[-1].text


def test_coming_back_by_proconnect_opens_the_account_silently(tmp_path: Path, provider: Provider) -> None:
    """Closed by its owner or at the end of its term, the account opens to the same person, with a term of its own."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            house = desk.house
            await desk.enter("jean-1")
            await close_own(desk)
            async with open_browser(house) as browser:
                again = Desk(house, provider, browser)
                assert (await again.enter("jean-1")).status == 200
                assert await again.user_id() == JEAN_ID
            await look(house)
            await wait_days(house, 395 + 120)
            assert await is_closed(house, JEAN_ID)
            async with open_browser(house) as browser:
                again = Desk(house, provider, browser)
                await again.enter("jean-1")
                assert await again.user_id() == JEAN_ID

    asyncio.run(story())


def test_nobody_else_comes_back_to_a_closed_account(tmp_path: Path, provider: Provider) -> None:
    """A homonym with the address, another name with the same `sub`, and whom an administrator shut out begin anew."""

    async def come(house: House, sub: str) -> str | None:
        async with open_browser(house) as browser:
            desk = Desk(house, provider, browser)
            await desk.enter(sub)
            return await desk.user_id()

    async def story() -> None:
        for number, (sub, says) in enumerate(
            (
                ("jean-by-another", {"email": JEAN}),
                ("jean-1", {"email": JEAN, "given_name": "Jeanne"}),
                ("jean-1", {"email": "jean.martin@hopital.example.fr"}),
            )
        ):
            provider.set_person("jean-1", email=JEAN)
            async with open_desk(tmp_path / str(number), provider) as desk:
                await desk.enter("jean-1")
                await close_own(desk)
                provider.set_person(sub, **says)
                user_id = await come(desk.house, sub)
                assert user_id not in (None, JEAN_ID)
                assert await is_closed(desk.house, JEAN_ID)
        provider.set_person("jean-1", email=JEAN)
        async with open_desk(tmp_path / "shut", provider) as desk:
            await desk.enter("jean-1")
            await close(desk.house, JEAN_ID, await open_admin(desk.house))
            assert await come(desk.house, "jean-1") not in (None, JEAN_ID)

    asyncio.run(story())


def test_an_account_keeps_its_rooms_when_its_address_changes(tmp_path: Path) -> None:
    """The new administration stands beside the name in every room, finds and is found; both mailboxes are told."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, zoe, admin = await person(house, JEAN), await person(house, ZOE), await open_admin(house)
            room = (await house.ask("POST", f"{V3}/createRoom", {"preset": "private_chat"}, jean.token))["room_id"]
            await house.ask("POST", f"{V3}/rooms/{room}/invite", {"user_id": zoe.user_id}, jean.token)
            await house.ask("POST", f"{V3}/join/{room}", {}, zoe.token)
            new = "Jean.Dupont@hopital.example.fr"
            assert (await move(house, jean.user_id, new, zoe.token)).status == 403
            reply = await move(house, jean.user_id, new, admin.token)
            assert (reply.status, reply.body) == (200, {"email": new.lower()})
            name = "Jean Dupont [Hôpital des Tilleuls]"
            assert await name_of(house, jean.user_id, zoe) == name
            members = await house.ask("GET", f"{V3}/rooms/{room}/joined_members", token=zoe.token)
            assert members["joined"][jean.user_id]["display_name"] == name
            assert await find(house, "dupont", zoe) == {jean.user_id}
            for address in (JEAN, new.lower()):
                assert (await mails_to(house, address))[-1]["subject"].startswith("Votre compte Tchap change d'adresse")
            account = await house.world.store.read(accounts.find_account, jean.user_id)
            assert account is not None
            assert account.administration_id == "hopital-des-tilleuls"
            again = {"type": "m.id.thirdparty", "medium": "email", "address": new}
            body = {"type": "m.login.password", "identifier": again, "password": PASSWORD}
            assert (await house.ask("POST", f"{V3}/login", body))["user_id"] == jean.user_id
            assert (await person(house, JEAN)).user_id != jean.user_id, "the former address is free"

    asyncio.run(story())


def test_an_address_that_is_not_hers_is_refused(tmp_path: Path) -> None:
    """Another's address, a domain of guests, and no address at all; nothing changes."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, _, admin = await person(house, JEAN), await person(house, ZOE), await open_admin(house)
            for address, status, errcode in (
                (ZOE, 400, "M_THREEPID_IN_USE"),
                ("jean@ailleurs.example", 403, "M_FORBIDDEN"),
                ("jean@@prefecture.example.fr", 400, "M_INVALID_EMAIL"),
            ):
                reply = await move(house, jean.user_id, address, admin.token)
                assert (reply.status, reply.body["errcode"]) == (status, errcode)
            assert (await move(house, jean.user_id, JEAN, admin.token)).status == 200
            assert await name_of(house, jean.user_id, jean) == "Jean Martin [Préfecture du Val-Clair]"
            assert "change d'adresse" not in (await mails_to(house, JEAN))[-1]["subject"]

    asyncio.run(story())


def test_a_renewal_link_dies_with_the_address_it_was_sent_to(tmp_path: Path) -> None:
    """Whoever reads the former mailbox renews nothing any more."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, admin = await person(house, JEAN), await open_admin(house)
            await look(house)
            await wait_days(house, 336)
            (link,) = {
                line.removeprefix("http://127.0.0.1:8008")
                for line in (await mails_to(house, JEAN))[-1]["text"].splitlines()
                if line.startswith("http")
            }
            await move(house, jean.user_id, "jean.dupont@hopital.example.fr", admin.token)
            assert (await house.call("GET", link)).status == 400

    asyncio.run(story())


def test_names_follow_what_an_address_stands_for(tmp_path: Path) -> None:
    """An administration gets another label: whoever renames it has each account follow, and rooms show it."""

    async def relabel(tx: Tx) -> None:
        await tx.run("UPDATE administrations SET label = 'Préfecture des Monts' WHERE instance LIKE '%prefectures%'")

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            await house.world.store.write(relabel)
            await follow_address(house.world, jean.user_id, parse_email(JEAN))
            assert await name_of(house, jean.user_id, jean) == "Jean Martin [Préfecture des Monts]"

    asyncio.run(story())


def test_a_closed_account_expires_no_more(tmp_path: Path) -> None:
    """Neither mails nor a second closing follow who left before the end of the term."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, admin = await person(house, JEAN), await open_admin(house)
            await expire(house, jean, admin)
            await close(house, jean.user_id, admin)
            before = len(await mails_to(house, JEAN))
            await wait_days(house, 3)
            assert len(await mails_to(house, JEAN)) == before
            assert (await house.call("POST", ADMIN, {"user_id": jean.user_id}, admin.token)).status == 404

    asyncio.run(story())
