"""What an attacker tries on rooms: forging who is there, reading what one was put out of, loosening the rules."""

import asyncio
from pathlib import Path
from typing import Any

from tests.support.accounts import V3, Person, person
from tests.support.hall import open_hall
from tests.support.house import House, open_house
from tests.support.paths import quote

RULES = "im.vector.room.access_rules"
JEAN, MARIE = "jean.martin@prefecture.example.fr", "marie.durand@prefecture.example.fr"
GUEST = "zoe.petit@cabinet.example"


async def make_room(house: House, owner: Person, **options: Any) -> str:
    return str((await house.ask("POST", f"{V3}/createRoom", options, owner.token))["room_id"])


async def set_state(house: House, who: Person, room: str, key: str, content: object) -> int:
    return (await house.call("PUT", f"{V3}/rooms/{quote(room)}/state/{key}", content, who.token)).status


async def read_state(house: House, who: Person, room: str, key: str) -> Any:
    return await house.ask("GET", f"{V3}/rooms/{quote(room)}/state/{key}", token=who.token)


async def enter_guest(house: House, host: Person) -> Person:
    """A guest of the administrations, invited by an agent."""
    rule = {"type": RULES, "state_key": "", "content": {"rule": "unrestricted"}}
    room = await make_room(house, host, initial_state=[rule])
    await house.ask("POST", f"{V3}/rooms/{quote(room)}/invite", {"medium": "email", "address": GUEST}, host.token)
    return await person(house, GUEST)


def test_a_room_is_not_made_with_forged_members(tmp_path: Path) -> None:
    """Nobody is brought into a new room by its initial state, where neither name nor access rule would be checked."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            zoe = await enter_guest(house, jean)
            forged = {"membership": "invite", "displayname": "Ministre"}
            state = [{"type": "m.room.member", "state_key": zoe.user_id, "content": forged}]
            reply = await house.call("POST", f"{V3}/createRoom", {"initial_state": state}, jean.token)
            assert (reply.status, reply.body["errcode"]) == (400, "M_INVALID_PARAM")

    asyncio.run(story())


def test_levels_are_not_lowered_by_the_initial_state(tmp_path: Path) -> None:
    """The floor of the power levels holds by both ways of giving them, and for levels written as text."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            content = {"users": {jean.user_id: 100}, "invite": 0}
            state = [{"type": "m.room.power_levels", "state_key": "", "content": content}]
            reply = await house.call("POST", f"{V3}/createRoom", {"initial_state": state}, jean.token)
            assert reply.status == 400, reply
            asked = {"power_level_content_override": {"invite": "0"}, "room_version": "9"}
            assert (await house.call("POST", f"{V3}/createRoom", asked, jean.token)).status == 400

    asyncio.run(story())


def test_a_new_room_borrows_no_alias(tmp_path: Path) -> None:
    """A room is not made under the alias of another."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            await camille.create_room(room_alias_name="direction")
            content = {"alias": "#direction:test.example.fr"}
            state = [{"type": "m.room.canonical_alias", "state_key": "", "content": content}]
            reply = await camille.call("POST", "/createRoom", {"initial_state": state})
            assert (reply.status, reply.body["errcode"]) == (400, "M_BAD_ALIAS")

    asyncio.run(story())


def test_of_two_rooms_under_one_alias_one_is_made(tmp_path: Path) -> None:
    """Who loses the race for an alias has no room without it."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, basile = await hall.enter("camille"), await hall.enter("basile")
            wish = {"room_alias_name": "direction", "visibility": "public"}
            replies = await asyncio.gather(*(who.call("POST", "/createRoom", wish) for who in (camille, basile)))
            assert sorted(reply.status for reply in replies) == [200, 400]
            rooms = [(await who.ask("GET", "/joined_rooms"))["joined_rooms"] for who in (camille, basile)]
            assert sum(map(len, rooms)) == 1

    asyncio.run(story())


