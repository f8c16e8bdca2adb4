"""Inviting by e-mail address."""

import asyncio
from pathlib import Path
from typing import Any

from tests.support.accounts import SECRET, V3, Person, person
from tests.support.house import House, open_house

JEAN = "jean.martin@prefecture.example.fr"
GUEST = "zoe.petit@cabinet.example"


async def open_room(house: House, owner: Person, **options: object) -> str:
    """A room open to guests of the administrations."""
    rule = {"type": "im.vector.room.access_rules", "state_key": "", "content": {"rule": "unrestricted"}}
    body = await house.ask("POST", f"{V3}/createRoom", {"initial_state": [rule], **options}, owner.token)
    return str(body["room_id"])


def test_a_guest_registers_because_an_agent_invited_her(tmp_path: Path) -> None:
    """The invitation is told by mail, lets the address register on the guests' instance, and awaits the account."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            room = await open_room(house, jean)
            invited = {"medium": "email", "address": GUEST, "id_server": "x", "id_access_token": "x"}
            await house.ask("POST", f"{V3}/rooms/{room}/invite", invited, jean.token)
            (mail,) = await house.ask("GET", f"/_tchap/mailbox.json?to={GUEST}")
            assert "Jean Martin [Préfecture du Val-Clair] vous invite" in mail["text"]
            state = await house.ask("GET", f"{V3}/rooms/{room}/state", token=jean.token)
            (pending,) = [event for event in state if event["type"] == "m.room.third_party_invite"]
            assert pending["content"]["display_name"] == "zo...@ca..."
            zoe = await person(house, GUEST)
            assert zoe.user_id == "@zoe.petit-cabinet.example:agent.externe.tchap.example.fr"
            live = house.world.live.rooms.get(room)
            assert live is not None
            assert live.membership_of(zoe.user_id) == "invite"
            await house.ask("POST", f"{V3}/rooms/{room}/join", {}, zoe.token)
            profile = await house.ask("GET", f"{V3}/profile/{zoe.user_id}", token=jean.token)
            assert profile["displayname"] == "Zoe Petit [Cabinet]"
            for reader in (jean, zoe):
                found = await house.ask("POST", f"{V3}/user_directory/search", {"search_term": "petit"}, reader.token)
                assert found["results"] == []
            await person(house, "marie.durand@prefecture.example.fr")
            other = f"{V3}/profile/@marie.durand-prefecture.example.fr:agent.prefectures.tchap.example.fr"
            assert (await house.call("GET", other, None, zoe.token)).status == 404
            assert (await house.call("GET", f"{V3}/profile/{jean.user_id}", None, zoe.token)).status == 200

    asyncio.run(story())


def test_an_invitation_that_is_answered_leaves_no_ghost(tmp_path: Path) -> None:
    """Once the address has an account the rooms await it no longer, in the name of who invited; where they have left
    since, the room is left as it is."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, helene = await person(house, JEAN), await person(house, "helene.lefevre@prefecture.example.fr")
            awaited, left = await open_room(house, jean), await open_room(house, jean, invite=[helene.user_id])
            await house.ask("POST", f"{V3}/rooms/{left}/join", {}, helene.token)
            for room in (awaited, left):
                await house.ask("POST", f"{V3}/rooms/{room}/invite", {"medium": "email", "address": GUEST}, jean.token)
            await house.ask("POST", f"{V3}/rooms/{left}/leave", {}, jean.token)
            zoe = await person(house, GUEST)
            assert await find_pending(house, awaited, jean) == [(jean.user_id, {})]
            ((inviter, content),) = await find_pending(house, left, helene)
            assert (inviter, content["display_name"]) == (jean.user_id, "zo...@ca...")
            await house.ask("POST", f"{V3}/rooms/{awaited}/join", {}, zoe.token)
            reply = await house.call("POST", f"{V3}/rooms/{left}/join", {}, zoe.token)
            assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")

    asyncio.run(story())


async def find_pending(house: House, room: str, reader: Person) -> list[tuple[str, dict[str, Any]]]:
    """Who awaits somebody by address in the room, and what the room shows of it."""
    state = await house.ask("GET", f"{V3}/rooms/{room}/state", token=reader.token)
    return [(each["sender"], each["content"]) for each in state if each["type"] == "m.room.third_party_invite"]


