"""No room is left without an administrator, on any road by which its last one leaves."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tchap.services.succession import leave_all_rooms, leave_orderly
from tchap.storage.accounts import set_admin
from tests.api.test_room_law import Stage, play
from tests.support.accounts import sign_in
from tests.support.house import PASSWORD
from tests.support.paths import quote
from tests.support.room_rows import ADMIN, AGENT, GUEST, LEVELS, MEMBER, OTHER, PUBLIC, private

Road = Callable[[Stage, str], Awaitable[None]]


async def leave(stage: Stage, room_id: str) -> None:
    await stage.ask(ADMIN, "POST", f"/rooms/{quote(room_id)}/leave", {})


async def kick_oneself(stage: Stage, room_id: str) -> None:
    await stage.ask(ADMIN, "POST", f"/rooms/{quote(room_id)}/kick", {"user_id": stage.ids[ADMIN]})


async def set_state(stage: Stage, room_id: str) -> None:
    reply = await stage.put(ADMIN, room_id, MEMBER, {"membership": "leave"}, stage.ids[ADMIN])
    room = stage.house.world.live.rooms.get(room_id)
    assert room is not None
    assert reply.body == {"event_id": room.state[MEMBER, stage.ids[ADMIN]].event_id}


async def be_put_out(stage: Stage, room_id: str) -> None:
    await leave_orderly(stage.house.world, stage.ids[ADMIN], room_id, "Départ")


async def end(stage: Stage, _room_id: str) -> None:
    await leave_all_rooms(stage.house.world, stage.ids[ADMIN])


async def deactivate(stage: Stage, _room_id: str) -> None:
    identifier = {"type": "m.id.user", "user": stage.ids[ADMIN]}
    auth = {"type": "m.login.password", "identifier": identifier, "password": PASSWORD}
    await stage.ask(ADMIN, "POST", "/account/deactivate", {"auth": auth})


@pytest.mark.parametrize("version", ["11", "12"])
@pytest.mark.parametrize("road", [leave, kick_oneself, set_state, be_put_out, end, deactivate])
def test_the_last_administrator_hands_over(tmp_path: Path, road: Road, version: str) -> None:
    """The moderator follows, by an event of the leaver's own that stands just before the departure."""

    async def story(stage: Stage) -> None:
        room_id = await stage.open("open")
        assert (await stage.put(ADMIN, room_id, LEVELS, {"users": {"<agent>": 50}})).status == 200
        await road(stage, room_id)
        page = await stage.ask(AGENT, "GET", f"/rooms/{quote(room_id)}/messages?dir=b&limit=2")
        last, before = page["chunk"]
        assert (last["type"], last["content"]["membership"]) == (MEMBER, "leave")
        assert (before["type"], before["sender"]) == (LEVELS, stage.ids[ADMIN])
        assert before["content"]["users"][stage.ids[AGENT]] == 100
        assert (await stage.put(AGENT, room_id, "m.room.join_rules", {"join_rule": "public"})).status == 200

    play(tmp_path, story, version)


def test_who_follows_where_there_is_no_moderator(tmp_path: Path) -> None:
    """In private and public rooms every member, in rooms open to guests every agent and no guest."""

    async def story(stage: Stage) -> None:
        forum, closed, opened = [await stage.open(name) for name in ("public", "private", "open")]
        for room_id in (forum, closed, opened):
            await leave(stage, room_id)
        for room_id in (forum, closed):
            assert (await stage.state(room_id, LEVELS))["users_default"] == 100
        levels = await stage.state(opened, LEVELS)
        assert levels["users_default"] == 0
        assert levels["users"][stage.ids[AGENT]] == 100
        assert stage.ids[GUEST] not in levels["users"]
        assert (await stage.put(AGENT, closed, "m.room.name", {"name": "À nous"})).status == 200

    play(tmp_path, story)


def test_two_who_leave_at_once_leave_no_room_alone(tmp_path: Path) -> None:
    """Each counts on the other until one is gone: the second hands the room over."""

    async def story(stage: Stage) -> None:
        made = await stage.make(ADMIN, {**PUBLIC})
        room_id = made.body["room_id"]
        for who in (AGENT, OTHER):
            await stage.ask(who, "POST", f"/join/{quote(room_id)}", {})
        assert (await stage.put(ADMIN, room_id, LEVELS, {"users": {"<agent>": 100}})).status == 200
        path = f"/rooms/{quote(room_id)}/leave"
        await asyncio.gather(*(stage.ask(who, "POST", path, {}) for who in (ADMIN, AGENT)))
        assert (await stage.state(room_id, LEVELS))["users_default"] == 100
        assert (await stage.put(OTHER, room_id, "m.room.name", {"name": "À nous"})).status == 200

    play(tmp_path, story)


def test_an_empty_room_is_left_as_it_is(tmp_path: Path) -> None:
    """Where nobody stays and nobody can come, leaving is one event."""

    async def story(stage: Stage) -> None:
        room_id = (await stage.make(ADMIN, private())).body["room_id"]
        await leave(stage, room_id)
        assert (await stage.state(room_id, LEVELS))["users_default"] == 0

    play(tmp_path, story)


def test_leaving_is_never_refused(tmp_path: Path) -> None:
    """A room that keeps the leaver's server out, and one where an operator gave a guest a level, are left and handed
    over all the same."""

    async def story(stage: Stage) -> None:
        opened, forum = await stage.open("open"), await stage.open("public")
        await stage.house.world.store.write(set_admin, stage.ids[ADMIN], True)
        stage.people[ADMIN] = await sign_in(stage.house, stage.ids[ADMIN])
        assert (await stage.put(ADMIN, opened, LEVELS, {"users": {"<guest>": 10}})).status == 200
        await stage.house.world.store.write(set_admin, stage.ids[ADMIN], False)
        stage.people[ADMIN] = await sign_in(stage.house, stage.ids[ADMIN])
        await leave(stage, opened)
        assert (await stage.state(opened, LEVELS))["users"][stage.ids[AGENT]] == 100
        await stage.ask(OTHER, "POST", f"/join/{quote(forum)}", {})
        assert (await stage.put(ADMIN, forum, LEVELS, {"users": {"<other>": 100}})).status == 200
        outside = {"allow": ["*"], "deny": [stage.ids[ADMIN].split(":", 1)[1]]}
        assert (await stage.put(OTHER, forum, "m.room.server_acl", outside)).status == 200
        await stage.ask(OTHER, "POST", f"/rooms/{quote(forum)}/leave", {})
        await leave(stage, forum)
        assert (await stage.state(forum, LEVELS))["users_default"] == 100

    play(tmp_path, story)
