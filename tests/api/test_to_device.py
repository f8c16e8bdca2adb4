"""Messages to devices over HTTP."""

import asyncio
from pathlib import Path
from typing import Any

from tchap.base.encoding import decode_json
from tchap.storage import to_device
from tests.api.test_keys import JEAN, LEA, OPEN
from tests.support.accounts import V3, Person, person, sign_in
from tests.support.house import House, Reply, open_house


async def send(house: House, who: Person, txn_id: str, messages: object) -> Reply:
    return await house.call("PUT", f"{V3}/sendToDevice/m.dummy/{txn_id}", {"messages": messages}, who.token)


async def waiting(house: House, who: Person) -> list[Any]:
    found = await house.world.store.read(to_device.find_messages, who.user_id, who.device_id, (0, 10_000), 100)
    return [decode_json(message.message_json) for message in found]


def test_messages_reach_the_devices_named(tmp_path: Path) -> None:
    """One device, or all of them with a star, of people of any instance; unknown ones are passed over."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            phone = await sign_in(house, lea.user_id, device_id="PHONE")
            assert (await send(house, jean, "1", {lea.user_id: {"PHONE": {"n": 1}, "NOPE": {}}})).body == {}
            assert (
                await send(house, jean, "2", {lea.user_id: {"*": {"n": 2}}, "@x:far.example.org": {"*": {}}})
            ).status == 200
            assert await waiting(house, phone) == [
                {"sender": jean.user_id, "type": "m.dummy", "content": {"n": 1}},
                {"sender": jean.user_id, "type": "m.dummy", "content": {"n": 2}},
            ]
            assert [message["content"] for message in await waiting(house, lea)] == [{"n": 2}]

    asyncio.run(story())


def test_a_repeated_send_is_done_once(tmp_path: Path) -> None:
    """The same transaction id again sends nothing more; from another device it is another send."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            phone = await sign_in(house, jean.user_id, device_id="PHONE")
            for who in (jean, jean, phone):
                assert (await send(house, who, "1", {lea.user_id: {"*": {}}})).status == 200
            assert len(await waiting(house, lea)) == 2

    asyncio.run(story())


def test_a_waiting_device_is_woken(tmp_path: Path) -> None:
    """Whoever waits for news hears of a message as soon as it is stored."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            waiter = house.world.live.notifier.listen(lea.user_id)
            await send(house, jean, "1", {lea.user_id: {"*": {}}})
            assert await waiter.wait(0.1)

    asyncio.run(story())


def test_sends_are_bounded_and_well_formed(tmp_path: Path) -> None:
    """A message larger than an event is refused, as is anything but objects; then nothing at all is sent."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean, lea = await person(house, JEAN), await person(house, LEA)
            large = {lea.user_id: {"*": {"text": "x" * 70_000}}}
            cases: list[tuple[object, int, str]] = [
                (large, 413, "M_TOO_LARGE"),
                ({lea.user_id: []}, 400, "M_BAD_JSON"),
                ({lea.user_id: {"*": "text"}}, 400, "M_BAD_JSON"),
                ("text", 400, "M_BAD_JSON"),
                (None, 400, "M_MISSING_PARAM"),
            ]
            for messages, status, errcode in cases:
                reply = await send(house, jean, "1", messages)
                assert (reply.status, reply.body["errcode"]) == (status, errcode)
            assert await waiting(house, lea) == []

    asyncio.run(story())
