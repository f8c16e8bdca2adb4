"""Key backups over HTTP."""

import asyncio
from pathlib import Path
from typing import Any

from tests.api.test_keys import JEAN, LEA, OPEN
from tests.support.accounts import V3, Person, person
from tests.support.house import House, Reply, open_house

VERSION = f"{V3}/room_keys/version"
KEYS = f"{V3}/room_keys/keys"
ALGORITHM = "m.megolm_backup.v1.curve25519-aes-sha2"
ROOM = "!room:agent.prefectures.tchap.example.fr"


def sealed(index: int = 0, forwarded: int = 0, verified: bool = False) -> dict[str, Any]:
    return {
        "first_message_index": index,
        "forwarded_count": forwarded,
        "is_verified": verified,
        "session_data": {"ephemeral": "e", "ciphertext": f"c{index}-{forwarded}-{verified}", "mac": "m"},
    }


async def begin(house: House, who: Person, **auth_data: Any) -> str:
    body = {"algorithm": ALGORITHM, "auth_data": auth_data or {"public_key": "k"}}
    version: str = (await house.ask("POST", VERSION, body, who.token))["version"]
    return version


async def put(house: House, who: Person, version: str, body: object, path: str = "") -> Reply:
    return await house.call("PUT", f"{KEYS}{path}?version={version}", body, who.token)


def test_a_backup_lives_and_ends(tmp_path: Path) -> None:
    """A version is made, read, changed and deleted; deleting it again succeeds, reading it does not."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            assert (await house.call("GET", VERSION, token=jean.token)).body["errcode"] == "M_NOT_FOUND"
            nameless = {"algorithm": "__not a name__", "auth_data": {}}
            assert (await house.call("POST", VERSION, nameless, jean.token)).body["errcode"] == "M_INVALID_PARAM"
            version = await begin(house, jean)
            found = await house.ask("GET", VERSION, token=jean.token)
            expected = {"version": version, "algorithm": ALGORITHM, "auth_data": {"public_key": "k"}}
            assert found == {**expected, "count": 0, "etag": found["etag"]}
            body = {"algorithm": ALGORITHM, "auth_data": {"public_key": "k", "signatures": {}}, "version": version}
            await house.ask("PUT", f"{VERSION}/{version}", body, jean.token)
            assert (await house.ask("GET", f"{VERSION}/{version}", token=jean.token))["auth_data"] == body["auth_data"]
            for wrong in ({**body, "version": "99"}, {**body, "algorithm": "other"}):
                reply = await house.call("PUT", f"{VERSION}/{version}", wrong, jean.token)
                assert (reply.status, reply.body["errcode"]) == (400, "M_INVALID_PARAM")
            for _ in range(2):
                assert await house.ask("DELETE", f"{VERSION}/{version}", token=jean.token) == {}
            assert (await house.call("GET", f"{VERSION}/{version}", token=jean.token)).status == 404
            assert (await house.call("DELETE", f"{VERSION}/77", token=jean.token)).status == 404
            assert (await house.call("GET", f"{VERSION}/vide", token=jean.token)).status == 404

    asyncio.run(story())


def test_keys_are_stored_and_read_at_every_level(tmp_path: Path) -> None:
    """All rooms, one room or one session: what was put is what is got, and each write tells count and etag."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            version = await begin(house, jean)
            one = await put(house, jean, version, sealed(1), f"/{ROOM}/s+1%2F")
            two = await put(house, jean, version, {"sessions": {"s2": sealed(2)}}, f"/{ROOM}")
            rooms = {"rooms": {"!other:x": {"sessions": {"s3": sealed(3)}}}}
            three = await put(house, jean, version, rooms)
            assert [reply.body["count"] for reply in (one, two, three)] == [1, 2, 3]
            assert len({reply.body["etag"] for reply in (one, two, three)}) == 3
            query = f"?version={version}"
            assert await house.ask("GET", f"{KEYS}/{ROOM}/s+1%2F{query}", token=jean.token) == sealed(1)
            room = await house.ask("GET", f"{KEYS}/{ROOM}{query}", token=jean.token)
            assert room == {"sessions": {"s+1/": sealed(1), "s2": sealed(2)}}
            everything = await house.ask("GET", f"{KEYS}{query}", token=jean.token)
            assert everything == {"rooms": {ROOM: room, **rooms["rooms"]}}
            assert (await house.call("GET", f"{KEYS}/{ROOM}/none{query}", token=jean.token)).status == 404
            assert await house.ask("GET", f"{KEYS}/!none:x{query}", token=jean.token) == {"sessions": {}}
            assert (await house.ask("DELETE", f"{KEYS}/{ROOM}/s2{query}", token=jean.token))["count"] == 2
            assert (await house.ask("DELETE", f"{KEYS}/{ROOM}{query}", token=jean.token))["count"] == 1
            assert (await house.ask("DELETE", f"{KEYS}{query}", token=jean.token))["count"] == 0

    asyncio.run(story())


def test_the_better_key_stays(tmp_path: Path) -> None:
    """Verified first, then the lower first index, then fewer forwards; an equal key changes nothing."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            version = await begin(house, jean)
            path = f"/{ROOM}/s"
            steps = [
                (sealed(5, 2), sealed(5, 2)),
                (sealed(6, 0), sealed(5, 2)),
                (sealed(5, 1), sealed(5, 1)),
                (sealed(4, 9), sealed(4, 9)),
                (sealed(8, 8, True), sealed(8, 8, True)),
                (sealed(0, 0), sealed(8, 8, True)),
            ]
            etags = []
            for sent, kept in steps:
                etags.append((await put(house, jean, version, sent, path)).body["etag"])
                assert await house.ask("GET", f"{KEYS}{path}?version={version}", token=jean.token) == kept
            assert etags[0] == etags[1]
            assert etags[4] == etags[5]
            assert len(set(etags)) == 4

    asyncio.run(story())


def test_only_the_current_version_is_written(tmp_path: Path) -> None:
    """Writing to an older version is refused with the current one named; without any backup it is not found."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            old, new = await begin(house, jean), await begin(house, jean)
            reply = await put(house, jean, old, {"rooms": {}})
            assert (reply.status, reply.body["errcode"]) == (403, "M_WRONG_ROOM_KEYS_VERSION")
            assert reply.body["current_version"] == new
            assert (await put(house, lea, "1", {"rooms": {}})).status == 404
            reply = await house.call("PUT", KEYS, {"rooms": {}}, jean.token)
            assert reply.body["errcode"] == "M_MISSING_PARAM"
            reply = await put(house, jean, new, {"sessions": {"s": {"is_verified": True}}}, f"/{ROOM}")
            assert reply.body["errcode"] == "M_MISSING_PARAM"

    asyncio.run(story())
