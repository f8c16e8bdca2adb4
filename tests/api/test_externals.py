"""Externals on their short leash: vouched for, prolonged, ended."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tchap.services.guest_terms import look_at_guests
from tchap.storage import sponsorships
from tchap.storage.administrations import ACTIVE, SUSPENDED
from tchap.storage.database import Tx
from tchap.storage.delegates import Delegate, add_delegate
from tests.support.accounts import SECRET, V3, Person, person
from tests.support.administrations import BASE, CALM, open_office
from tests.support.house import House, open_house, until_polling
from tests.support.paths import quote

JEAN = "jean.martin@prefecture.example.fr"
HELENE = "helene.lefevre@hopital.example.fr"
ZOE = "zoe.petit@cabinet.example"
GUESTS = "/_tchap/v1/externals"
DAY_S = 24 * 3600


async def open_room(house: House, owner: Person) -> str:
    rule = {"type": "im.vector.room.access_rules", "state_key": "", "content": {"rule": "unrestricted"}}
    return str((await house.ask("POST", f"{V3}/createRoom", {"initial_state": [rule]}, owner.token))["room_id"])


async def invite(house: House, owner: Person, room: str, address: str = ZOE) -> None:
    await house.ask("POST", f"{V3}/rooms/{room}/invite", {"medium": "email", "address": address}, owner.token)


async def welcome(house: House, owner: Person) -> tuple[Person, str]:
    """A guest of this agent's, in a room."""
    room = await open_room(house, owner)
    await invite(house, owner, room)
    zoe = await person(house, ZOE)
    await house.ask("POST", f"{V3}/rooms/{room}/join", {}, zoe.token)
    return zoe, room


async def guest_of(house: House, agent: Person) -> dict[str, Any]:
    (guest,) = (await house.ask("GET", GUESTS, None, agent.token))["guests"]
    return dict(guest)


async def follow(house: House) -> None:
    """What the duty does until nothing is due."""
    while await look_at_guests(house.world):
        continue


async def mails_to(house: House, address: str) -> list[str]:
    return [mail["subject"] for mail in await house.ask("GET", f"/_tchap/mailbox.json?to={address}")]


async def check_expired(house: House, someone: Person) -> None:
    reply = await house.call("GET", f"{V3}/profile/{someone.user_id}", None, someone.token)
    assert (reply.status, reply.body["errcode"]) == (403, "ORG_MATRIX_EXPIRED_ACCOUNT")


def test_who_invites_somebody_from_outside_vouches_for_them(tmp_path: Path) -> None:
    """The inviter is the sponsor, for half a year unless they say; the guest knows who vouches and until when."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            room = await open_room(house, jean)
            await invite(house, jean, room)
            guest = await guest_of(house, jean)
            assert (guest["email"], guest["state"]) == (ZOE, "invited")
            assert guest["ends_ts"] == house.clock.now + 180 * DAY_S * 1000
            zoe = await person(house, ZOE)
            guest = await guest_of(house, jean)
            assert (guest["user_id"], guest["state"]) == (zoe.user_id, "active")
            seen = await house.ask("GET", GUESTS, None, zoe.token)
            assert seen == {"guests": [], "sponsors": [{"user_id": jean.user_id, "ends_ts": guest["ends_ts"]}]}
            end = house.clock.now + 30 * DAY_S * 1000
            assert (await house.ask("PUT", f"{GUESTS}/{ZOE}", {"ends_ts": end}, jean.token))["ends_ts"] == end
            await invite(house, jean, await open_room(house, jean))
            assert (await guest_of(house, jean))["ends_ts"] == end

    asyncio.run(story())


def test_who_may_vouch_for_whom_and_how_long(tmp_path: Path) -> None:
    """Neither a guest, nor for an agent, nor for ever, nor for the past; each refusal says so."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, helene = await person(house, JEAN), await person(house, HELENE)
            zoe, _ = await welcome(house, jean)
            now = house.clock.now
            rows: tuple[tuple[Person, str, object, int, str], ...] = (
                (zoe, "ami@ailleurs.example", None, 403, "M_FORBIDDEN"),
                (jean, HELENE, None, 403, "M_FORBIDDEN"),
                (jean, "nouveau@hopital.example.fr", None, 403, "M_FORBIDDEN"),
                (jean, ZOE, now, 400, "M_INVALID_PARAM"),
                (jean, ZOE, now + 396 * DAY_S * 1000, 400, "M_INVALID_PARAM"),
                (jean, ZOE, "demain", 400, "M_BAD_JSON"),
                (jean, "a@b@c", None, 400, "M_INVALID_EMAIL"),
            )
            for who, address, ends_ts, status, errcode in rows:
                reply = await house.call("PUT", f"{GUESTS}/{address}", {"ends_ts": ends_ts}, who.token)
                assert (reply.status, reply.body["errcode"]) == (status, errcode), (address, ends_ts)
            reply = await house.call("DELETE", f"{GUESTS}/{ZOE}", None, helene.token)
            assert (reply.status, reply.body["errcode"]) == (404, "M_NOT_FOUND")

    asyncio.run(story())


