"""Whatever is sent to the operations outside the specification, the answer is a refusal or an answer, never a fall."""

import asyncio
import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from tchap.api.routes import ROUTES
from tests.api.test_rtc import RTC
from tests.support.hall import CONFIG, Hall
from tests.support.house import open_house
from tests.support.paths import quote

# Those of the specification are fuzzed from its schemas.
OUTSIDE = [
    route
    for route in ROUTES
    if re.search(r"/unstable/(org\.matrix\.msc|io\.element)|^/livekit/", route.path) and "/sync" not in route.path
]
ODD = ["x", "", "é" * 300, 'a/b?c="d"', "$" * 600, "..", "%00"]
VALUES: list[Any] = [None, True, -1, 2**70, 1.5, "", "\0", "x" * 5000, [], [{}], {}, {"a": {"b": []}}]
ME = "@camille:test.example.fr"
GOOD = {
    "action": "send",
    "content": {},
    "data": "x",
    "delay": 1000,
    "device_data": {},
    "device_id": "D",
    "device_keys": {"user_id": ME, "device_id": "D", "algorithms": [], "keys": {}, "signatures": {}},
    "member": {"id": "m", "claimed_device_id": "D", "claimed_user_id": ME},
    "openid_token": {"access_token": "x", "matrix_server_name": "test.example.fr"},
    "room": "!r",
    "room_id": "!r",
    "sequence_token": "1",
    "slot_id": "s",
}
FIELDS = {
    *GOOD,
    "automatic",
    "fallback_keys",
    "initial_device_display_name",
    "next_batch",
    "one_time_keys",
    "state_key",
    "url",
}
QUERY = ["", "?from=x", "?from=-1", "?limit=0&dir=b", "?status=x", "?delay_id=%00", "?to=1_x&dir=b", "?from=%ff"]


@pytest.mark.parametrize("route", OUTSIDE, ids=lambda route: f"{route.method} {route.path}")
def test_nothing_falls(tmp_path: Path, route: Any) -> None:
    """Odd names in the path, odd parameters, odd values in every field."""
    names = re.findall(r"\{(\w+)\}", route.path)
    oddities = itertools.cycle(ODD)

    async def story() -> None:
        async with open_house(tmp_path, CONFIG + RTC) as house:
            hall = Hall(house)
            camille = await hall.enter("camille")
            room_id = await camille.create_room()
            root = await camille.send(room_id, "Un fil")
            real = {"roomId": room_id, "threadRoot": root, "txnId": "t", "eventType": "m.room.message"}

            async def call(params: dict[str, str], query: str, body: object) -> None:
                path = re.sub(r"\{(\w+)\}", lambda hole: quote(params[hole[1]]) or "-", route.path)
                path = path.replace("%2500", "%00")
                reply = await hall.house.call(route.method, path + query, body, camille.token)
                assert reply.status < 500, (path, query, body, reply)
                if reply.status >= 400 and reply.status != 405:
                    assert {"errcode", "error"} <= set(reply.body), (path, query, body, reply)

            for query in QUERY:
                await call({name: real.get(name, "x") for name in names}, query, {})
            for _ in ODD if names else ():
                await call({name: next(oddities) for name in names}, "", {})
            for value in VALUES:
                whole = dict.fromkeys(FIELDS, value)
                await call({name: real.get(name, "x") for name in names}, "", whole)
                await call({name: real.get(name, "x") for name in names}, "", value)
                for name in FIELDS:
                    await call({name: real.get(name, "x") for name in names}, "", {**GOOD, name: value})

    asyncio.run(story())
