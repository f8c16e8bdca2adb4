"""People who want no invitations, at all or from somebody."""

import asyncio
from pathlib import Path
from typing import Any

from tests.support.hall import Hall, Resident, open_hall
from tests.support.paths import quote

CONFIG = "m.invite_permission_config"
SLIDING = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync"


async def _say(who: Resident, kind: str, content: dict[str, Any]) -> None:
    await who.ask("PUT", f"/user/{quote(who.user_id)}/account_data/{kind}", content)


async def _slide(who: Resident) -> dict[str, Any]:
    wanted = {"lists": {"all": {"ranges": [[0, 20]], "timeline_limit": 1, "required_state": []}}}
    body: dict[str, Any] = await who.hall.house.ask("POST", SLIDING, wanted, who.token)
    return body


async def _invitations(who: Resident, since: str | None = None) -> set[str]:
    return set((await who.sync(since)).get("rooms", {}).get("invite", {}))


def test_invitations_are_blocked_on_every_road(tmp_path: Path) -> None:
    """Inviting, making a room and setting a membership are refused 403; nothing is made, and later all works again."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            room_id = await camille.create_room()
            await _say(dominique, CONFIG, {"default_action": "block"})
            member = f"/rooms/{quote(room_id)}/state/m.room.member/{quote(dominique.user_id)}"
            roads: list[tuple[str, str, dict[str, Any]]] = [
                ("POST", f"/rooms/{quote(room_id)}/invite", {"user_id": dominique.user_id}),
                ("POST", "/createRoom", {"invite": [dominique.user_id]}),
                ("PUT", member, {"membership": "invite"}),
            ]
            for method, path, body in roads:
                reply = await camille.call(method, path, body)
                assert (reply.status, reply.body["errcode"]) == (403, "M_INVITE_BLOCKED"), path
            assert (await camille.ask("GET", "/joined_rooms"))["joined_rooms"] == [room_id]
            for unsaid in ({}, {"default_action": "surprise"}, {"default_action": None}):
                await _say(dominique, CONFIG, unsaid)
                await camille.act(room_id, "invite", dominique.user_id)
                assert await _invitations(dominique) == {room_id}
                await dominique.leave(room_id)

    asyncio.run(story())


def test_invitations_that_are_there_are_not_shown(tmp_path: Path) -> None:
    """Neither sync shows what came before the block; the room's state does, and all is shown once it is lifted."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            since = (await dominique.sync())["next_batch"]
            room_id = await camille.create_room(invite=[dominique.user_id])
            assert await _invitations(dominique, since) == {room_id}
            assert room_id in (await _slide(dominique))["rooms"]
            await _say(dominique, CONFIG, {"default_action": "block"})
            assert await _invitations(dominique) == set()
            assert await _invitations(dominique, since) == set()
            slid = await _slide(dominique)
            assert (slid["lists"]["all"]["count"], slid.get("rooms", {})) == (0, {})
            path = f"/rooms/{quote(room_id)}/state/m.room.member/{quote(dominique.user_id)}"
            assert (await camille.ask("GET", path))["membership"] == "invite"
            again = (await dominique.sync())["next_batch"]
            unchanged = await dominique.sync(again)
            assert "account_data" not in unchanged
            await _say(dominique, CONFIG, {})
            assert await _invitations(dominique) == {room_id}
            assert room_id in (await _slide(dominique))["rooms"]

    asyncio.run(story())


def test_invitations_of_ignored_people_are_not_shown(tmp_path: Path) -> None:
    """Who is ignored may invite, and is not heard of."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            await _ignoring(hall)

    async def _ignoring(hall: Hall) -> None:
        camille, dominique, zoe = [await hall.enter(name) for name in ("camille", "dominique", "zoe")]
        since = (await dominique.sync())["next_batch"]
        await _say(dominique, "m.ignored_user_list", {"ignored_users": {camille.user_id: {}}})
        await camille.create_room(invite=[dominique.user_id])
        heard = await zoe.create_room(invite=[dominique.user_id])
        assert await _invitations(dominique) == {heard}
        assert await _invitations(dominique, since) == {heard}
        assert set((await _slide(dominique))["rooms"]) == {heard}

    asyncio.run(story())
