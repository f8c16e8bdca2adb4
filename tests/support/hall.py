"""A house with rooms in it: people who talk, and clients that sync."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tchap.base.identity import Requester
from tchap.services.accounts import authenticate
from tchap.services.messages import MessageWish, redact_event, send_event
from tchap.services.state import StateWish, set_state
from tests.support.house import House, open_house
from tests.support.paths import quote

V3 = "/_matrix/client/v3"
INSTANCE = "test.example.fr"
CONFIG = f"""
profile = "test"
[[instances]]
name = "{INSTANCE}"
[rate_limits]
enabled = false
"""


@dataclass(slots=True)
class Resident:
    """A signed-in device and what it can do."""

    hall: "Hall" = field(repr=False)
    requester: Requester
    token: str
    sent: int = 0

    @property
    def user_id(self) -> str:
        return self.requester.user_id

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        return await self.hall.house.ask(method, V3 + path, body, self.token)

    async def call(self, method: str, path: str, body: object = None) -> Any:
        return await self.hall.house.call(method, V3 + path, body, self.token)

    async def attempt(self, method: str, path: str, body: object = None) -> None:
        """What may be refused, but not fail."""
        reply = await self.call(method, path, body)
        assert reply.status < 500, f"{method} {path}: {reply.status} {reply.body}"

    async def create_room(self, **options: object) -> str:
        return str((await self.ask("POST", "/createRoom", options))["room_id"])

    async def join(self, room_id: str) -> None:
        await self.ask("POST", f"/rooms/{quote(room_id)}/join", {})

    async def leave(self, room_id: str) -> None:
        await self.ask("POST", f"/rooms/{quote(room_id)}/leave", {})

    async def act(self, room_id: str, action: str, user_id: str) -> None:
        """Invite, kick, ban or unban."""
        await self.ask("POST", f"/rooms/{quote(room_id)}/{action}", {"user_id": user_id})

    async def send(self, room_id: str, content: str | dict[str, Any], kind: str = "m.room.message") -> str:
        self.sent += 1
        body = {"msgtype": "m.text", "body": content} if isinstance(content, str) else content
        return await send_event(
            self.hall.house.world, self.requester, room_id, MessageWish(kind, body), f"t{self.sent}"
        )

    async def redact(self, room_id: str, event_id: str) -> str:
        self.sent += 1
        return await redact_event(self.hall.house.world, self.requester, room_id, (event_id, {}), f"t{self.sent}")

    async def set_state(self, room_id: str, kind: str, content: dict[str, Any], key: str = "") -> str:
        return await set_state(self.hall.house.world, self.requester, room_id, StateWish(kind, key, content))

    async def read(self, room_id: str, event_id: str, kind: str = "m.read", thread: str | None = None) -> None:
        body = {} if thread is None else {"thread_id": thread}
        await self.ask("POST", f"/rooms/{quote(room_id)}/receipt/{kind}/{quote(event_id)}", body)

    async def try_read(self, room_id: str, event_id: str, kind: str, thread: str | None = None) -> None:
        body = {} if thread is None else {"thread_id": thread}
        await self.attempt("POST", f"/rooms/{quote(room_id)}/receipt/{kind}/{quote(event_id)}", body)

    async def sync(self, since: str | None = None, *, filter: object = None, timeout_ms: int = 0, **more: str) -> Any:
        query = {"timeout": str(timeout_ms), **more}
        if since is not None:
            query["since"] = since
        if filter is not None:
            query["filter"] = filter if isinstance(filter, str) else json.dumps(filter)
        return await self.ask("GET", f"/sync?{httpx.QueryParams(query)}")


@dataclass(slots=True)
class Hall:
    house: House

    async def enter(self, localpart: str) -> Resident:
        """Registers somebody."""
        fields = {"username": localpart, "password": "Mot-de-passe-2026"}
        first = await self.house.call("POST", f"{V3}/register", fields)
        auth = {"type": "m.login.dummy", "session": first.body["session"]}
        body = await self.house.ask("POST", f"{V3}/register", {**fields, "auth": auth})
        return await self.wake(body)

    async def wake(self, body: dict[str, Any]) -> Resident:
        requester = await authenticate(self.house.world, body["access_token"])
        return Resident(self, requester, body["access_token"])

    async def another_device(self, resident: Resident) -> Resident:
        identifier = {"type": "m.id.user", "user": resident.user_id}
        fields = {"type": "m.login.password", "identifier": identifier, "password": "Mot-de-passe-2026"}
        return await self.wake(await self.house.ask("POST", f"{V3}/login", fields))


@contextlib.asynccontextmanager
async def open_hall(folder: Path) -> AsyncIterator[Hall]:
    """A plain Matrix server with open registration; opened again on the same folder it is the server restarted."""
    async with open_house(folder, CONFIG) as house:
        yield Hall(house)
