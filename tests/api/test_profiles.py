"""Profiles and the directory of people."""

import asyncio
from pathlib import Path
from urllib.parse import quote

from tests.support.accounts import V3, person
from tests.support.house import open_house

JEAN = "jean.martin@prefecture.example.fr"
HELENE = "helene.lefevre@hopital.example.fr"


def test_the_name_is_the_administrations_the_rest_is_the_users(tmp_path: Path) -> None:
    """The display name cannot be changed; the picture and free fields can, by their owner alone."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, helene = await person(house, JEAN), await person(house, HELENE)
            mine = f"{V3}/profile/{quote(jean.user_id)}"
            reply = await house.call("PUT", f"{mine}/displayname", {"displayname": "Présidente"}, jean.token)
            assert (reply.status, reply.body["errcode"]) == (403, "M_FORBIDDEN")
            await house.ask("PUT", f"{mine}/avatar_url", {"avatar_url": "mxc://x.example.fr/a"}, jean.token)
            await house.ask("PUT", f"{mine}/m.tz", {"m.tz": "Europe/Paris"}, jean.token)
            await house.ask("PUT", f"{mine}/fr.example.unit", {"fr.example.unit": {"name": "Bureau"}}, jean.token)
            assert await house.ask("GET", mine, token=helene.token) == {
                "displayname": "Jean Martin [Préfecture du Val-Clair]",
                "avatar_url": "mxc://x.example.fr/a",
                "m.tz": "Europe/Paris",
                "fr.example.unit": {"name": "Bureau"},
            }
            await house.ask("DELETE", f"{mine}/m.tz", None, jean.token)
            assert (await house.call("GET", f"{mine}/m.tz", None, jean.token)).status == 404
            other = await house.call("PUT", f"{mine}/m.tz", {"m.tz": "Asia/Tokyo"}, helene.token)
            assert other.status == 403
            assert (await house.call("GET", mine)).status == 403
            assert (await house.call("GET", f"{V3}/profile/@nobody:x.example.fr", None, jean.token)).status == 404

    asyncio.run(story())


def test_a_profile_has_bounds(tmp_path: Path) -> None:
    """Field names, their length and the whole profile are bounded as the specification says."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            mine = f"{V3}/profile/{quote(jean.user_id)}"
            cases = [
                ("Nope", 1, "M_INVALID_PARAM"),
                ("fr.example." + "a" * 250, 1, "M_KEY_TOO_LARGE"),
                ("fr.example.big", "a" * 65_536, "M_PROFILE_TOO_LARGE"),
                ("avatar_url", 3, "M_BAD_JSON"),
            ]
            for key, value, errcode in cases:
                reply = await house.call("PUT", f"{mine}/{key}", {key: value}, jean.token)
                assert (reply.status, reply.body["errcode"]) == (400, errcode), key
            missing = await house.call("PUT", f"{mine}/m.tz", {}, jean.token)
            assert missing.body["errcode"] == "M_MISSING_PARAM"

    asyncio.run(story())


def test_agents_of_every_instance_are_found(tmp_path: Path) -> None:
    """Any part of a name, without accents and with a slip, or the administration, finds an agent of any instance."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, helene = await person(house, JEAN), await person(house, HELENE)

            async def search(term: str, **fields: object) -> list[str]:
                body = {"search_term": term, **fields}
                found = await house.ask("POST", f"{V3}/user_directory/search", body, jean.token)
                return [person["user_id"] for person in found["results"]]

            for term in ("Hélène", "helene lefevre", "lefebvre", "fevre", "tilleuls", "LEFÈVRE hel"):
                assert await search(term) == [helene.user_id], term
            assert await search("dupont") == []
            assert await search("") == []
            limited = {"search_term": "mar", "limit": 1}
            answer = await house.ask("POST", f"{V3}/user_directory/search", limited, jean.token)
            assert answer["limited"] is False
            assert answer["results"][0]["display_name"] == "Jean Martin [Préfecture du Val-Clair]"

    asyncio.run(story())


def test_a_new_picture_reaches_the_rooms(tmp_path: Path) -> None:
    """Setting the picture changes the member event of every room one is in."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            room = (await house.ask("POST", f"{V3}/createRoom", {}, jean.token))["room_id"]
            picture = {"avatar_url": "mxc://x.example.fr/a"}
            await house.ask("PUT", f"{V3}/profile/{quote(jean.user_id)}/avatar_url", picture, jean.token)
            live = house.world.live.rooms.get(room)
            assert live is not None
            member = live.content_of("m.room.member", jean.user_id)
            assert member["avatar_url"] == "mxc://x.example.fr/a"
            assert member["displayname"] == "Jean Martin [Préfecture du Val-Clair]"

    asyncio.run(story())


def test_the_red_list_keeps_out_of_searches(tmp_path: Path) -> None:
    """Who sets `im.vector.hide_profile` is found by nobody until it is unset."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, helene = await person(house, JEAN), await person(house, HELENE)
            setting = f"{V3}/user/{quote(helene.user_id)}/account_data/im.vector.hide_profile"
            for hidden, expected in ((True, 0), (False, 1)):
                await house.ask("PUT", setting, {"hide_profile": hidden}, helene.token)
                body = {"search_term": "lefevre"}
                found = await house.ask("POST", f"{V3}/user_directory/search", body, jean.token)
                assert len(found["results"]) == expected

    asyncio.run(story())