def test_a_guest_ends_on_the_day_that_was_said(tmp_path: Path) -> None:
    """Both are told before; on the day the account expires, leaves its rooms and is renewed by nobody's mailbox; some
    months later it is closed."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            zoe, room = await welcome(house, jean)
            await follow(house)
            assert not any("prend fin" in subject for subject in await mails_to(house, ZOE))
            house.clock.move(167 * DAY_S)
            await follow(house)
            await follow(house)
            assert sum("invité externe quitte" in subject for subject in await mails_to(house, JEAN)) == 1
            assert sum("prend fin" in subject for subject in await mails_to(house, ZOE)) == 1
            await house.ask("GET", f"{V3}/account/whoami", None, zoe.token)
            house.clock.move(13 * DAY_S)
            await check_expired(house, zoe)
            await follow(house)
            live = house.world.live.rooms.get(room)
            assert live is not None
            assert live.membership_of(zoe.user_id) == "leave"
            assert sum("a pris fin" in subject for subject in await mails_to(house, ZOE)) == 1
            path = "/_synapse/client/email_account_validity/send_mail"
            reply = await house.call("POST", path, {}, zoe.token)
            assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")
            house.clock.move(121 * DAY_S)
            await follow(house)
            assert (await house.call("GET", f"{V3}/account/whoami", None, zoe.token)).status == 401

    asyncio.run(story())


def test_a_sponsor_ends_and_prolongs(tmp_path: Path) -> None:
    """Ended, the account is over at once; prolonged, it is the same account again, to be invited."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            zoe, room = await welcome(house, jean)
            waiting = asyncio.create_task(
                house.call("GET", f"{V3}/sync?timeout=30000&since={await token_of(house, zoe)}", None, zoe.token)
            )
            await until_polling(house)
            await house.ask("DELETE", f"{GUESTS}/{ZOE}", None, jean.token)
            assert (await waiting).body["errcode"] == "ORG_MATRIX_EXPIRED_ACCOUNT"
            await check_expired(house, zoe)
            await follow(house)
            assert (await guest_of(house, jean))["state"] == "ended"
            await house.ask("PUT", f"{GUESTS}/{ZOE}", {}, jean.token)
            await house.ask("GET", f"{V3}/account/whoami", None, zoe.token)
            await invite(house, jean, room)
            await house.ask("POST", f"{V3}/rooms/{room}/join", {}, zoe.token)

    asyncio.run(story())


async def token_of(house: House, someone: Person) -> str:
    return str((await house.ask("GET", f"{V3}/sync", None, someone.token))["next_batch"])


def test_a_guest_stays_while_anybody_vouches(tmp_path: Path) -> None:
    """A second agent who invites her vouches too; she ends with the last of them; inviting her vouches again."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, helene = await person(house, JEAN), await person(house, HELENE)
            zoe, _ = await welcome(house, jean)
            theirs = await open_room(house, helene)
            await invite(house, helene, theirs)
            await house.ask("DELETE", f"{GUESTS}/{ZOE}", None, jean.token)
            await house.ask("POST", f"{V3}/rooms/{theirs}/join", {}, zoe.token)
            await house.ask("DELETE", f"{GUESTS}/{ZOE}", None, helene.token)
            await check_expired(house, zoe)
            await follow(house)
            await invite(house, helene, theirs)
            await house.ask("GET", f"{V3}/account/whoami", None, zoe.token)

    asyncio.run(story())


def test_a_guest_who_is_prolonged_at_the_last_moment_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The duty looked, then somebody vouched again: nobody leaves a room, and no account is closed."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            zoe, room = await welcome(house, await person(house, JEAN))

            async def find_once(_tx: Tx, *_asked: object) -> list[str]:
                if found:
                    return []
                found.append(zoe.user_id)
                return list(found)

            for name in ("find_over", "find_to_close"):
                found = list[str]()
                monkeypatch.setattr(sponsorships, name, find_once)
                assert await look_at_guests(house.world)
                assert found == [zoe.user_id]
            assert room in (await house.ask("GET", f"{V3}/joined_rooms", None, zoe.token))["joined_rooms"]

    asyncio.run(story())


async def set_status(tx: Tx, status: str) -> None:
    await tx.run("UPDATE administrations SET status = $1 WHERE administration_id = 'prefecture-du-val-clair'", status)


def test_an_administration_that_is_suspended_vouches_for_nobody(tmp_path: Path) -> None:
    """Its guests end with it and none of its agents vouches for anybody, until it is active again."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            zoe, _ = await welcome(house, jean)
            await house.world.store.write(set_status, SUSPENDED)
            await follow(house)
            await check_expired(house, zoe)
            reply = await house.call("PUT", f"{GUESTS}/{ZOE}", {}, jean.token)
            assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")
            assert "administration" in reply.body["error"]
            reply = await house.call("PUT", f"{GUESTS}/autre@ailleurs.example", {}, jean.token)
            assert reply.status == 403
            await house.world.store.write(set_status, ACTIVE)
            await house.ask("PUT", f"{GUESTS}/{ZOE}", {}, jean.token)
            await house.ask("GET", f"{V3}/account/whoami", None, zoe.token)

    asyncio.run(story())


