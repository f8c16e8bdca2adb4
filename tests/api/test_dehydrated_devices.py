"""Dehydrated devices (MSC3814) over HTTP."""

import asyncio
from pathlib import Path
from typing import Any

from tests.api.test_keys import JEAN, LEA, OPEN, claim
from tests.support.accounts import V3, Person, person
from tests.support.house import House, Reply, open_house
from tests.support.olm import device_keys, new_pair, one_time_key

PATH = "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device"
SEALED = {"algorithm": "org.matrix.msc3814.v2", "device_pickle": "sealed", "nonce": "n"}


def upload(who: Person, device_id: str, **fields: Any) -> dict[str, Any]:
    pair = new_pair(who.user_id, device_id)
    keys = {**device_keys(pair), "dehydrated": True}
    del keys["signatures"]
    return {
        "device_id": device_id,
        "device_data": SEALED,
        "initial_device_display_name": "En sommeil",
        "device_keys": pair.sign(keys),
        "one_time_keys": {"signed_curve25519:K1": one_time_key(pair, 1)},
        "fallback_keys": {"signed_curve25519:F1": one_time_key(pair, 2, fallback=True)},
        **fields,
    }


async def put(house: House, who: Person, body: object) -> Reply:
    return await house.call("PUT", PATH, body, who.token)


async def write_to(house: House, who: Person, target: Person, device_id: str, numbers: range) -> None:
    for number in numbers:
        messages = {"messages": {target.user_id: {device_id: {"n": number}}}}
        await house.ask("PUT", f"{V3}/sendToDevice/m.room.encrypted/{device_id}{number}", messages, who.token)


async def shown_keys(house: House, who: Person, target: Person) -> dict[str, Any]:
    body = await house.ask("POST", f"{V3}/keys/query", {"device_keys": {target.user_id: []}}, who.token)
    found: dict[str, Any] = body["device_keys"][target.user_id]
    return found


def test_a_sleeping_device_has_keys_and_gathers_messages(tmp_path: Path) -> None:
    """It is published as dehydrated, keys are claimed of it, and what is written to it waits, page after page."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            none = await house.call("GET", PATH, token=jean.token)
            assert (none.status, none.body["errcode"]) == (404, "M_NOT_FOUND")
            assert (await put(house, jean, upload(jean, "SLEEPER"))).body == {"device_id": "SLEEPER"}
            assert await house.ask("GET", PATH, token=jean.token) == {"device_id": "SLEEPER", "device_data": SEALED}
            keys = (await shown_keys(house, lea, jean))["SLEEPER"]
            assert keys["dehydrated"] is True
            assert keys["unsigned"] == {"device_display_name": "En sommeil"}
            sleeper = Person(jean.user_id, "SLEEPER", "")
            assert list(await claim(house, lea, sleeper)) == ["signed_curve25519:K1"]
            assert list(await claim(house, lea, sleeper)) == ["signed_curve25519:F1"]
            await write_to(house, lea, jean, "SLEEPER", range(150))
            events = f"{PATH}/SLEEPER/events"
            first = await house.ask("GET", events, token=jean.token)
            second = await house.ask("GET", f"{events}?from={first['next_batch']}", token=jean.token)
            read = [event["content"]["n"] for event in first["events"] + second["events"]]
            assert read == list(range(150))
            assert "next_batch" not in second
            assert first["events"][0]["sender"] == lea.user_id
            # The proposal's own form: an empty page ends it; and nothing was lost by reading.
            body: dict[str, Any] = {}
            found = []
            while page := await house.ask("POST", events, body, jean.token):
                if not page["events"]:
                    break
                found += [event["content"]["n"] for event in page["events"]]
                body = {"next_batch": page["next_batch"]}
            assert found == list(range(150))

    asyncio.run(story())


def test_a_new_one_replaces_the_former_whole(tmp_path: Path) -> None:
    """The former one's keys and messages are gone, and others are told; the same upload again loses nothing."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            old = upload(jean, "OLD")
            await put(house, jean, old)
            await write_to(house, lea, jean, "OLD", range(2))
            assert (await put(house, jean, old)).status == 200
            kept = await house.ask("GET", f"{PATH}/OLD/events", token=jean.token)
            assert len(kept["events"]) == 2
            since = (await house.ask("GET", f"{V3}/sync", token=jean.token))["next_batch"]
            await put(house, jean, upload(jean, "NEW"))
            news = await house.ask("GET", f"{V3}/sync?since={since}", token=jean.token)
            assert news["device_lists"]["changed"] == [jean.user_id]
            assert list(await shown_keys(house, lea, jean)) == ["NEW"]
            gone = await house.call("GET", f"{PATH}/OLD/events", token=jean.token)
            assert (gone.status, gone.body["errcode"]) == (403, "M_FORBIDDEN")
            assert (await house.ask("GET", f"{PATH}/NEW/events", token=jean.token)) == {"events": []}

    asyncio.run(story())


