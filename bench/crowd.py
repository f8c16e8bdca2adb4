"""Many people at once, registered and let in by an application service: no password is hashed for them."""

import asyncio
from urllib.parse import quote

import msgspec

from bench.http_client import BenchError, Connection, Target
from bench.matrix import CLIENT
from bench.settings import CROWD_PREFIX, CROWD_TOKEN

CONCURRENT = 8


class Crowd:
    """The people of the application service `bench/settings.py` describes."""

    def __init__(self, target: Target, server_name: str) -> None:
        self._target = target
        self._server_name = server_name

    async def fill(self, room_id: str, count: int) -> None:
        """Registers `count` people and lets them join a public room."""
        numbers = iter(range(count))

        async def bring() -> None:
            connection = Connection(self._target)
            try:
                for number in numbers:
                    await self._bring(connection, room_id, f"{CROWD_PREFIX}{number}")
            finally:
                connection.close()

        await asyncio.gather(*(bring() for _ in range(CONCURRENT)))

    async def _bring(self, connection: Connection, room_id: str, localpart: str) -> None:
        wish = {"type": "m.login.application_service", "username": localpart, "inhibit_login": True}
        await _ask(connection, f"{CLIENT}/register", msgspec.json.encode(wish))
        user_id = quote(f"@{localpart}:{self._server_name}")
        await _ask(connection, f"{CLIENT}/rooms/{quote(room_id)}/join?user_id={user_id}", b"{}")


async def _ask(connection: Connection, path: str, body: bytes) -> None:
    reply = await connection.request("POST", path, CROWD_TOKEN, body)
    if reply.status != 200:
        raise BenchError(f"{path} was answered {reply.status}: {reply.body[:300]!r}")
