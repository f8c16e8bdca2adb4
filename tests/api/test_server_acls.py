"""Rooms that keep a server out, between the names of one program too."""

import asyncio
from pathlib import Path
from typing import Any

from tests.support.accounts import Person, person
from tests.support.house import House, open_house
from tests.support.paths import quote

V3 = "/_matrix/client/v3"


async def _send(house: House, who: Person, room_id: str, number: int) -> int:
    path = f"{V3}/rooms/{quote(room_id)}/send/m.room.message/{number}"
    return (await house.call("PUT", path, {"msgtype": "m.text", "body": "bonjour"}, who.token)).status


def test_a_server_is_kept_out(tmp_path: Path) -> None:
    """Its users neither speak nor enter, but may leave; whoever sets the list, or makes a room with it,
    cannot shut themselves out."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            camille = await person(house, "camille.durand@prefecture.example.fr")
            zoe = await person(house, "zoe.petit@hopital.example.fr")
            ours, theirs = camille.user_id.split(":")[1], zoe.user_id.split(":")[1]
            body: dict[str, Any] = {"preset": "public_chat", "visibility": "public", "name": "Place"}
            room_id = (await house.ask("POST", f"{V3}/createRoom", body, camille.token))["room_id"]
            join = f"{V3}/join/{quote(room_id)}"
            acl = f"{V3}/rooms/{quote(room_id)}/state/m.room.server_acl"
            await house.ask("POST", join, {}, zoe.token)
            assert await _send(house, zoe, room_id, 1) == 200
            for locked in ({}, {"allow": [theirs]}, {"allow": ["*"], "deny": [ours]}):
                state = [{"type": "m.room.server_acl", "state_key": "", "content": locked}]
                for method, path, said in (
                    ("PUT", acl, locked),
                    ("POST", f"{V3}/createRoom", {"initial_state": state}),
                ):
                    refused = await house.call(method, path, said, camille.token)
                    assert (refused.status, refused.body["errcode"]) == (400, "M_BAD_JSON")
            await house.ask("PUT", acl, {"allow": ["*"], "deny": [theirs]}, camille.token)
            assert (await _send(house, zoe, room_id, 2), await _send(house, camille, room_id, 2)) == (403, 200)
            typing = f"{V3}/rooms/{quote(room_id)}/typing/{quote(zoe.user_id)}"
            assert (await house.call("PUT", typing, {"typing": True, "timeout": 1000}, zoe.token)).status == 403
            await house.ask("POST", f"{V3}/rooms/{quote(room_id)}/leave", {}, zoe.token)
            refused = await house.call("POST", join, {}, zoe.token)
            assert (refused.status, refused.body["errcode"]) == (403, "M_FORBIDDEN")
            await house.ask("PUT", acl, {"allow": ["*"]}, camille.token)
            await house.ask("POST", join, {}, zoe.token)
            assert await _send(house, zoe, room_id, 3) == 200

    asyncio.run(story())
