"""Replacing rooms: what the new room inherits, what becomes of the old one, and what people take along."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.accounts import person
from tests.support.engines import ENGINES, Engines
from tests.support.hall import Hall, Resident, open_hall
from tests.support.house import open_house
from tests.support.paths import quote

V3 = "/_matrix/client/v3"
VERSIONS = tuple(str(number) for number in range(1, 13))


async def upgrade(who: Resident, room_id: str, version: str, **more: Any) -> str:
    body = await who.ask("POST", f"/rooms/{quote(room_id)}/upgrade", {"new_version": version, **more})
    return str(body["replacement_room"])


async def state_of(who: Resident, room_id: str) -> dict[tuple[str, str], dict[str, Any]]:
    events = await who.ask("GET", f"/rooms/{quote(room_id)}/state")
    return {(each["type"], each["state_key"]): each for each in events}


async def contents_of(who: Resident, room_id: str) -> dict[tuple[str, str], Any]:
    return {key: each["content"] for key, each in (await state_of(who, room_id)).items()}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_new_room_takes_the_old_ones_place(tmp_path: Path, engines: Engines, engine: str) -> None:
    """Names, rules, bans, alias and directory move in one commit; the old room is closed and says where to go."""

    async def story(hall: Hall) -> None:
        camille, dominique, zoe = [await hall.enter(name) for name in ("camille", "dominique", "zoe")]
        room_id = await camille.create_room(
            preset="public_chat", visibility="public", name="Crise", topic="L'eau", room_alias_name="crise"
        )
        await dominique.join(room_id)
        await camille.act(room_id, "ban", zoe.user_id)
        await camille.set_state(room_id, "m.room.avatar", {"url": "mxc://test.example.fr/photo"})
        await camille.set_state(room_id, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
        await camille.set_state(room_id, "m.room.server_acl", {"allow": ["*"]})
        await camille.set_state(room_id, "org.example.widget", {"sender": "matters"})
        before = await contents_of(camille, room_id)
        new_id = await upgrade(camille, room_id, "11")
        old, new = await state_of(camille, room_id), await contents_of(camille, new_id)
        tombstone = old["m.room.tombstone", ""]
        assert tombstone["content"]["replacement_room"] == new_id
        assert tombstone["content"]["body"]
        predecessor = {"room_id": room_id, "event_id": tombstone["event_id"]}
        assert new["m.room.create", ""] == {"room_version": "11", "predecessor": predecessor}
        moved = ("name", "topic", "avatar", "encryption", "server_acl", "join_rules", "history_visibility")
        for kind in (*moved, "guest_access", "power_levels", "canonical_alias"):
            assert new[f"m.room.{kind}", ""] == before[f"m.room.{kind}", ""], kind
        assert new["m.room.member", zoe.user_id]["membership"] == "ban"
        assert ("m.room.member", dominique.user_id) not in new
        assert ("org.example.widget", "") not in new
        assert old["m.room.canonical_alias", ""]["content"] == {}
        levels = old["m.room.power_levels", ""]["content"]
        assert (levels["events_default"], levels["invite"]) == (50, 50)
        found = await camille.ask("GET", f"/directory/room/{quote('#crise:test.example.fr')}")
        assert found["room_id"] == new_id
        published = await camille.ask("GET", "/publicRooms")
        assert [each["room_id"] for each in published["chunk"]] == [new_id]
        reply = await dominique.call("PUT", f"/rooms/{quote(room_id)}/send/m.room.message/1", {"body": "hé"})
        assert reply.status == 403
        await dominique.join(new_id)
        await dominique.send(new_id, "me voici")

    async def run() -> None:
        async with engines.open_hall(engine, tmp_path) as hall:
            await story(hall)

    asyncio.run(run())


@pytest.mark.parametrize("target", ["11", "12"])
def test_every_version_can_be_left(tmp_path: Path, target: str) -> None:
    """From every version to this one: the maker keeps their power, and the room can be used at once."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            for version in VERSIONS:
                room_id = await camille.create_room(room_version=version, preset="public_chat", name=version)
                new_id = await upgrade(camille, room_id, target)
                state = await contents_of(camille, new_id)
                assert state["m.room.create", ""]["room_version"] == target
                assert state["m.room.create", ""]["predecessor"]["room_id"] == room_id
                assert state["m.room.name", ""]["name"] == version
                users = state["m.room.power_levels", ""]["users"]
                # The makers of version 12 stood above all: they get what the highest act needs, which is the tombstone.
                level = 150 if version == "12" else 100
                assert users == ({} if target == "12" else {camille.user_id: level})
                await camille.set_state(new_id, "m.room.topic", {"topic": "encore"})
                await dominique.join(new_id)
                await dominique.send(new_id, "bonjour")

    asyncio.run(story())