def test_it_can_be_removed(tmp_path: Path) -> None:
    """Deleted by its own path, or among the devices, it is gone with all that waited for it."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            await put(house, jean, upload(jean, "SLEEPER"))
            assert await house.ask("DELETE", PATH, token=jean.token) == {"device_id": "SLEEPER"}
            assert (await house.call("DELETE", PATH, token=jean.token)).status == 404
            assert await shown_keys(house, lea, jean) == {}
            await put(house, jean, upload(jean, "SLEEPER"))
            await house.ask("POST", f"{V3}/logout/all", {}, jean.token)
            again = await house.world.store.read(_count)
            assert again == 0

    async def _count(tx: Any) -> Any:
        return (await tx.one("SELECT COUNT(*) FROM dehydrated_devices"))[0]

    asyncio.run(story())


def test_nobody_else_reads_it(tmp_path: Path) -> None:
    """Another person has none, reads nothing, and the device's id opens no door."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            await put(house, jean, upload(jean, "SLEEPER"))
            assert (await house.call("GET", PATH, token=lea.token)).status == 404
            for method in ("GET", "POST"):
                foreign = await house.call(method, f"{PATH}/SLEEPER/events", None, lea.token)
                assert foreign.status == 403
            own = await house.call("GET", f"{PATH}/{jean.device_id}/events", token=jean.token)
            assert own.status == 403
            assert (await house.call("GET", PATH)).status == 401

    asyncio.run(story())


def test_a_bad_upload_is_refused(tmp_path: Path) -> None:
    """Without keys, with another's keys, or under the id of a device in use, nothing is kept."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            good = upload(jean, "SLEEPER")
            wrong = [
                ({name: value for name, value in good.items() if name != "device_keys"}, "M_MISSING_PARAM"),
                ({name: value for name, value in good.items() if name != "device_data"}, "M_MISSING_PARAM"),
                ({name: value for name, value in good.items() if name != "device_id"}, "M_MISSING_PARAM"),
                ({**good, "device_data": "sealed"}, "M_BAD_JSON"),
                ({**good, "device_id": "OTHER"}, "M_INVALID_PARAM"),
                ({**good, "device_id": ""}, "M_INVALID_PARAM"),
                ({**good, "device_id": "x" * 300}, "M_INVALID_PARAM"),
                ({**good, "initial_device_display_name": "x" * 300}, "M_INVALID_PARAM"),
                (upload(jean, jean.device_id), "M_INVALID_PARAM"),
            ]
            for body, errcode in wrong:
                reply = await put(house, jean, body)
                assert (reply.status, reply.body["errcode"]) == (400, errcode)
            assert (await house.call("GET", PATH, token=jean.token)).status == 404
            await put(house, jean, good)
            bad = await house.call("GET", f"{PATH}/SLEEPER/events?from=then", token=jean.token)
            assert (bad.status, bad.body["errcode"]) == (400, "M_INVALID_PARAM")

    asyncio.run(story())
