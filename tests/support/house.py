"""The whole server in this process: a real store and every route, without a socket."""

import asyncio
import contextlib
import functools
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tchap.app import build_application, open_world
from tchap.base.clock import Clock
from tchap.base.config import Password
from tchap.base.config_file import parse_settings
from tchap.services.world import World
from tchap.storage.database import open_store
from tests.support.operations import witness

PASSWORD = "Correct-cheval-9"
# Less than any long poll of the tests lasts, and enough for a machine that has much else to do.
SOON_S = 15.0
CHEAP_HASH = Password(hash_time_cost=1, hash_memory_kib=64)


class HandClock(Clock):
    """Time that moves only when told."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.now

    def monotonic(self) -> float:
        return self.now / 1000

    def move(self, seconds: float) -> None:
        self.now += int(seconds * 1000)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `body` is JSON where it can be, else text."""

    status: int
    body: Any
    headers: httpx.Headers


@dataclass(slots=True)
class House:
    """The server, and the hand that calls it."""

    world: World = field(repr=False)
    clock: HandClock = field(repr=False)
    http: httpx.AsyncClient = field(repr=False)

    async def call(
        self, method: str, path: str, body: object = None, token: str | None = None, **headers: str
    ) -> Reply:
        """One request; header names are given with `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        answer = await self.http.request(method, path, json=body, headers=sent)
        is_json = answer.headers["content-type"].startswith("application/json")
        return Reply(answer.status_code, answer.json() if is_json else answer.text, answer.headers)

    async def ask(self, method: str, path: str, body: object = None, token: str | None = None, **headers: str) -> Any:
        """One request that must be answered 200; its body."""
        reply = await self.call(method, path, body, token, **headers)
        assert reply.status == 200, f"{method} {path}: {reply.status} {reply.body}"
        return reply.body


async def until_polling(house: House, polls: int = 1) -> None:
    """Until as many syncs wait for news, as the server counts them."""
    for _ in range(int(SOON_S / 0.005)):
        if f"tchap_long_polls {polls}.0\n".encode() in house.world.metrics.text():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("nobody waits for news")


async def put_migrated_file(folder: Path) -> None:
    """The SQLite file of a server as the migrations leave it, unless there is one already."""
    file = folder / "tchap.db"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(await asyncio.to_thread(_migrated_file))


@functools.cache
def _migrated_file() -> bytes:
    """The migrations run once in a process; what they leave is copied."""

    async def make(file: Path) -> bytes:
        await (await open_store(f"sqlite:///{file}", HandClock())).close()
        return file.read_bytes()

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(make(Path(folder) / "tchap.db"))


@contextlib.asynccontextmanager
async def open_house(folder: Path, config: str = "") -> AsyncIterator[House]:
    """A server on a fresh SQLite file under `folder`, with `config` (TOML) over the embedded defaults.

    Opened again on the same folder it is the server restarted.
    """
    settings = msgspec.structs.replace(parse_settings(config), data_dir=str(folder))
    if settings.password == Password():
        settings = msgspec.structs.replace(settings, password=CHEAP_HASH)
    if not settings.store_url:
        await put_migrated_file(folder)
    clock = HandClock()
    async with open_world(settings, clock) as world:
        application = build_application(world)
        transport = httpx.ASGITransport(witness(application))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8008") as http:
            yield House(world, clock, http)