def test_those_who_look_after_an_administration_end_a_stay(tmp_path: Path) -> None:
    """They see whom its agents vouch for, end it for good, and leave a trace; its agent does not begin it again."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, boss = await person(house, JEAN), await person(house, "chef@prefecture.example.fr")
            zoe, _ = await welcome(house, jean)
            one = "/_tchap/admin/v1/administrations/prefecture-du-val-clair"
            wanted = {"email": ZOE, "sponsor": jean.user_id}
            assert (await house.call("POST", f"{one}/externals/end", wanted, boss.token)).status == 403
            await house.world.store.write(name_delegate, boss.user_id)
            (guest,) = (await house.ask("GET", f"{one}/externals", None, boss.token))["guests"]
            assert (guest["email"], guest["sponsor"], guest["state"]) == (ZOE, jean.user_id, "active")
            await house.ask("POST", f"{one}/externals/end", wanted, boss.token)
            await check_expired(house, zoe)
            assert (await house.call("POST", f"{one}/externals/end", wanted, boss.token)).status == 404
            reply = await house.call("PUT", f"{GUESTS}/{ZOE}", {}, jean.token)
            assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")
            (act, *_) = (await house.ask("GET", f"{one}/audit", None, boss.token))["acts"]
            assert (act["act"], act["target"], act["detail"]) == ("end_guest", jean.user_id, ZOE)

    asyncio.run(story())


async def name_delegate(tx: Tx, user_id: str) -> None:
    of = "prefecture-du-val-clair"
    await add_delegate(tx, Delegate(of, "chef@prefecture.example.fr", user_id, "console", 1))


def test_an_invitation_that_was_too_old_is_sent_again(tmp_path: Path) -> None:
    """After its month it opens no account; sent again, it does."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, helene = await person(house, JEAN), await person(house, HELENE)
            await invite(house, jean, await open_room(house, jean))
            house.clock.move(31 * DAY_S)
            wanted = {"client_secret": SECRET, "email": ZOE, "send_attempt": 1}
            assert (await house.call("POST", f"{V3}/register/email/requestToken", wanted)).status == 403
            reply = await house.call("POST", f"{GUESTS}/{ZOE}/invitation", {}, helene.token)
            assert (reply.status, reply.body["errcode"]) == (404, "M_NOT_FOUND")
            assert await house.ask("POST", f"{GUESTS}/{ZOE}/invitation", {}, jean.token) == {}
            assert len(await mails_to(house, ZOE)) == 2
            zoe = await person(house, ZOE)
            assert (await guest_of(house, jean))["user_id"] == zoe.user_id
            assert (await house.call("POST", f"{GUESTS}/{ZOE}/invitation", {}, jean.token)).status == 404

    asyncio.run(story())


def test_a_guest_is_stopped_by_those_whose_agents_alone_vouch(tmp_path: Path) -> None:
    """A delegate locks their agents' guest, and no longer once somebody of elsewhere vouches too; others never do."""

    async def story() -> None:
        async with open_house(tmp_path, CALM) as house:
            office = await open_office(house)
            of = {}
            for name, address in (("prefecture", JEAN), ("hopital", HELENE)):
                listed = await house.ask("GET", f"{BASE}?search={name}", None, office.operator.token)
                of[name] = listed["administrations"][0]["administration_id"]
                body = {"email": address}
                await house.ask("POST", f"{BASE}/{of[name]}/delegates", body, office.operator.token)
            jean, helene = await person(house, JEAN), await person(house, HELENE)
            zoe, _ = await welcome(house, jean)
            path = f"/_matrix/client/v1/admin/lock/{quote(zoe.user_id)}"
            assert (await house.call("PUT", path, {"locked": True}, helene.token)).status == 403
            for wanted in (True, False):
                await house.ask("PUT", path, {"locked": wanted}, jean.token)
            closing = f"/_tchap/admin/v1/users/{quote(zoe.user_id)}/deactivate"
            assert (await house.call("POST", closing, {}, jean.token)).status == 403
            await house.ask("PUT", f"{GUESTS}/{quote(ZOE)}", {}, helene.token)
            for delegate in (jean, helene):
                assert (await house.call("PUT", path, {"locked": True}, delegate.token)).status == 403
            await house.ask("PUT", path, {"locked": True}, office.operator.token)

    asyncio.run(story())
