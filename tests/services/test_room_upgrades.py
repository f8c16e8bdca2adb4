"""Upgrading a room while things go wrong: it is upgraded, or nothing happened."""

import asyncio
from pathlib import Path
from typing import Any

from tchap.app import build_live
from tests.support.hall import Resident, open_hall
from tests.support.paths import quote
from tests.support.stalled_store import StalledStore


async def _upgrade(who: Resident, room_id: str) -> Any:
    return await who.call("POST", f"/rooms/{quote(room_id)}/upgrade", {"new_version": "11"})


async def _state(who: Resident, room_id: str) -> Any:
    return await who.ask("GET", f"/rooms/{quote(room_id)}/state")


def test_an_upgrade_that_is_not_stored_leaves_no_trace(tmp_path: Path) -> None:
    """Neither tombstone nor new room, in memory or on disk; alias and directory stay; the next try succeeds."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            world = hall.house.world
            camille = await hall.enter("camille")
            room_id = await camille.create_room(preset="public_chat", visibility="public", room_alias_name="salon")
            before = await _state(camille, room_id)
            plain = world.store
            world.store = store = StalledStore(plain)  # type: ignore[assignment]
            store.broken = {0}
            assert (await _upgrade(camille, room_id)).status == 400
            world.store = plain
            for _ in range(2):
                assert await _state(camille, room_id) == before
                assert (await camille.ask("GET", "/joined_rooms"))["joined_rooms"] == [room_id]
                found = await camille.ask("GET", f"/directory/room/{quote('#salon:test.example.fr')}")
                assert found["room_id"] == room_id
                assert [each["room_id"] for each in (await camille.ask("GET", "/publicRooms"))["chunk"]] == [room_id]
                world.live = build_live(world.settings, world.clock)
            await camille.send(room_id, "on continue")
            assert (await _upgrade(camille, room_id)).status == 200

    asyncio.run(story())


def test_people_talk_while_a_room_is_upgraded(tmp_path: Path) -> None:
    """Messages sent at the same time are accepted before the tombstone or refused after it; memory and disk agree."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            world = hall.house.world
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            room_id = await camille.create_room(preset="public_chat")
            await dominique.join(room_id)
            path = f"/rooms/{quote(room_id)}/send/m.room.message"
            talk = [dominique.call("PUT", f"{path}/{n}", {"msgtype": "m.text", "body": str(n)}) for n in range(10)]
            upgraded, *said = await asyncio.gather(_upgrade(camille, room_id), *talk)
            assert upgraded.status == 200
            assert {reply.status for reply in said} <= {200, 403}
            new_id = upgraded.body["replacement_room"]
            states = await _state(camille, room_id), await _state(camille, new_id)
            world.live = build_live(world.settings, world.clock)
            assert (await _state(camille, room_id), await _state(camille, new_id)) == states
            await dominique.join(new_id)
            await dominique.send(new_id, "ici maintenant")

    asyncio.run(story())
