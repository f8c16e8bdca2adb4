"""What encryption brings into /sync: messages to devices, counts of keys, changed device lists."""

import asyncio
from pathlib import Path
from typing import Any

from tests.api.test_keys import JEAN, LEA, OPEN, claim, publish, upload
from tests.support.accounts import V3, Person, person, sign_in
from tests.support.house import SOON_S, House, open_house, until_polling
from tests.support.olm import one_time_key


async def sync(house: House, who: Person, since: str = "", timeout_ms: int = 0) -> Any:
    query = f"timeout={timeout_ms}" + (f"&since={since}" if since else "")
    return await house.ask("GET", f"{V3}/sync?{query}", token=who.token)


def contents(answer: Any) -> list[Any]:
    return [event["content"] for event in answer.get("to_device", {}).get("events", [])]


async def send(house: House, who: Person, target: Person, number: int) -> None:
    body = {"messages": {target.user_id: {target.device_id: {"n": number}}}}
    await house.ask("PUT", f"{V3}/sendToDevice/m.dummy/{number}", body, who.token)


def test_messages_are_given_until_the_device_acknowledges_them(tmp_path: Path) -> None:
    """An answer that got lost is given again; only the token of an answer takes its messages away."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            first = (await sync(house, lea))["next_batch"]
            for number in range(3):
                await send(house, jean, lea, number)
            lost, seen = await sync(house, lea, first), await sync(house, lea, first)
            assert contents(lost) == contents(seen) == [{"n": 0}, {"n": 1}, {"n": 2}]
            await send(house, jean, lea, 3)
            rest = await sync(house, lea, seen["next_batch"])
            assert contents(rest) == [{"n": 3}]
            assert contents(await sync(house, lea, rest["next_batch"])) == []

    asyncio.run(story())


def test_many_messages_come_in_pages_and_in_order(tmp_path: Path) -> None:
    """Two hundred and fifty messages reach the device by pages, each once, in the order they were sent."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            token = (await sync(house, lea))["next_batch"]
            for number in range(250):
                await send(house, jean, lea, number)
            got: list[Any] = []
            while page := contents(answer := await sync(house, lea, token)):
                assert len(page) <= 100
                got += page
                token = answer["next_batch"]
            assert got == [{"n": number} for number in range(250)]

    asyncio.run(story())


def test_a_waiting_sync_brings_the_message(tmp_path: Path) -> None:
    """Who is waiting gets a message at once."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            first = (await sync(house, lea))["next_batch"]
            waiting = asyncio.create_task(sync(house, lea, first, 20_000))
            await until_polling(house)
            await send(house, jean, lea, 1)
            assert contents(await asyncio.wait_for(waiting, SOON_S)) == [{"n": 1}]

    asyncio.run(story())


def test_the_device_learns_that_its_keys_run_out(tmp_path: Path) -> None:
    """Counts go down with claims; once the fallback key went out it is no longer told as unused."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            pair = await publish(house, jean)
            fallback = {"signed_curve25519:F": one_time_key(pair, 9, fallback=True)}
            await upload(
                house, jean, one_time_keys={"signed_curve25519:K": one_time_key(pair, 1)}, fallback_keys=fallback
            )
            seen = await sync(house, jean)
            assert seen["device_one_time_keys_count"]["signed_curve25519"] == 1
            assert seen["device_unused_fallback_key_types"] == ["signed_curve25519"]
            await claim(house, lea, jean)
            await claim(house, lea, jean)
            seen = await sync(house, jean, seen["next_batch"])
            assert seen["device_one_time_keys_count"].get("signed_curve25519", 0) == 0
            assert seen["device_unused_fallback_key_types"] == []

    asyncio.run(story())


def test_room_mates_learn_of_a_new_device(tmp_path: Path) -> None:
    """A new or ended device of somebody is told to those waiting in a common room, of any instance, and to no other."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            chloe = await person(house, "chloe.roux@hopital.example.fr")
            made = await house.ask("POST", f"{V3}/createRoom", {"invite": [lea.user_id]}, jean.token)
            await house.ask("POST", f"{V3}/join/{made['room_id']}", {}, lea.token)
            first, apart = (await sync(house, lea))["next_batch"], (await sync(house, chloe))["next_batch"]
            waiting = asyncio.create_task(sync(house, lea, first, 20_000))
            await until_polling(house)
            phone = await sign_in(house, jean.user_id, device_id="PHONE")
            await publish(house, phone)
            news = await asyncio.wait_for(waiting, SOON_S)
            assert news["device_lists"]["changed"] == [jean.user_id]
            quiet = await sync(house, lea, news["next_batch"])
            assert not quiet.get("device_lists", {}).get("changed")
            await house.ask("POST", f"{V3}/logout", {}, phone.token)
            news = await sync(house, lea, quiet["next_batch"])
            assert news["device_lists"]["changed"] == [jean.user_id]
            assert not (await sync(house, chloe, apart)).get("device_lists", {}).get("changed")
            query = f"from={first}&to={news['next_batch']}"
            changes = await house.ask("GET", f"{V3}/keys/changes?{query}", token=lea.token)
            assert changes == {"changed": [jean.user_id], "left": []}
            await house.ask("POST", f"{V3}/rooms/{made['room_id']}/leave", {}, jean.token)
            query = f"from={news['next_batch']}&to={news['next_batch']}"
            changes = await house.ask("GET", f"{V3}/keys/changes?{query}", token=lea.token)
            assert changes == {"changed": [], "left": [jean.user_id]}

    asyncio.run(story())
