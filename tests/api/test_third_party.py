"""Looking up places and people of other networks, with several services, with one that misbehaves, and with none."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.appservice import PREFIX, Bridge, open_bridge, write_registration
from tests.support.hall import CONFIG, Hall, Resident
from tests.support.house import Reply, open_house
from tests.support.paths import quote

V3 = "/_matrix/client/v3"
AT = f"{PREFIX}/thirdparty"
FACTS: dict[str, Any] = {
    "user_fields": ["nick"],
    "location_fields": ["channel"],
    "icon": "mxc://test.example.fr/icone",
    "field_types": {
        "nick": {"regexp": ".+", "placeholder": "marie"},
        "channel": {"regexp": "#.+", "placeholder": "#crue"},
    },
}


@dataclass(frozen=True, slots=True)
class Scene:
    """Somebody, and two services for the same network."""

    bridges: tuple[Bridge, Bridge]
    camille: Resident

    async def call(self, path: str) -> Reply:
        return await self.camille.hall.house.call("GET", f"{V3}/thirdparty{path}", None, self.camille.token)

    async def ask(self, path: str) -> Any:
        reply = await self.call(path)
        assert reply.status == 200, reply
        return reply.body

    async def refused(self, path: str) -> tuple[int, str]:
        reply = await self.call(path)
        return reply.status, reply.body["errcode"]


@contextlib.asynccontextmanager
async def open_scene(folder: Path) -> AsyncIterator[Scene]:
    with open_bridge() as first, open_bridge() as second:
        write_registration(folder / "a", first.url, "protocols: [irc]\n")
        write_registration(folder / "b", second.url, "protocols: [irc, pigeon]\n")
        other = folder / "b" / "bridge.yaml"
        text = other.read_text(encoding="utf-8")
        for word in ("bridge\n", "a-bridge-token", "a-server-token", "_bridge"):
            text = text.replace(word, word.replace("bridge", "other").replace("a-server", "b-server"))
        other.write_text(text, encoding="utf-8")
        files = f'[test]\nappservice_files = ["{folder}/a/bridge.yaml", "{other}"]\n'
        async with open_house(folder, CONFIG + files) as house:
            yield Scene((first, second), await Hall(house).enter("camille"))


def location(alias: str) -> dict[str, Any]:
    return {"alias": alias, "protocol": "irc", "fields": {"channel": "#crue"}}


def person(user_id: str) -> dict[str, Any]:
    return {"userid": user_id, "protocol": "irc", "fields": {"nick": "marie"}}


def test_a_network_of_two_services_is_one(tmp_path: Path) -> None:
    """The instances of both are told together, each with an id of its own; a service that knows nothing is left out."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            first, second = scene.bridges
            instance = {"network_id": "libre", "desc": "Libre", "fields": {}}
            first.answers = {f"{AT}/protocol/irc": {**FACTS, "instances": [instance]}}
            second.answers = {f"{AT}/protocol/irc": {**FACTS, "icon": "", "instances": [instance, {"desc": "?"}, 3]}}
            told = [{**instance, "instance_id": f"{service}|libre"} for service in ("bridge", "other")]
            assert await scene.ask("/protocols") == {"irc": {**FACTS, "instances": told}}
            assert await scene.ask("/protocol/irc") == {**FACTS, "instances": told}
            assert await scene.refused("/protocol/pigeon") == (404, "M_NOT_FOUND")
            assert await scene.refused("/protocol/none") == (404, "M_NOT_FOUND")

    asyncio.run(story())


