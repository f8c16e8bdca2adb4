"""Rooms that open onto others: who gets in, vouched for by whom, in every version that knows them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.accounts import person
from tests.support.hall import Resident, open_hall
from tests.support.house import open_house
from tests.support.paths import quote

V3 = "/_matrix/client/v3"
VERSIONS = ("8", "9", "10", "11", "12")


async def _restricted(who: Resident, version: str, lobby: str, rule: str = "restricted") -> str:
    allow = [{"type": "org.example.unknown"}, {"type": "m.room_membership", "room_id": lobby}]
    rules = {"type": "m.room.join_rules", "content": {"join_rule": rule, "allow": allow}}
    return await who.create_room(room_version=version, initial_state=[rules])


async def _attempt(who: Resident, action: str, room_id: str) -> int:
    status: int = (await who.call("POST", f"/{action}/{quote(room_id)}", {})).status
    return status


async def _member(who: Resident, room_id: str, user_id: str) -> dict[str, Any]:
    content: dict[str, Any] = await who.ask("GET", f"/rooms/{quote(room_id)}/state/m.room.member/{quote(user_id)}")
    return content


@pytest.mark.parametrize("version", VERSIONS)
def test_members_of_the_lobby_may_enter(tmp_path: Path, version: str) -> None:
    """Who is in an allowed room joins, vouched for by somebody who may invite; who is not, or no more, does not."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique, eliott = [await hall.enter(name) for name in ("camille", "dominique", "eliott")]
            lobby = await camille.create_room(preset="public_chat")
            room_id = await _restricted(camille, version, lobby)
            assert await _attempt(dominique, "join", room_id) == 403
            await dominique.join(lobby)
            assert await _attempt(dominique, "join", room_id) == 200
            content = await _member(camille, room_id, dominique.user_id)
            assert content["join_authorised_via_users_server"] == camille.user_id
            await dominique.send(room_id, "entré")
            profile = f"/profile/{quote(dominique.user_id)}/displayname"
            await dominique.ask("PUT", profile, {"displayname": "Dominique"})
            assert "join_authorised_via_users_server" not in await _member(camille, room_id, dominique.user_id)
            await dominique.leave(room_id)
            path = f"/rooms/{quote(room_id)}/state/m.room.member/{quote(dominique.user_id)}"
            await dominique.ask("PUT", path, {"membership": "join", "join_authorised_via_users_server": "@forged:x.fr"})
            content = await _member(camille, room_id, dominique.user_id)
            assert content["join_authorised_via_users_server"] == camille.user_id
            await dominique.leave(room_id)
            await camille.act(lobby, "ban", dominique.user_id)
            assert await _attempt(dominique, "join", room_id) == 403
            assert (await dominique.call("PUT", path, {"membership": "join"})).status == 403
            await camille.act(room_id, "invite", dominique.user_id)
            await dominique.join(room_id)
            assert "join_authorised_via_users_server" not in await _member(camille, room_id, dominique.user_id)
            await eliott.join(lobby)
            await camille.act(room_id, "ban", eliott.user_id)
            assert await _attempt(eliott, "join", room_id) == 403

    asyncio.run(story())


@pytest.mark.parametrize("version", VERSIONS)
def test_one_may_knock_where_one_may_not_enter(tmp_path: Path, version: str) -> None:
    """A `knock_restricted` room takes knocks from outside and members of the lobby in, from version 10 on."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique, eliott = [await hall.enter(name) for name in ("camille", "dominique", "eliott")]
            lobby = await camille.create_room(preset="public_chat")
            await eliott.join(lobby)
            room_id = await _restricted(camille, version, lobby, "knock_restricted")
            knows = int(version) >= 10
            assert await _attempt(dominique, "join", room_id) == 403
            assert await _attempt(dominique, "knock", room_id) == (200 if knows else 403)
            assert await _attempt(eliott, "join", room_id) == (200 if knows else 403)
            if knows:
                await camille.act(room_id, "invite", dominique.user_id)
                await dominique.join(room_id)

    asyncio.run(story())


def test_nobody_vouches_without_the_power_to_invite(tmp_path: Path) -> None:
    """Once those who may invite are gone, the room stays closed to the lobby."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique, eliott = [await hall.enter(name) for name in ("camille", "dominique", "eliott")]
            lobby = await camille.create_room(preset="public_chat")
            for each in (dominique, eliott):
                await each.join(lobby)
            room_id = await _restricted(camille, "11", lobby)
            levels = await camille.ask("GET", f"/rooms/{quote(room_id)}/state/m.room.power_levels")
            await camille.set_state(room_id, "m.room.power_levels", {**levels, "invite": 50})
            await dominique.join(room_id)
            await camille.leave(room_id)
            assert await _attempt(eliott, "join", room_id) == 403

    asyncio.run(story())


def test_who_vouches_may_be_of_another_instance(tmp_path: Path) -> None:
    """Two server names of one program: the one who enters and the one who vouches are of different ones."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            camille = await person(house, "camille.durand@prefecture.example.fr")
            zoe = await person(house, "zoe.petit@hopital.example.fr")
            body: dict[str, Any] = {"preset": "public_chat", "visibility": "public", "name": "Place"}
            lobby = (await house.ask("POST", f"{V3}/createRoom", body, camille.token))["room_id"]
            await house.ask("POST", f"{V3}/join/{quote(lobby)}", {}, zoe.token)
            allow = [{"type": "m.room_membership", "room_id": lobby}]
            rules = {"type": "m.room.join_rules", "content": {"join_rule": "restricted", "allow": allow}}
            room = await house.ask("POST", f"{V3}/createRoom", {"initial_state": [rules]}, camille.token)
            await house.ask("POST", f"{V3}/join/{quote(room['room_id'])}", {}, zoe.token)
            path = f"{V3}/rooms/{quote(room['room_id'])}/state/m.room.member/{quote(zoe.user_id)}"
            content = await house.ask("GET", path, token=zoe.token)
            assert content["join_authorised_via_users_server"] == camille.user_id

    asyncio.run(story())
