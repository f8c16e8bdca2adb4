"""What a room tells of itself before one is in it."""

import asyncio
from pathlib import Path
from typing import Any

from tests.support.accounts import person
from tests.support.hall import INSTANCE, Resident, open_hall
from tests.support.house import House, open_house
from tests.support.paths import quote

V1 = "/_matrix/client/v1"
V3 = "/_matrix/client/v3"


async def summary(house: House, room: str, token: str | None) -> Any:
    return await house.ask("GET", f"{V1}/room_summary/{quote(room)}", token=token)


async def refusal(house: House, room: str, token: str | None) -> tuple[int, str]:
    reply = await house.call("GET", f"{V1}/room_summary/{quote(room)}", token=token)
    return reply.status, reply.body["errcode"]


def test_a_room_is_summed_up(tmp_path: Path) -> None:
    """Its names, how one gets in, its encryption and version, and what the asker is there, by id or by alias."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            house = hall.house
            rule = {"join_rule": "knock_restricted", "allow": [{"type": "m.room_membership", "room_id": "!a:b.fr"}]}
            room_id = await camille.create_room(
                name="Crise",
                topic="L'eau",
                room_alias_name="crise",
                initial_state=[
                    {"type": "m.room.join_rules", "content": rule},
                    {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}},
                    {"type": "m.room.avatar", "content": {"url": "mxc://test.example.fr/photo"}},
                ],
            )
            expected = {
                "room_id": room_id,
                "name": "Crise",
                "topic": "L'eau",
                "avatar_url": "mxc://test.example.fr/photo",
                "canonical_alias": f"#crise:{INSTANCE}",
                "num_joined_members": 1,
                "world_readable": False,
                "guest_can_join": True,
                "join_rule": "knock_restricted",
                "allowed_room_ids": ["!a:b.fr"],
                "encryption": "m.megolm.v1.aes-sha2",
                "room_version": "11",
            }
            assert await summary(house, room_id, None) == expected
            assert await summary(house, f"#crise:{INSTANCE}", camille.token) == {**expected, "membership": "join"}
            assert await summary(house, room_id, dominique.token) == {**expected, "membership": "leave"}
            await dominique.ask("POST", f"/knock/{quote(room_id)}", {})
            assert (await summary(house, room_id, dominique.token))["membership"] == "knock"
            await camille.act(room_id, "invite", dominique.user_id)
            assert (await summary(house, room_id, dominique.token))["membership"] == "invite"
            for path in (f"summary/{quote(room_id)}", f"rooms/{quote(room_id)}/summary"):
                old = await house.ask("GET", f"/_matrix/client/unstable/im.nheko.summary/{path}")
                assert old["im.nheko.summary.encryption"] == expected["encryption"]
                assert old["im.nheko.summary.version"] == "11"

    asyncio.run(story())


async def _room(who: Resident, rule: str, allow: list[str], **more: Any) -> str:
    conditions = [{"type": "m.room_membership", "room_id": room_id} for room_id in allow]
    rules = {"type": "m.room.join_rules", "content": {"join_rule": rule, "allow": conditions}}
    return await who.create_room(initial_state=[rules, *more.pop("initial_state", [])], **more)


def test_hidden_rooms_are_not_there(tmp_path: Path) -> None:
    """A private room, one restricted to others and one that was never made are answered alike."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            house, gone = hall.house, (404, "M_NOT_FOUND")
            private = await camille.create_room(preset="private_chat")
            lobby = await camille.create_room(preset="public_chat")
            restricted = await _room(camille, "restricted", [lobby])
            for room in (private, restricted, "!none:test.example.fr", f"#none:{INSTANCE}", "neither"):
                assert await refusal(house, room, dominique.token) == gone
                assert await refusal(house, room, None) == gone
            await dominique.join(lobby)
            assert (await summary(house, restricted, dominique.token))["join_rule"] == "restricted"
            assert (await summary(house, lobby, None))["join_rule"] == "public"
            await camille.act(lobby, "ban", dominique.user_id)
            assert await refusal(house, lobby, dominique.token) == gone
            assert await refusal(house, restricted, dominique.token) == gone
            world = {"type": "m.room.history_visibility", "content": {"history_visibility": "world_readable"}}
            shown = await _room(camille, "invite", [], initial_state=[world])
            assert (await summary(house, shown, None))["world_readable"] is True

    asyncio.run(story())


def test_agents_rooms_are_for_agents(tmp_path: Path) -> None:
    """Under the rules of Tchap nobody unknown sees a room, nor another instance one that is kept to its domain."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            camille = await person(house, "camille.durand@prefecture.example.fr")
            zoe = await person(house, "zoe.petit@hopital.example.fr")
            body = {"preset": "public_chat", "visibility": "public", "name": "Place", "room_alias_name": "place"}
            room_id = (await house.ask("POST", f"{V3}/createRoom", body, camille.token))["room_id"]
            assert (await summary(house, room_id, zoe.token))["name"] == "Place"
            assert await refusal(house, room_id, None) == (401, "M_MISSING_TOKEN")
            body = {**body, "room_alias_name": "cour", "creation_content": {"m.federate": False}}
            kept = (await house.ask("POST", f"{V3}/createRoom", body, camille.token))["room_id"]
            assert (await summary(house, kept, camille.token))["membership"] == "join"
            assert camille.user_id.split(":")[1] != zoe.user_id.split(":")[1]
            assert await refusal(house, kept, zoe.token) == (404, "M_NOT_FOUND")

    asyncio.run(story())


def test_guests_see_what_they_are_invited_to(tmp_path: Path) -> None:
    """A guest of the administrations is shown neither public rooms nor spaces and what they open, but their own."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, "jean.martin@prefecture.example.fr")
            rule = {"type": "im.vector.room.access_rules", "content": {"rule": "unrestricted"}}
            space = {"creation_content": {"type": "m.space"}, "name": "Projet"}
            space_id = (await house.ask("POST", f"{V3}/createRoom", space, jean.token))["room_id"]
            allow = [{"type": "m.room_membership", "room_id": space_id}]
            rules = {"type": "m.room.join_rules", "content": {"join_rule": "restricted", "allow": allow}}
            public = {"preset": "public_chat", "visibility": "public", "name": "Place"}
            rooms = [public, {"name": "Atelier", "initial_state": [rule, rules]}, {"initial_state": [rule]}]
            ids = [(await house.ask("POST", f"{V3}/createRoom", body, jean.token))["room_id"] for body in rooms]
            for room_id in ids:
                path = f"{V3}/rooms/{quote(space_id)}/state/m.space.child/{quote(room_id)}"
                await house.ask("PUT", path, {"via": ["x.example.fr"]}, jean.token)
            invited = {"medium": "email", "address": "zoe.petit@cabinet.example"}
            assert (await house.call("POST", f"{V3}/rooms/{quote(space_id)}/invite", invited, jean.token)).status == 403
            await house.ask("POST", f"{V3}/rooms/{quote(ids[-1])}/invite", invited, jean.token)
            zoe = await person(house, invited["address"])
            assert (await summary(house, ids[-1], zoe.token))["membership"] == "invite"
            tree = f"{V1}/rooms/{quote(space_id)}/hierarchy"
            assert (await house.call("GET", tree, token=zoe.token)).status == 403
            assert len((await house.ask("GET", tree, token=jean.token))["rooms"]) == 4
            for room_id in (space_id, *ids[:-1]):
                assert await refusal(house, room_id, zoe.token) == (404, "M_NOT_FOUND")

    asyncio.run(story())