def test_old_rooms_read_levels_as_text(tmp_path: Path) -> None:
    """Levels written as text in old rooms become whole numbers, which later versions demand."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille = await hall.enter("camille")
            override = {"ban": "75", "events": {"m.room.topic": "30"}}
            room_id = await camille.create_room(room_version="9", power_level_content_override=override)
            levels = (await contents_of(camille, await upgrade(camille, room_id, "11")))["m.room.power_levels", ""]
            assert (levels["ban"], levels["events"]) == (75, {"m.room.topic": 30})

    asyncio.run(story())


def test_creators_of_version_twelve(tmp_path: Path) -> None:
    """Additional creators are those asked for, and never among the levels; versions without them ignore the wish."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            room_id = await camille.create_room(room_version="11", power_level_content_override={})
            users = {camille.user_id: 100, dominique.user_id: 50}
            levels = (await contents_of(camille, room_id))["m.room.power_levels", ""]
            await camille.set_state(room_id, "m.room.power_levels", {**levels, "users": users})
            twelve = await upgrade(camille, room_id, "12", additional_creators=[dominique.user_id])
            state = await contents_of(camille, twelve)
            assert state["m.room.create", ""]["additional_creators"] == [dominique.user_id]
            assert state["m.room.power_levels", ""]["users"] == {}
            eleven = await upgrade(camille, twelve, "11", additional_creators=[dominique.user_id])
            state = await contents_of(camille, eleven)
            assert "additional_creators" not in state["m.room.create", ""]
            assert set(state["m.room.power_levels", ""]["users"]) == {camille.user_id, dominique.user_id}
            again = await upgrade(camille, twelve, "12")
            assert "additional_creators" not in (await contents_of(camille, again))["m.room.create", ""]
            refused = await camille.call(
                "POST", f"/rooms/{quote(eleven)}/upgrade", {"new_version": "12", "additional_creators": ["dominique"]}
            )
            assert (refused.status, refused.body["errcode"]) == (400, "M_INVALID_PARAM")

    asyncio.run(story())


def test_who_may_not_upgrade_changes_nothing(tmp_path: Path) -> None:
    """An unknown version, a member without the power and a stranger are refused, and nothing is half done."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            room_id = await camille.create_room(preset="public_chat")
            path = f"/rooms/{quote(room_id)}/upgrade"
            stranger = await dominique.call("POST", path, {"new_version": "11"})
            assert (stranger.status, stranger.body["errcode"]) == (403, "M_FORBIDDEN")
            await dominique.join(room_id)
            before = await state_of(camille, room_id)
            member = await dominique.call("POST", path, {"new_version": "11"})
            assert (member.status, member.body["errcode"]) == (403, "M_FORBIDDEN")
            unknown = await camille.call("POST", path, {"new_version": "2000"})
            assert (unknown.status, unknown.body["errcode"]) == (400, "M_UNSUPPORTED_ROOM_VERSION")
            missing = await camille.call("POST", path, {})
            assert (missing.status, missing.body["errcode"]) == (400, "M_MISSING_PARAM")
            nowhere = await camille.call(
                "POST", f"/rooms/{quote('!none:test.example.fr')}/upgrade", {"new_version": "11"}
            )
            assert nowhere.status == 403
            assert await state_of(camille, room_id) == before
            assert len((await camille.ask("GET", "/joined_rooms"))["joined_rooms"]) == 1

    asyncio.run(story())


def test_spaces_follow(tmp_path: Path) -> None:
    """A space keeps its type and children, and the spaces that hold an upgraded room hold its successor instead."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            space = await camille.create_room(creation_content={"type": "m.space"}, name="Région")
            theirs = await dominique.create_room(creation_content={"type": "m.space"}, preset="public_chat")
            await camille.join(theirs)
            room_id = await camille.create_room(name="Salon")
            via = {"via": ["test.example.fr"], "order": "a"}
            await camille.set_state(space, "m.space.child", via, room_id)
            await dominique.set_state(theirs, "m.space.child", via, room_id)
            await camille.set_state(room_id, "m.space.parent", {"via": ["test.example.fr"]}, space)
            new_id = await upgrade(camille, room_id, "12")
            children = await contents_of(camille, space)
            assert (children["m.space.child", room_id], children["m.space.child", new_id]) == ({}, via)
            assert ("m.space.parent", space) in await contents_of(camille, new_id)
            assert (await contents_of(camille, theirs))["m.space.child", room_id] == via
            new_space = await upgrade(camille, space, "12")
            inherited = await contents_of(camille, new_space)
            assert inherited["m.room.create", ""]["type"] == "m.space"
            assert inherited["m.space.child", new_id] == via
            assert ("m.space.child", room_id) not in inherited

    asyncio.run(story())


