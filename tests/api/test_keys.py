"""Publishing, reading and claiming keys over HTTP."""

import asyncio
from pathlib import Path
from typing import Any

from tests.support.accounts import V3, Person, person, sign_in
from tests.support.house import House, open_house
from tests.support.olm import KeyPair, device_keys, new_pair, one_time_key

OPEN = "[rate_limits]\nenabled = false\n"
JEAN = "jean.martin@prefecture.example.fr"
LEA = "lea.petit@hopital.example.fr"


async def publish(house: House, who: Person) -> KeyPair:
    pair = new_pair(who.user_id, who.device_id)
    await house.ask("POST", f"{V3}/keys/upload", {"device_keys": device_keys(pair)}, who.token)
    return pair


async def upload(house: House, who: Person, **body: Any) -> Any:
    return await house.ask("POST", f"{V3}/keys/upload", body, who.token)


async def claim(house: House, who: Person, target: Person) -> dict[str, Any]:
    wanted = {target.user_id: {target.device_id: "signed_curve25519"}}
    body = await house.ask("POST", f"{V3}/keys/claim", {"one_time_keys": wanted}, who.token)
    found: dict[str, Any] = body["one_time_keys"].get(target.user_id, {}).get(target.device_id, {})
    return found


def test_device_keys_are_published_and_queried(tmp_path: Path) -> None:
    """Somebody of another instance reads the very object uploaded, with the device's name beside it."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            phone = await sign_in(house, jean.user_id, device_id="PHONE", initial_device_display_name="Téléphone")
            pair = await publish(house, phone)
            body = await house.ask("POST", f"{V3}/keys/query", {"device_keys": {jean.user_id: []}}, lea.token)
            shown = body["device_keys"][jean.user_id]["PHONE"]
            assert shown.pop("unsigned") == {"device_display_name": "Téléphone"}
            assert shown == device_keys(pair)
            none = await house.ask("POST", f"{V3}/keys/query", {"device_keys": {jean.user_id: ["TABLET"]}}, lea.token)
            assert none["device_keys"][jean.user_id] == {}
            far = await house.ask("POST", f"{V3}/keys/query", {"device_keys": {"@x:far.example.org": []}}, lea.token)
            assert list(far["failures"]) == ["far.example.org"]

    asyncio.run(story())


def test_keys_of_another_device_are_refused(tmp_path: Path) -> None:
    """Device keys that name another user or device, or lack a field, are a bad request."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            good = device_keys(new_pair(jean.user_id, jean.device_id))
            wrong = [
                ({**good, "device_id": "OTHER"}, "M_INVALID_PARAM"),
                ({**good, "user_id": "@x:y"}, "M_INVALID_PARAM"),
                ({name: value for name, value in good.items() if name != "keys"}, "M_MISSING_PARAM"),
                ({**good, "algorithms": "olm"}, "M_BAD_JSON"),
                ("keys", "M_BAD_JSON"),
            ]
            for body, errcode in wrong:
                reply = await house.call("POST", f"{V3}/keys/upload", {"device_keys": body}, jean.token)
                assert (reply.status, reply.body["errcode"]) == (400, errcode)

    asyncio.run(story())


def test_an_upload_sent_twice_changes_nothing(tmp_path: Path) -> None:
    """The same one-time keys again are welcome, another key under the same id is not, a claimed one never returns."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            pair = await publish(house, jean)
            keys = {f"signed_curve25519:K{n}": one_time_key(pair, n) for n in range(3)}
            for _ in range(2):
                body = await upload(house, jean, one_time_keys=keys)
                assert body == {"one_time_key_counts": {"signed_curve25519": 3}}
            other = {"signed_curve25519:K1": one_time_key(pair, 99)}
            reply = await house.call("POST", f"{V3}/keys/upload", {"one_time_keys": other}, jean.token)
            assert reply.status == 400
            assert "already exists" in reply.body["error"]
            given = await claim(house, lea, jean)
            assert next(iter(given.values())) in keys.values()
            assert await upload(house, jean, one_time_keys=keys) == {"one_time_key_counts": {"signed_curve25519": 2}}

    asyncio.run(story())


def test_concurrent_claims_get_different_keys(tmp_path: Path) -> None:
    """Twelve claims at once of ten one-time keys and a fallback: no one-time key twice, the fallback for the rest."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            pair = await publish(house, jean)
            keys = {f"signed_curve25519:K{n}": one_time_key(pair, n) for n in range(10)}
            fallback = {"signed_curve25519:F": one_time_key(pair, 100, fallback=True)}
            await upload(house, jean, one_time_keys=keys, fallback_keys=fallback)
            claims = await asyncio.gather(*(claim(house, lea, jean) for _ in range(12)))
            names = sorted(name for given in claims for name in given)
            assert names == sorted([*keys, "signed_curve25519:F", "signed_curve25519:F"])
            assert await upload(house, jean) == {"one_time_key_counts": {}}

    asyncio.run(story())


def test_one_fallback_key_per_algorithm(tmp_path: Path) -> None:
    """Two fallback keys of one algorithm in one upload are refused."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            pair = await publish(house, jean)
            two = {f"signed_curve25519:F{n}": one_time_key(pair, n, fallback=True) for n in range(2)}
            reply = await house.call("POST", f"{V3}/keys/upload", {"fallback_keys": two}, jean.token)
            assert reply.body["errcode"] == "M_INVALID_PARAM"

    asyncio.run(story())


def test_claims_of_unknown_devices_are_empty(tmp_path: Path) -> None:
    """Unknown users, devices and algorithms are simply missing from the answer."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            wanted = {jean.user_id: {"NOPE": "signed_curve25519"}, "@x:far.example.org": {"A": "signed_curve25519"}}
            body = await house.ask("POST", f"{V3}/keys/claim", {"one_time_keys": wanted}, jean.token)
            assert body == {"one_time_keys": {}, "failures": {}}

    asyncio.run(story())


def test_a_new_identity_replaces_what_the_device_published(tmp_path: Path) -> None:
    """When a device publishes other identity keys, the one-time keys of the former identity are not given out."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            pair = await publish(house, jean)
            await upload(house, jean, one_time_keys={"signed_curve25519:K1": one_time_key(pair, 1)})
            await publish(house, jean)
            assert await claim(house, lea, jean) == {}

    asyncio.run(story())


def test_changes_need_tokens_of_sync(tmp_path: Path) -> None:
    """Changes between two tokens name the person who changed; something else than a token is refused."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            await publish(house, jean)
            body = await house.ask("GET", f"{V3}/keys/changes?from=s0_0&to=s1_0", token=jean.token)
            assert body == {"changed": [jean.user_id], "left": []}
            reply = await house.call("GET", f"{V3}/keys/changes?from=yesterday&to=s1_0", token=jean.token)
            assert reply.body["errcode"] == "M_INVALID_PARAM"

    asyncio.run(story())