def test_plain_state_shows_nobody_under_another_name(tmp_path: Path) -> None:
    """Whatever the membership set as plain state, the name and the picture shown are the profile's."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, marie = await person(house, JEAN), await person(house, MARIE)
            room = await make_room(house, jean)
            spoof = {"displayname": "Ministre", "avatar_url": "mxc://evil.example.org/a"}
            for who, membership in ((marie, "invite"), (jean, "join"), (marie, "leave"), (marie, "ban")):
                key = f"m.room.member/{quote(who.user_id)}"
                assert await set_state(house, jean, room, key, {**spoof, "membership": membership}) == 200
                shown = await read_state(house, jean, room, key)
                assert shown.get("displayname") != "Ministre", membership
                assert "avatar_url" not in shown

    asyncio.run(story())


def test_who_left_reads_nothing_of_what_came_after(tmp_path: Path) -> None:
    """A ban after one left, its end, or an invitation refused show no later state and no later member."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, basile = await hall.enter("camille"), await hall.enter("basile")
            room = await camille.create_room(name="Avant", invite=[basile.user_id])
            await basile.join(room)
            await basile.leave(room)
            await camille.set_state(room, "m.room.name", {"name": "Après"})
            zelie = await hall.enter("zelie")
            await camille.act(room, "invite", zelie.user_id)
            await zelie.join(room)
            for act in ("ban", "unban", "invite"):
                await camille.act(room, act, basile.user_id)
            await basile.leave(room)
            name = await basile.ask("GET", f"/rooms/{quote(room)}/state/m.room.name")
            assert name == {"name": "Avant"}
            members = (await basile.ask("GET", f"/rooms/{quote(room)}/members"))["chunk"]
            assert zelie.user_id not in {each["state_key"] for each in members}
            synced = await basile.sync(filter={"room": {"include_leave": True}})
            left = synced["rooms"]["leave"][room]
            events = [*left.get("state", {}).get("events", []), *left["timeline"]["events"]]
            assert [each["content"]["name"] for each in events if each["type"] == "m.room.name"] == ["Avant"]
            assert zelie.user_id not in {each.get("state_key") for each in events}

    asyncio.run(story())


def test_the_rules_of_a_room_are_not_redacted(tmp_path: Path) -> None:
    """Emptying the access rules or the encryption would let them be set anew: no redaction touches them."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            room = await make_room(house, jean)
            state = await house.ask("GET", f"{V3}/rooms/{quote(room)}/state", token=jean.token)
            for kind in (RULES, "m.room.encryption"):
                (event,) = [each["event_id"] for each in state if each["type"] == kind]
                path = f"{V3}/rooms/{quote(room)}/redact/{quote(event)}/{kind}"
                assert (await house.call("PUT", path, {}, jean.token)).status == 403, kind
            sent = f"{V3}/rooms/{quote(room)}/send/m.room.redaction/again"
            assert (await house.call("PUT", sent, {"redacts": event}, jean.token)).status == 403

    asyncio.run(story())


def test_another_room_adds_nothing_to_a_message(tmp_path: Path) -> None:
    """References and threads that name a message of another room do not show on it."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, basile = await hall.enter("camille"), await hall.enter("basile")
            room, other = await camille.create_room(), await basile.create_room()
            message = await camille.send(room, "Bonjour")
            for kind in ("m.reference", "m.thread"):
                relation = {"rel_type": kind, "event_id": message}
                await basile.send(other, {"msgtype": "m.text", "body": "x", "m.relates_to": relation})
            event = await camille.ask("GET", f"/rooms/{quote(room)}/event/{quote(message)}")
            assert "m.relations" not in event["unsigned"]

    asyncio.run(story())


def test_a_room_is_made_with_a_bounded_crowd(tmp_path: Path) -> None:
    """More invitations than the bound are refused before anything is made."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            crowd = [f"@p{number}:test.example.fr" for number in range(2000)]
            reply = await camille.call("POST", "/createRoom", {"invite": crowd})
            assert (reply.status, reply.body["errcode"]) == (400, "M_INVALID_PARAM")

    asyncio.run(story())


def test_a_redaction_is_no_state(tmp_path: Path) -> None:
    """Nobody deletes for the clients, by a state event, what they may not redact."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room = await camille.create_room()
            message = await camille.send(room, "Bonjour")
            path = f"/rooms/{quote(room)}/state/m.room.redaction/x"
            assert (await camille.call("PUT", path, {"redacts": message})).status == 403

    asyncio.run(story())
