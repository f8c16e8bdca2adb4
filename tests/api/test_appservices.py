"""Application services: acting for their users, keeping their names, being told of events."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tchap.base.config import ConfigError
from tchap.services.appservice_calls import push_to_appservices
from tests.support.appservice import AS_TOKEN, HS_TOKEN, PREFIX, Bridge, open_bridge, write_registration
from tests.support.house import PASSWORD, House, Reply, open_house

V3 = "/_matrix/client/v3"
NAME = "test.example.fr"
TEST = f'profile = "test"\n[[instances]]\nname = "{NAME}"\n'
GHOST = f"@_bridge_ghost:{NAME}"
BOT = f"@_bridge_bot:{NAME}"


@dataclass(frozen=True, slots=True)
class Scene:
    """A server, a bridge and Alice."""

    house: House
    bridge: Bridge
    alice: str

    async def by(self, user_id: str | None, method: str, path: str, body: object = None, **query: str) -> Reply:
        """The bridge's request in the name of a user."""
        wanted = query if user_id is None else {"user_id": user_id, **query}
        return await self.house.call(method, f"{V3}{path}?{urlencode(wanted)}", body, AS_TOKEN)

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        return await self.house.ask(method, f"{V3}{path}", body, self.alice)

    async def ghost(self, localpart: str = "_bridge_ghost") -> dict[str, Any]:
        body = {"type": "m.login.application_service", "username": localpart}
        answer: dict[str, Any] = await self.house.ask("POST", f"{V3}/register", body, AS_TOKEN)
        return answer

    async def told(self, count: int) -> list[dict[str, Any]]:
        """The first events the bridge was told of, once there are so many."""
        await asyncio.to_thread(self.bridge.wait_for, lambda: len(self.bridge.events()) >= count)
        return self.bridge.events()


async def register(house: House, username: str) -> Reply:
    auth = {"type": "m.login.dummy"}
    return await house.call("POST", f"{V3}/register", {"username": username, "password": PASSWORD, "auth": auth})


@contextlib.asynccontextmanager
async def open_scene(folder: Path, url: str | None = "", extra: str = "") -> AsyncIterator[Scene]:
    with open_bridge() as bridge:
        config = TEST + write_registration(folder, bridge.url if url == "" else url, extra)
        async with open_house(folder, config) as house, asyncio.TaskGroup() as group:
            pushing = group.create_task(push_to_appservices(house.world))
            alice = (await register(house, "alice")).body["access_token"]
            yield Scene(house, bridge, alice)
            pushing.cancel()


def test_a_service_acts_for_its_users(tmp_path: Path) -> None:
    """It registers users without a password, speaks in their name and in its own, and for nobody else."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            assert (await scene.by(None, "GET", "/account/whoami")).body == {"user_id": BOT, "is_guest": False}
            assert (await scene.by(GHOST, "GET", "/account/whoami")).status == 403
            made = await scene.ghost()
            assert made["user_id"] == GHOST
            who = await scene.by(GHOST, "GET", "/account/whoami")
            assert who.body["user_id"] == GHOST
            device = await scene.by(GHOST, "GET", "/account/whoami", device_id=made["device_id"])
            assert device.body["device_id"] == made["device_id"]
            stranger = await scene.by(GHOST, "GET", "/account/whoami", device_id="NONE")
            assert (stranger.status, stranger.body["errcode"]) == (400, "M_UNKNOWN_DEVICE")
            assert (await scene.by(f"@alice:{NAME}", "GET", "/account/whoami")).status == 403
            in_query = await scene.house.call("GET", f"{V3}/account/whoami?access_token={AS_TOKEN}&user_id={GHOST}")
            assert in_query.body["user_id"] == GHOST

    asyncio.run(story())


def test_a_service_signs_its_users_in(tmp_path: Path) -> None:
    """`m.login.application_service` opens sessions of its users alone, and only with its token."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            await scene.ghost()
            flows = (await scene.house.ask("GET", f"{V3}/login"))["flows"]
            assert {"type": "m.login.application_service"} in flows
            body = {"type": "m.login.application_service", "identifier": {"type": "m.id.user", "user": "_bridge_ghost"}}
            session = await scene.house.ask("POST", f"{V3}/login", body, AS_TOKEN)
            who = await scene.house.ask("GET", f"{V3}/account/whoami", token=session["access_token"])
            assert who["user_id"] == GHOST
            assert (await scene.house.call("POST", f"{V3}/login", body)).body["errcode"] == "M_MISSING_TOKEN"
            assert (await scene.house.call("POST", f"{V3}/login", body, "wrong")).body["errcode"] == "M_UNKNOWN_TOKEN"
            body["identifier"] = {"type": "m.id.user", "user": "alice"}
            outside = await scene.house.call("POST", f"{V3}/login", body, AS_TOKEN)
            assert (outside.status, outside.body["errcode"]) == (400, "M_EXCLUSIVE")

    asyncio.run(story())