def test_places_and_people_of_a_network_are_found(tmp_path: Path) -> None:
    """What both services find is told once; what somebody asks for reaches them, but not who asks."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            first, second = scene.bridges
            one, two = location("#_bridge_crue:test.example.fr"), location("#_other_crue:test.example.fr")
            first.answers = {f"{AT}/location/irc?channel=#crue": [one, two]}
            second.answers = {f"{AT}/location/irc?channel=#crue": [two, {"alias": 3}, "x"]}
            found = await scene.ask(f"/location/irc?channel=%23crue&access_token={scene.camille.token}")
            assert found == [one, two]
            marie = person("@_bridge_marie:test.example.fr")
            first.answers = {f"{AT}/user/irc?nick=marie": [marie]}
            assert await scene.ask("/user/irc?nick=marie") == [marie]
            assert [told.path for told in second.told] == [
                f"{AT}/location/irc?channel=#crue",
                f"{AT}/user/irc?nick=marie",
            ]
            for path in ("/location/irc?channel=x", "/user/irc?nick=x", "/location/none", "/user/none"):
                assert await scene.refused(path) == (404, "M_NOT_FOUND"), path

    asyncio.run(story())


def test_aliases_and_users_are_looked_up_the_other_way(tmp_path: Path) -> None:
    """What an alias or a user id stands for elsewhere; nothing for one of ours, M_NOT_FOUND for one nobody knows."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            alias, user_id = "#_bridge_crue:test.example.fr", "@_bridge_marie:test.example.fr"
            scene.bridges[0].answers = {
                f"{AT}/location?alias={alias}": [location(alias)],
                f"{AT}/user?userid={user_id}": [person(user_id)],
            }
            assert await scene.ask(f"/location?alias={quote(alias)}") == [location(alias)]
            assert await scene.ask(f"/user?userid={quote(user_id)}") == [person(user_id)]
            await scene.camille.create_room(room_alias_name="forum")
            assert await scene.ask(f"/location?alias={quote('#forum:test.example.fr')}") == []
            assert await scene.ask(f"/user?userid={quote(scene.camille.user_id)}") == []
            assert await scene.refused(f"/location?alias={quote('#x:test.example.fr')}") == (404, "M_NOT_FOUND")
            assert await scene.refused(f"/user?userid={quote('@x:test.example.fr')}") == (404, "M_NOT_FOUND")
            assert await scene.refused("/location") == (400, "M_MISSING_PARAM")
            assert await scene.refused("/user") == (400, "M_MISSING_PARAM")

    asyncio.run(story())


@pytest.mark.parametrize("answer", [None, 3, "x", [], {}, [[]], {"instances": 3}, {**FACTS, "instances": {"a": 1}}])
def test_a_service_that_answers_nonsense_harms_nobody(tmp_path: Path, answer: Any) -> None:
    """Whatever one service says, the answer of the other is told."""

    async def story() -> None:
        async with open_scene(tmp_path) as scene:
            first, second = scene.bridges
            paths = (f"{AT}/protocol/irc", f"{AT}/location/irc?channel=x", f"{AT}/user/irc?nick=x")
            first.answers = dict.fromkeys(paths, answer)
            second.answers = {paths[0]: {**FACTS, "instances": []}, paths[1]: [location("#a:b")]}
            assert await scene.ask("/protocol/irc") == {**FACTS, "instances": []}
            assert await scene.ask("/location/irc?channel=x") == [location("#a:b")]
            assert await scene.refused("/user/irc?nick=x") == (404, "M_NOT_FOUND")

    asyncio.run(story())


def test_a_slow_service_is_not_waited_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one's answer is told once the time is over."""
    monkeypatch.setattr("tchap.base.limits.THIRD_PARTY_TIMEOUT_S", 1.0)

    async def story() -> None:
        async with open_scene(tmp_path) as scene, asyncio.timeout(20):
            first, second = scene.bridges
            silent = await asyncio.start_server(lambda _r, _w: asyncio.sleep(30), "127.0.0.1", 0)
            service = scene.camille.hall.house.world.appservices.all[0]
            assert service.url == first.url
            object.__setattr__(service, "url", f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}")
            second.answers = {f"{AT}/user/irc?nick=marie": [person("@m:b")]}
            assert await scene.ask("/user/irc?nick=marie") == [person("@m:b")]
            silent.close()

    asyncio.run(story())


def test_without_services_there_are_no_networks(tmp_path: Path) -> None:
    """No protocols, nothing found; and only people who are signed in may ask."""

    async def story() -> None:
        async with open_house(tmp_path, CONFIG) as house:
            camille = await Hall(house).enter("camille")
            assert await camille.ask("GET", "/thirdparty/protocols") == {}
            for path in ("/protocol/irc", "/location/irc", "/user/irc", "/location?alias=x", "/user?userid=x"):
                reply = await camille.call("GET", f"/thirdparty{path}")
                assert (reply.status, reply.body["errcode"]) == (404, "M_NOT_FOUND")
            assert (await house.call("GET", f"{V3}/thirdparty/protocols")).status == 401

    asyncio.run(story())
