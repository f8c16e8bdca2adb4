"""The few requests of the Matrix client-server API the scenarios need; nothing here knows which server answers."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

import msgspec

from bench.http_client import BenchError, Connection, Reply, Target

T = TypeVar("T")
CLIENT = "/_matrix/client/v3"
ROOM_VERSION = "11"
"""Asked for by name, so that both servers run the same rules whatever their default is."""
PASSWORD = "Correct-horse-battery-2026"
LONG_POLL_MS = 30_000
FILTER = b'{"room":{"timeline":{"limit":20},"state":{"lazy_load_members":true}}}'
"""What today's clients ask of /sync: members only where the timeline needs them (spec client-server 7.9.3)."""
SETUP_CONCURRENCY = 8


class _Registered(msgspec.Struct):
    user_id: str
    access_token: str


class _Challenge(msgspec.Struct):
    session: str


class _FilterMade(msgspec.Struct):
    filter_id: str


class _RoomMade(msgspec.Struct):
    room_id: str


class _Synced(msgspec.Struct):
    next_batch: str


class _JoinedRooms(msgspec.Struct):
    joined_rooms: list[str]


@dataclass(frozen=True, slots=True)
class Synced:
    """An answer of /sync: its token, and the body as it came (scenarios only search it for a marker)."""

    next_batch: str
    body: bytes


class Person:
    """One logged-in device with two connections: one for requests, one for its long-poll."""

    __slots__ = ("_filter_id", "_poll", "_requests", "_transactions", "token", "user_id")

    def __init__(self, target: Target, user_id: str, token: str) -> None:
        self.user_id = user_id
        self.token = token
        self._requests = Connection(target)
        self._poll = Connection(target)
        self._transactions = 0
        self._filter_id = ""

    async def set_filter(self) -> None:
        """Store the filter of this device's syncs, as clients do once after logging in."""
        reply = await self._ask("POST", f"{CLIENT}/user/{quote(self.user_id)}/filter", FILTER)
        self._filter_id = _decode(reply, _FilterMade).filter_id

    async def create_room(self, **options: object) -> str:
        """Create a room (createRoom, spec client-server 10.1.1) and return its id."""
        body = msgspec.json.encode({"room_version": ROOM_VERSION, **options})
        return _decode(await self._ask("POST", f"{CLIENT}/createRoom", body), _RoomMade).room_id

    async def join(self, room_id: str) -> None:
        await self._ask("POST", f"{CLIENT}/rooms/{quote(room_id)}/join", b"{}")

    async def send(self, room_id: str, text: str) -> None:
        """Send one m.room.message; returns when the server has acknowledged it."""
        self._transactions += 1
        path = f"{CLIENT}/rooms/{quote(room_id)}/send/m.room.message/t{self._transactions}"
        await self._ask("PUT", path, msgspec.json.encode({"msgtype": "m.text", "body": text}))

    async def joined_rooms(self) -> list[str]:
        return _decode(await self._ask("GET", f"{CLIENT}/joined_rooms"), _JoinedRooms).joined_rooms

    async def members(self, room_id: str) -> bytes:
        """The member events of a room as they came."""
        return (await self._ask("GET", f"{CLIENT}/rooms/{quote(room_id)}/members")).body

    async def sync(self, since: str = "", *, long_poll: bool = True) -> Synced:
        """One /sync: without `since` an initial sync answered at once, with it a long-poll unless told otherwise."""
        patience = LONG_POLL_MS if since and long_poll else 0
        position = f"&timeout={patience}" + (f"&since={quote(since)}" if since else "")
        path = f"{CLIENT}/sync?filter={self._filter_id}{position}"
        reply = _checked(await self._poll.request("GET", path, self.token), path)
        return Synced(_decode(reply, _Synced).next_batch, reply.body)

    def close(self) -> None:
        self._requests.close()
        self._poll.close()

    async def _ask(self, method: str, path: str, body: bytes = b"") -> Reply:
        return _checked(await self._requests.request(method, path, self.token, body), path)


async def register(target: Target, localpart: str) -> Person:
    """Register by m.login.dummy (spec client-server 5.5.1); both ways of opening the stage are understood."""
    connection = Connection(target)
    fields: dict[str, object] = {"username": localpart, "password": PASSWORD, "auth": {"type": "m.login.dummy"}}
    reply = await connection.request("POST", f"{CLIENT}/register", body=msgspec.json.encode(fields))
    if reply.status == 401:
        session = _decode(reply, _Challenge).session
        fields["auth"] = {"type": "m.login.dummy", "session": session}
        reply = await connection.request("POST", f"{CLIENT}/register", body=msgspec.json.encode(fields))
    connection.close()
    return await _enter(target, _checked(reply, "/register"))


async def register_many(target: Target, prefix: str, count: int) -> list[Person]:
    gate = asyncio.Semaphore(SETUP_CONCURRENCY)

    async def one(index: int) -> Person:
        async with gate:
            return await register(target, f"{prefix}{index}")

    return list(await asyncio.gather(*(one(index) for index in range(count))))


async def log_in_again(target: Target, person: Person) -> Person:
    """A further device of the same account, by its password."""
    connection = Connection(target)
    identifier = {"type": "m.id.user", "user": person.user_id}
    fields = {"type": "m.login.password", "identifier": identifier, "password": PASSWORD}
    reply = await connection.request("POST", f"{CLIENT}/login", body=msgspec.json.encode(fields))
    connection.close()
    return await _enter(target, _checked(reply, "/login"))


async def join_all(people: Iterable[Person], room_id: str) -> None:
    gate = asyncio.Semaphore(SETUP_CONCURRENCY)

    async def one(person: Person) -> None:
        async with gate:
            await person.join(room_id)

    await asyncio.gather(*(one(person) for person in people))


async def _enter(target: Target, reply: Reply) -> Person:
    made = _decode(reply, _Registered)
    person = Person(target, made.user_id, made.access_token)
    await person.set_filter()
    return person


def _decode(reply: Reply, shape: type[T]) -> T:
    return msgspec.json.decode(reply.body, type=shape)


def _checked(reply: Reply, path: str) -> Reply:
    if reply.status != 200:
        raise BenchError(f"{path} was answered {reply.status}: {reply.body[:300]!r}")
    return reply
