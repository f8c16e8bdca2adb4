"""The whole server in this process: a real store and every route, without a socket."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tchap.api.asgi import Application
from tchap.api.routes import ROUTES
from tchap.api.routing import Router
from tchap.base.clock import Clock
from tchap.base.config import Password, Settings, parse_settings
from tchap.base.entropy import Entropy
from tchap.base.metrics import Metrics
from tchap.gateways.mail import open_mailer
from tchap.gateways.passwords import PasswordHasher
from tchap.live import Live
from tchap.live.interactive_auth import InteractiveSessions
from tchap.live.last_seen import LastSeen
from tchap.live.notifier import Notifier
from tchap.live.rate_limits import RateLimits
from tchap.live.tokens import TokenCache
from tchap.services.instance_keys import load_keys
from tchap.services.world import World
from tchap.storage.database import open_store

PASSWORD = "Correct-cheval-9"
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


@contextlib.asynccontextmanager
async def open_house(folder: Path, config: str = "") -> AsyncIterator[House]:
    """A server on a fresh SQLite file under `folder`, with `config` (TOML) over the embedded defaults."""
    settings = msgspec.structs.replace(parse_settings(config), data_dir=str(folder))
    if settings.password == Password():
        settings = msgspec.structs.replace(settings, password=CHEAP_HASH)
    clock = HandClock()
    store = await open_store(settings.resolved_store_url, clock)
    passwords = PasswordHasher(settings.password)
    keys = await load_keys(store, settings, clock)
    world = World(
        settings=settings,
        clock=clock,
        entropy=Entropy(),
        store=store,
        live=_live(settings),
        mailer=open_mailer(settings.mail),
        media=None,  # type: ignore[arg-type]
        passwords=passwords,
        keys=keys,
        metrics=Metrics(),
    )
    application = Application(world, Router(ROUTES), lambda _path: None)
    transport = httpx.ASGITransport(application)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8008") as http:
        yield House(world, clock, http)
    passwords.close()
    await store.close()


def _live(settings: Settings) -> Live:
    """What accounts need of it."""
    live = Live.__new__(Live)
    live.tokens = TokenCache()
    live.rate_limits = RateLimits(settings.rate_limits.enabled)
    live.sessions = InteractiveSessions()
    live.last_seen = LastSeen()
    live.notifier = Notifier()
    return live