def test_names_are_kept_for_their_service(tmp_path: Path) -> None:
    """Inside an exclusive namespace people make no user and no alias; outside its own the service makes none."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            taken = await register(scene.house, "_bridge_intruder")
            assert (taken.status, taken.body["errcode"]) == (400, "M_EXCLUSIVE")
            free = await scene.house.call("GET", f"{V3}/register/available?username=_bridge_intruder")
            assert free.body["errcode"] == "M_EXCLUSIVE"
            outside = {"type": "m.login.application_service", "username": "outsider"}
            reply = await scene.house.call("POST", f"{V3}/register", outside, AS_TOKEN)
            assert reply.body["errcode"] == "M_EXCLUSIVE"
            mine = (await scene.ask("POST", "/createRoom", {}))["room_id"]
            kept = f"{V3}/directory/room/{quote(f'#_bridge_x:{NAME}')}"
            assert (await scene.house.call("PUT", kept, {"room_id": mine}, scene.alice)).body[
                "errcode"
            ] == "M_EXCLUSIVE"
            wish = {"room_alias_name": "_bridge_y"}
            assert (await scene.house.call("POST", f"{V3}/createRoom", wish, scene.alice)).body[
                "errcode"
            ] == "M_EXCLUSIVE"
            theirs = (await scene.by(None, "POST", "/createRoom", wish)).body["room_id"]
            assert theirs.startswith("!")

    asyncio.run(story())


def test_a_service_is_told_of_events_in_order(tmp_path: Path) -> None:
    """Everything in the rooms of its users, in the order of the room, with the server's token; nothing of others."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            await scene.ghost()
            other = (await scene.ask("POST", "/createRoom", {}))["room_id"]
            await scene.ask("PUT", f"/rooms/{quote(other)}/send/m.room.message/s", {"body": "secret"})
            room = (await scene.ask("POST", "/createRoom", {"preset": "public_chat"}))["room_id"]
            await scene.ask("POST", f"/rooms/{quote(room)}/invite", {"user_id": GHOST})
            assert (await scene.by(GHOST, "POST", f"/rooms/{quote(room)}/join", {})).status == 200
            for number in range(30):
                path = f"/rooms/{quote(room)}/send/m.room.message/{number}"
                await scene.ask("PUT", path, {"msgtype": "m.text", "body": str(number)})
            events = await scene.told(32)
            assert [event["content"].get("membership") for event in events[:2]] == ["invite", "join"]
            assert [event["content"]["body"] for event in events[2:]] == [str(number) for number in range(30)]
            assert {event["room_id"] for event in events} == {room}
            assert all(event["unsigned"]["age"] >= 0 for event in events)
            assert {each.token for each in scene.bridge.told} == {HS_TOKEN}

    asyncio.run(story())