def test_a_direct_message_with_an_address_is_one_for_who_signs_up(tmp_path: Path) -> None:
    """The invitation that awaited her says that it is direct, and takes the second place of two."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, helene = await person(house, JEAN), await person(house, "helene.lefevre@hopital.example.fr")
            later = {"medium": "email", "address": "marie.durand@hopital.example.fr"}
            wish = {"is_direct": True, "invite_3pid": [later]}
            room = (await house.ask("POST", f"{V3}/createRoom", wish, jean.token))["room_id"]
            marie = await person(house, later["address"])
            sync = await house.ask("GET", f"{V3}/sync", None, marie.token)
            events = sync["rooms"]["invite"][room]["invite_state"]["events"]
            (mine,) = [event["content"] for event in events if event.get("state_key") == marie.user_id]
            assert (mine["membership"], mine["is_direct"]) == ("invite", True)
            assert await find_pending(house, room, jean) == [(jean.user_id, {})]
            await house.ask("POST", f"{V3}/rooms/{room}/join", {}, marie.token)
            reply = await house.call("POST", f"{V3}/rooms/{room}/invite", {"user_id": helene.user_id}, jean.token)
            assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")

    asyncio.run(story())


def test_a_room_closed_to_guests_invites_none(tmp_path: Path) -> None:
    """In a restricted room an address of no administration is refused at once, and may not register."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            room = (await house.ask("POST", f"{V3}/createRoom", {}, jean.token))["room_id"]
            invited = {"medium": "email", "address": GUEST}
            reply = await house.call("POST", f"{V3}/rooms/{room}/invite", invited, jean.token)
            assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")
            wanted = {"client_secret": SECRET, "email": GUEST, "send_attempt": 1}
            assert (await house.call("POST", f"{V3}/register/email/requestToken", wanted)).status == 403

    asyncio.run(story())


def test_an_address_with_an_account_is_invited_at_once(tmp_path: Path) -> None:
    """The address of an account invites the account; one of an agent to come waits, also from the room's creation."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, helene = await person(house, JEAN), await person(house, "helene.lefevre@hopital.example.fr")
            later = "marie.durand@hopital.example.fr"
            wish = [{"medium": "email", "address": a} for a in ("Helene.Lefevre@hopital.example.fr", later)]
            body = await house.ask("POST", f"{V3}/createRoom", {"invite_3pid": wish}, jean.token)
            live = house.world.live.rooms.get(body["room_id"])
            assert live is not None
            assert live.membership_of(helene.user_id) == "invite"
            marie = await person(house, later)
            live = house.world.live.rooms.get(body["room_id"])
            assert live is not None
            assert live.membership_of(marie.user_id) == "invite"

    asyncio.run(story())


def test_what_and_who_is_not_invited_by_address(tmp_path: Path) -> None:
    """A phone number and a crafted address are refused, and so is an invitation by somebody outside the room."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, marie = await person(house, JEAN), await person(house, "marie.durand@prefecture.example.fr")
            room = await open_room(house, jean)
            phone = {"medium": "msisdn", "address": "33612345678"}
            assert (await house.call("POST", f"{V3}/rooms/{room}/invite", phone, jean.token)).status == 403
            address = {"medium": "email", "address": GUEST}
            assert (await house.call("POST", f"{V3}/rooms/{room}/invite", address, marie.token)).status == 403
            crafted = {"medium": "email", "address": "a@evil.example@prefecture.example.fr"}
            reply = await house.call("POST", f"{V3}/rooms/{room}/invite", crafted, jean.token)
            assert reply.body["errcode"] == "M_INVALID_EMAIL"

    asyncio.run(story())


def test_an_invitation_taken_back_lets_nobody_in(tmp_path: Path) -> None:
    """Once the room's pending invitation is emptied, the address may not register any more."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            room = await open_room(house, jean, invite_3pid=[{"medium": "email", "address": GUEST}])
            state = await house.ask("GET", f"{V3}/rooms/{room}/state", token=jean.token)
            (token,) = [event["state_key"] for event in state if event["type"] == "m.room.third_party_invite"]
            await house.ask("PUT", f"{V3}/rooms/{room}/state/m.room.third_party_invite/{token}", {}, jean.token)
            wanted = {"client_secret": SECRET, "email": GUEST, "send_attempt": 1}
            assert (await house.call("POST", f"{V3}/register/email/requestToken", wanted)).status == 403

    asyncio.run(story())