def test_people_take_their_settings_along(tmp_path: Path) -> None:
    """Tags, direct chats and push rules of the old room hold in the new one, where the link is true."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            room_id = await camille.create_room(preset="public_chat")
            await dominique.join(room_id)
            mine = f"/user/{quote(dominique.user_id)}"
            await dominique.ask("PUT", f"{mine}/rooms/{quote(room_id)}/tags/m.favourite", {"order": 0.5})
            await dominique.ask("PUT", f"{mine}/account_data/m.direct", {camille.user_id: [room_id]})
            await dominique.ask("PUT", f"/pushrules/global/room/{quote(room_id)}", {"actions": ["notify"]})
            condition = {"kind": "event_match", "key": "room_id", "pattern": room_id}
            mute = {"actions": [], "conditions": [condition]}
            await dominique.ask("PUT", f"/pushrules/global/override/{quote(room_id)}", mute)
            impostor = await camille.create_room(
                preset="public_chat", creation_content={"predecessor": {"room_id": room_id, "event_id": "$x"}}
            )
            await dominique.join(impostor)
            assert (await dominique.ask("GET", f"{mine}/rooms/{quote(impostor)}/tags"))["tags"] == {}
            new_id = await upgrade(camille, room_id, "12")
            since = (await dominique.sync())["next_batch"]
            await dominique.join(new_id)
            tags = await dominique.ask("GET", f"{mine}/rooms/{quote(new_id)}/tags")
            assert tags["tags"] == {"m.favourite": {"order": 0.5}}
            direct = await dominique.ask("GET", f"{mine}/account_data/m.direct")
            assert direct == {camille.user_id: [room_id, new_id]}
            await dominique.ask("GET", f"/pushrules/global/room/{quote(new_id)}")
            rule = await dominique.ask("GET", f"/pushrules/global/override/{quote(new_id)}")
            assert rule["conditions"] == [{**condition, "pattern": new_id}]
            told = {each["type"] for each in (await dominique.sync(since))["account_data"]["events"]}
            assert told == {"m.direct", "m.push_rules"}
            assert (await camille.ask("GET", f"/user/{quote(camille.user_id)}/rooms/{quote(new_id)}/tags"))[
                "tags"
            ] == {}

    asyncio.run(story())


def test_a_tombstone_is_noticed_and_survives_a_restart(tmp_path: Path) -> None:
    """Members are told of the upgrade aloud; both rooms are the same once the server has started again."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            camille, dominique = await hall.enter("camille"), await hall.enter("dominique")
            room_id = await camille.create_room(preset="public_chat")
            await dominique.join(room_id)
            token = dominique.token
            new_id = await upgrade(camille, room_id, "11")
            counts = (await dominique.sync())["rooms"]["join"][room_id]["unread_notifications"]
            assert counts["highlight_count"] == 1
            old, new = await state_of(camille, room_id), await state_of(camille, new_id)
        async with open_hall(tmp_path) as hall:
            camille = await hall.wake({"access_token": camille.token})
            dominique = await hall.wake({"access_token": token})
            assert (await state_of(camille, room_id), await state_of(camille, new_id)) == (old, new)
            await dominique.join(new_id)
            await dominique.send(new_id, "toujours là")

    asyncio.run(story())


def test_the_law_of_tchap_goes_along(tmp_path: Path) -> None:
    """The access rules and the encryption of a private room are its successor's."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            agent = await person(house, "camille.durand@prefecture.example.fr")
            room_id = (await house.ask("POST", f"{V3}/createRoom", {"name": "Cellule"}, agent.token))["room_id"]
            body = {"new_version": "12"}
            answer = await house.ask("POST", f"{V3}/rooms/{quote(room_id)}/upgrade", body, agent.token)
            new_id = answer["replacement_room"]
            for kind in ("im.vector.room.access_rules", "m.room.encryption"):
                before = await house.ask("GET", f"{V3}/rooms/{quote(room_id)}/state/{kind}", token=agent.token)
                assert before == await house.ask("GET", f"{V3}/rooms/{quote(new_id)}/state/{kind}", token=agent.token)

    asyncio.run(story())


def test_guests_make_no_rooms(tmp_path: Path) -> None:
    """A guest of the administrations upgrades no room, whatever their power, nor is made a creator of one."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            agent = await person(house, "jean.martin@prefecture.example.fr")
            rule = {"type": "im.vector.room.access_rules", "content": {"rule": "unrestricted"}}
            body = {"initial_state": [rule]}
            room_id = (await house.ask("POST", f"{V3}/createRoom", body, agent.token))["room_id"]
            address = {"medium": "email", "address": "zoe.petit@cabinet.example"}
            room = f"{V3}/rooms/{quote(room_id)}"
            await house.ask("POST", f"{room}/invite", address, agent.token)
            guest = await person(house, address["address"])
            await house.ask("POST", f"{room}/join", {}, guest.token)
            levels = await house.ask("GET", f"{room}/state/m.room.power_levels", token=agent.token)
            events = {**levels["events"], "m.room.tombstone": 0}
            await house.ask("PUT", f"{room}/state/m.room.power_levels", {**levels, "events": events}, agent.token)
            refused = await house.call("POST", f"{room}/upgrade", {"new_version": "12"}, guest.token)
            assert (refused.status, refused.body["errcode"]) == (403, "M_FORBIDDEN")
            wish = {"new_version": "12", "additional_creators": [guest.user_id]}
            assert (await house.call("POST", f"{room}/upgrade", wish, agent.token)).status == 403
            assert (await house.call("GET", f"{room}/state/m.room.tombstone", token=agent.token)).status == 404

    asyncio.run(story())