def test_a_refused_transaction_is_sent_again_as_it_was(tmp_path: Path) -> None:
    """Until the service takes it the same events come under the same number; later ones wait."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            scene.bridge.statuses = [500, 503]
            room = (await scene.by(None, "POST", "/createRoom", {})).body["room_id"]
            await scene.by(None, "PUT", f"/rooms/{quote(room)}/send/m.room.message/a", {"body": "after"})
            await asyncio.to_thread(
                scene.bridge.wait_for, lambda: any(e["type"] == "m.room.message" for e in scene.bridge.events())
            )
            first, second, third = scene.bridge.told[:3]
            assert first == second == third
            assert first.path == f"{PREFIX}/transactions/1"
            assert scene.bridge.told[-1].path != first.path

    asyncio.run(story())


def test_a_service_is_told_who_types_and_reads(tmp_path: Path) -> None:
    """Typing, its end, and receipts of its rooms; private receipts only of its own users."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            room = (await scene.by(None, "POST", "/createRoom", {"preset": "public_chat"})).body["room_id"]
            at = f"/rooms/{quote(room)}"
            await scene.ask("POST", f"{at}/join", {})
            sent = (await scene.ask("PUT", f"{at}/send/m.room.message/a", {"body": "hello"}))["event_id"]
            typist = f"@alice:{NAME}"
            await scene.ask("PUT", f"{at}/typing/{quote(typist)}", {"typing": True, "timeout": 1_000})
            await scene.ask("POST", f"{at}/receipt/m.read.private/{quote(sent)}", {})
            await scene.ask("POST", f"{at}/receipt/m.read/{quote(sent)}", {})
            await scene.by(None, "POST", f"{at}/receipt/m.read.private/{quote(sent)}", {})
            await asyncio.to_thread(scene.bridge.wait_for, lambda: len(scene.bridge.ephemeral()) >= 4)
            told = scene.bridge.ephemeral()
            assert {event["room_id"] for event in told} == {room}
            typing = [event["content"]["user_ids"] for event in told if event["type"] == "m.typing"]
            assert typing == [[typist], []]
            kinds = [event["content"][sent] for event in told if event["type"] == "m.receipt"]
            assert [(kind, *users) for each in kinds for kind, users in each.items()] == [
                ("m.read", typist),
                ("m.read.private", BOT),
            ]

    asyncio.run(story())


def test_a_service_says_when_an_event_was_written(tmp_path: Path) -> None:
    """`ts` counts for services, on messages and state; a person's is passed over, a bad one refused."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            room = (await scene.by(None, "POST", "/createRoom", {})).body["room_id"]
            at = f"/rooms/{quote(room)}"
            sent = await scene.by(None, "PUT", f"{at}/send/m.room.message/a", {"body": "old"}, ts="1000")
            await scene.by(None, "PUT", f"{at}/state/m.room.topic", {"topic": "old"}, ts="2000")
            state = (await scene.by(None, "GET", f"{at}/state")).body
            assert next(e for e in state if e["type"] == "m.room.topic")["origin_server_ts"] == 2000
            told = {event["event_id"]: event for event in await scene.told(8)}
            assert told[sent.body["event_id"]]["origin_server_ts"] == 1000
            assert (await scene.by(None, "PUT", f"{at}/send/m.room.message/b", {}, ts="-5")).status == 400
            mine = (await scene.ask("POST", "/createRoom", {}))["room_id"]
            await scene.ask("PUT", f"/rooms/{quote(mine)}/state/m.room.topic?ts=3000", {"topic": "now"})
            state = await scene.ask("GET", f"/rooms/{quote(mine)}/state")
            assert next(e for e in state if e["type"] == "m.room.topic")["origin_server_ts"] != 3000

    asyncio.run(story())


def test_a_service_is_asked_for_what_is_not_there(tmp_path: Path) -> None:
    """An unknown alias or user of its namespaces is asked for, and may be made while the server waits."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            loop = asyncio.get_running_loop()

            async def make(path: str) -> int:
                if path.startswith(f"{PREFIX}/users/"):
                    await scene.ghost()
                elif "_bridge_new" in path:
                    await scene.by(
                        None, "POST", "/createRoom", {"room_alias_name": "_bridge_new", "preset": "public_chat"}
                    )
                else:
                    return 404
                return 200

            scene.bridge.on_query = lambda path: asyncio.run_coroutine_threadsafe(make(path), loop).result(10)
            joined = await scene.ask("POST", f"/join/{quote(f'#_bridge_new:{NAME}')}", {})
            assert joined["room_id"].startswith("!")
            absent = await scene.house.call("GET", f"{V3}/directory/room/{quote(f'#_bridge_absent:{NAME}')}")
            assert absent.status == 404
            room = (await scene.ask("POST", "/createRoom", {}))["room_id"]
            await scene.ask("POST", f"/rooms/{quote(room)}/invite", {"user_id": GHOST})

    asyncio.run(story())


