"""State that moderators and clients read by themselves: policy rules, policy servers, image packs."""

import asyncio
from pathlib import Path
from typing import Any

from tests.support.hall import Resident, open_hall
from tests.support.paths import quote

IMAGE = {"url": "mxc://test.example.fr/chat", "body": "un chat", "info": {"mimetype": "image/png"}}


async def _put(who: Resident, room_id: str, kind: str, key: str, content: dict[str, Any]) -> None:
    """Sets a state event over HTTP and reads it back as it was given."""
    path = f"/rooms/{quote(room_id)}/state/{kind}/{quote(key)}"
    await who.ask("PUT", path, content)
    assert await who.ask("GET", path) == content


def test_policy_lists_are_kept_and_told(tmp_path: Path) -> None:
    """Rules about users, rooms and servers are state like any other: whoever reads the room hears of each change."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            room_id = await camille.create_room(preset="public_chat")
            await dominique.join(room_id)
            since = (await dominique.sync())["next_batch"]
            for kind, entity in (
                ("user", "@spam*:example.org"),
                ("room", "!*:example.org"),
                ("server", "*.example.org"),
            ):
                rule = {"entity": entity, "reason": "spam", "recommendation": "m.ban"}
                await _put(camille, room_id, f"m.policy.rule.{kind}", f"rule:{entity}", rule)
            await camille.set_state(room_id, "m.policy.rule.user", {}, "rule:@spam*:example.org")
            told = (await dominique.sync(since))["rooms"]["join"][room_id]["timeline"]["events"]
            assert [each["type"].rpartition(".")[2] for each in told] == ["user", "room", "server", "user"]
            refused = await dominique.call("PUT", f"/rooms/{quote(room_id)}/state/m.policy.rule.user/x", rule)
            assert refused.status == 403

    asyncio.run(story())


def test_rooms_may_name_a_policy_server(tmp_path: Path) -> None:
    """The state is kept as it is; none is run here, which the well-known address says."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            policy = {"via": "police.example.org", "public_keys": {"ed25519": "6yhHGKhCiXTSEN2ksjV7kX_N6rBQZ3Xb"}}
            await _put(camille, room_id, "m.room.policy", "", policy)
            await camille.send(room_id, "its server has nobody in the room: it is not asked")
            await _put(camille, room_id, "m.room.policy", "", {})
            reply = await hall.house.call("GET", "/.well-known/matrix/policy_server")
            assert (reply.status, reply.body["errcode"]) == (404, "M_NOT_FOUND")

    asyncio.run(story())


def test_image_packs_are_kept(tmp_path: Path) -> None:
    """A room holds packs under any key, the empty one too, and people keep which of them they use everywhere."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            pack = {"images": {"cat_wave": IMAGE}, "pack": {"display_name": "Chats", "usage": ["sticker"]}}
            for key in ("", "animaux"):
                await _put(camille, room_id, "m.room.image_pack", key, pack)
            rooms = {"rooms": {room_id: {"": {}, "animaux": {}}}}
            mine = f"/user/{quote(camille.user_id)}/account_data/m.image_pack.rooms"
            await camille.ask("PUT", mine, rooms)
            assert await camille.ask("GET", mine) == rooms
            timeline = (await camille.sync())["rooms"]["join"][room_id]["timeline"]["events"]
            assert [each["state_key"] for each in timeline if each["type"] == "m.room.image_pack"] == ["", "animaux"]

    asyncio.run(story())
