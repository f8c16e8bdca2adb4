"""The directory: what is found in it, page by page, and the directories application services keep of their networks."""

import asyncio
from pathlib import Path
from typing import Any

from tests.support.appservice import AS_TOKEN, SERVICE, write_registration
from tests.support.engines import Tell
from tests.support.hall import CONFIG, Hall, Resident
from tests.support.house import open_house
from tests.support.measure import MeasuredStore, Roads
from tests.support.paths import quote

V3 = "/_matrix/client/v3"


async def publish(who: Resident, **options: Any) -> str:
    return await who.create_room(**{"preset": "public_chat", "visibility": "public", **options})


async def search(who: Resident, **body: Any) -> Any:
    return await who.ask("POST", "/publicRooms", body)


def ids(body: Any) -> list[str]:
    return [each["room_id"] for each in body["chunk"]]


def test_rooms_are_found_by_what_they_are_called(tell: Tell) -> None:
    """Names, topics and aliases are searched without accents or case, any alias of them; kinds are filtered."""

    async def story(hall: Hall) -> None:
        camille = await hall.enter("camille")
        named = await publish(camille, name="Écologie et forêts")
        told = await publish(camille, topic="Sécheresse à Nîmes")
        space = await publish(camille, name="Région", creation_content={"type": "m.space"})
        aliased = await publish(camille, room_alias_name="Garonne")
        await camille.ask("PUT", f"/directory/room/{quote('#loire:test.example.fr')}", {"room_id": aliased})
        aliases = {"alias": "#Garonne:test.example.fr", "alt_aliases": ["#loire:test.example.fr"]}
        await camille.set_state(aliased, "m.room.canonical_alias", aliases)
        for term, room_id in (
            ("ecologie", named),
            ("FORÊTS éco", named),
            ("nimes", told),
            ("garonne", aliased),
            ("loire", aliased),
        ):
            assert ids(await search(camille, filter={"generic_search_term": term})) == [room_id], term
        assert ids(await search(camille, filter={"generic_search_term": "volcan"})) == []
        assert ids(await search(camille, filter={"room_types": ["m.space"]})) == [space]
        assert set(ids(await search(camille, filter={"room_types": [None]}))) == {named, told, aliased}
        assert ids(await search(camille, filter={"room_types": []})) == []
        assert len(ids(await search(camille, filter={"room_types": [None, "m.space"]}))) == 4

    tell(story)


def test_pages_go_both_ways(tell: Tell) -> None:
    """Forward to the end and back to the start by the tokens; no limit and a limit of zero give all."""

    async def story(hall: Hall) -> None:
        camille = await hall.enter("camille")
        for number in range(5):
            await publish(camille, name=f"room {number}")
        everything = await camille.ask("GET", "/publicRooms")
        assert (len(everything["chunk"]), everything["total_room_count_estimate"]) == (5, 5)
        assert ids(await camille.ask("GET", "/publicRooms?limit=0")) == ids(everything)
        assert ids(await search(camille, limit=0)) == ids(everything)
        found, page = [], await camille.ask("GET", "/publicRooms?limit=2")
        assert "prev_batch" not in page
        while True:
            found += ids(page)
            if "next_batch" not in page:
                break
            page = await search(camille, limit=2, since=page["next_batch"])
        assert found == ids(everything)
        while "prev_batch" in page:
            page = await camille.ask("GET", f"/publicRooms?limit=2&since={page['prev_batch']}")
        assert ids(page) == found[:2]

    tell(story)


def test_a_page_costs_the_same_whatever_is_published(tell: Tell) -> None:
    """The number of queries does not grow with the directory, searched or not."""

    async def story(hall: Hall) -> None:
        camille = await hall.enter("camille")

        async def count(**body: Any) -> int:
            roads, plain = Roads(), hall.house.world.store
            hall.house.world.store = MeasuredStore(plain, roads)  # type: ignore[assignment]
            try:
                await search(camille, **body)
            finally:
                hall.house.world.store = plain
            return len(roads.taken)

        await publish(camille, name="one")
        few = (await count(), await count(filter={"generic_search_term": "room"}))
        for number in range(12):
            await publish(camille, name=f"room {number}")
        assert (await count(), await count(filter={"generic_search_term": "room"})) == few

    tell(story)


def test_services_keep_directories_of_their_networks(tmp_path: Path) -> None:
    """A room a service lists is found under its network alone, or under all of them; only the service lists it."""

    async def story() -> None:
        async with open_house(tmp_path, CONFIG + write_registration(tmp_path, None, "")) as house:
            camille = await Hall(house).enter("camille")
            plain = await publish(camille, name="plain")
            body = {"name": "bridged", "preset": "public_chat"}
            bridged = (await house.ask("POST", f"{V3}/createRoom", body, AS_TOKEN))["room_id"]
            path = f"{V3}/directory/list/appservice/irc/{quote(bridged)}"
            user = await house.call("PUT", path, {"visibility": "public"}, camille.token)
            assert (user.status, user.body["errcode"]) == (401, "M_UNKNOWN_TOKEN")
            nobody = await house.call("PUT", path, {"visibility": "public"})
            assert (nobody.status, nobody.body["errcode"]) == (401, "M_MISSING_TOKEN")
            wrong = await house.call("PUT", path, {"visibility": "perhaps"}, AS_TOKEN)
            assert (wrong.status, wrong.body["errcode"]) == (400, "M_INVALID_PARAM")
            strange = f"{V3}/directory/list/appservice/irc/{quote(plain)}"
            assert (await house.call("PUT", strange, {"visibility": "public"}, AS_TOKEN)).status == 403
            assert await house.ask("PUT", path, {"visibility": "public"}, AS_TOKEN) == {}
            assert ids(await search(camille)) == [plain]
            for network in ("irc", f"{SERVICE}|irc"):
                assert ids(await search(camille, third_party_instance_id=network)) == [bridged], network
            assert ids(await search(camille, third_party_instance_id="other|irc")) == []
            assert set(ids(await search(camille, include_all_networks=True))) == {plain, bridged}
            both = {"include_all_networks": True, "third_party_instance_id": "irc"}
            reply = await camille.call("POST", "/publicRooms", both)
            assert (reply.status, reply.body["errcode"]) == (400, "M_INVALID_PARAM")
            await house.ask("PUT", path, {"visibility": "private"}, AS_TOKEN)
            assert ids(await search(camille, third_party_instance_id="irc")) == []

    asyncio.run(story())