def test_a_service_pings_itself(tmp_path: Path) -> None:
    """The server calls the service and says how long it took, or what went wrong."""
    path = "/_matrix/client/v1/appservice/bridge/ping"

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            answer = await scene.house.ask("POST", path, {"transaction_id": "meow"}, AS_TOKEN)
            assert answer["duration_ms"] >= 0
            assert scene.bridge.told[-1].body == {"transaction_id": "meow"}
            scene.bridge.statuses = [403]
            refused = await scene.house.call("POST", path, {}, AS_TOKEN)
            assert (refused.status, refused.body["errcode"], refused.body["status"]) == (502, "M_BAD_STATUS", 403)
            assert (await scene.house.call("POST", path, {}, scene.alice)).status == 403
            elsewhere = "/_matrix/client/v1/appservice/other/ping"
            assert (await scene.house.call("POST", elsewhere, {}, AS_TOKEN)).status == 403
        async with open_scene(tmp_path / "silent", None) as scene:
            silent = await scene.house.call("POST", path, {}, AS_TOKEN)
            assert (silent.status, silent.body["errcode"]) == (400, "M_URL_NOT_SET")
        async with open_scene(tmp_path / "gone", "http://127.0.0.1:1") as scene:
            gone = await scene.house.call("POST", path, {}, AS_TOKEN)
            assert (gone.status, gone.body["errcode"]) == (502, "M_CONNECTION_FAILED")

    asyncio.run(story())


def test_other_networks_are_looked_up(tmp_path: Path) -> None:
    """Protocols, places and people come from the service that knows them; what it does not answer is left out."""

    async def story() -> None:
        async with open_scene(tmp_path, extra="protocols: [pigeon, silent]\n") as scene:
            at = f"{PREFIX}/thirdparty"
            facts = {"user_fields": [], "location_fields": [], "icon": "", "field_types": {}, "instances": []}
            people = [{"userid": GHOST, "protocol": "pigeon", "fields": {}}]
            scene.bridge.answers = {f"{at}/protocol/pigeon": facts, f"{at}/user/pigeon?name=a b": people}
            assert await scene.ask("GET", "/thirdparty/protocols") == {"pigeon": facts}
            assert await scene.ask("GET", "/thirdparty/protocol/pigeon") == facts
            assert await scene.ask("GET", "/thirdparty/user/pigeon?name=a%20b") == people
            unknown = await scene.house.call("GET", f"{V3}/thirdparty/user/unknown", token=scene.alice)
            assert unknown.status == 404

    asyncio.run(story())


def test_a_service_keeps_devices_of_its_users(tmp_path: Path) -> None:
    """It makes and removes them without being asked for a password; keys need one of them."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            await scene.ghost()
            assert (await scene.by(GHOST, "PUT", "/devices/PHONE", {"display_name": "Phone"})).status == 201
            assert (await scene.by(GHOST, "PUT", "/devices/PHONE", {"display_name": "Mobile"})).status == 200
            assert (await scene.by(GHOST, "GET", "/devices/PHONE")).body["display_name"] == "Mobile"
            assert (await scene.by(GHOST, "POST", "/keys/upload", {})).status == 400
            assert (await scene.by(GHOST, "POST", "/keys/upload", {}, device_id="PHONE")).status == 200
            assert (await scene.by(GHOST, "GET", "/sync")).status == 200
            assert (await scene.by(GHOST, "DELETE", "/devices/PHONE", {})).status == 200
            assert (await scene.by(GHOST, "GET", "/devices/PHONE")).status == 404
            assert (await scene.house.call("PUT", f"{V3}/devices/NEW", {}, scene.alice)).status == 404

    asyncio.run(story())


@pytest.mark.parametrize(
    "text",
    ["- a list", "id: x", "id: [", "id: x\nurl: 3\nas_token: a\nhs_token: b\nsender_localpart: c\nnamespaces: {}"],
)
def test_a_bad_registration_is_refused(tmp_path: Path, text: str) -> None:
    """The server does not start with a registration it cannot read, and says which."""
    file = tmp_path / "bad.yaml"
    file.write_text(text, encoding="utf-8")

    async def story() -> None:
        with pytest.raises(ConfigError, match=r"bad\.yaml"):
            async with open_house(tmp_path, f'{TEST}[test]\nappservice_files = ["{file}"]\n'):
                pass

    asyncio.run(story())
