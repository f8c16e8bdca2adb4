"""The relay of calls over HTTP."""

import asyncio
import base64
import hashlib
import hmac
from pathlib import Path

from tests.api.test_keys import JEAN, OPEN
from tests.support.accounts import V3, person
from tests.support.house import open_house

TURN = '[turn]\nuris = ["turn:turn.example.fr:3478?transport=udp"]\nshared_secret = "partage"\nlifetime_s = 600\n'


def test_relay_credentials_expire(tmp_path: Path) -> None:
    """Where a relay is configured, its credentials bear their end and are checked by the shared secret."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN + TURN) as house:
            jean = await person(house, JEAN)
            found = await house.ask("GET", f"{V3}/voip/turnServer", token=jean.token)
            username = f"{house.clock.now_ms() // 1000 + 600}:{jean.user_id}"
            password = base64.b64encode(hmac.new(b"partage", username.encode(), hashlib.sha1).digest()).decode()
            uris = ["turn:turn.example.fr:3478?transport=udp"]
            assert found == {"username": username, "password": password, "uris": uris, "ttl": 600}

    asyncio.run(story())


def test_without_a_relay_there_is_nothing(tmp_path: Path) -> None:
    """Where no relay is configured, there is none to be found."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            jean = await person(house, JEAN)
            reply = await house.call("GET", f"{V3}/voip/turnServer", token=jean.token)
            assert (reply.status, reply.body["errcode"]) == (404, "M_NOT_FOUND")

    asyncio.run(story())
