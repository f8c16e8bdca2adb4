"""An account in a great many rooms: what it costs to be there, whatever happens or does not."""

import time
from collections.abc import Iterator

from bench import matrix
from bench.http_client import BenchError
from bench.matrix import Person
from bench.measure import Bounds, Measurement, Stage, Worker, repeat

IDLE_WARM_UP = 50
NEWS_WARM_UP = 10


async def idle_sync(stage: Stage) -> Measurement:
    """One account in many rooms, nothing new anywhere; one operation is an incremental `/sync` answered at once."""
    reader, _ = await _settle(stage, "idle")
    worker = _sync_idle(reader)
    await repeat([worker], Bounds(stage.sizes.window.seconds, IDLE_WARM_UP))
    return await stage.measure([worker])


async def news_sync(stage: Stage) -> Measurement:
    """The same account, a message in one of its rooms; one operation is that message and the `/sync` that tells it."""
    reader, rooms = await _settle(stage, "informed")
    worker = _sync_news(reader, rooms)
    await repeat([worker], Bounds(stage.sizes.window.seconds, NEWS_WARM_UP))
    return await stage.measure([worker])


async def initial_sync_many(stage: Stage) -> Measurement:
    """The same account; one operation is the initial sync of a new device of it."""
    reader, rooms = await _settle(stage, "many")
    devices = [await matrix.log_in_again(stage.target, reader) for _ in range(stage.sizes.initial_syncs // 2 + 2)]
    worker = _sync_first(iter(stage.keep(devices)), rooms)
    await repeat([worker], Bounds(stage.sizes.window.seconds * 10, 1))
    return await stage.measure([worker], Bounds(stage.sizes.window.seconds * 10, stage.sizes.initial_syncs))


async def _settle(stage: Stage, prefix: str) -> tuple[Person, list[str]]:
    (reader,) = await stage.people(prefix, 1)
    rooms = [
        await reader.create_room(preset="private_chat", name=f"Dossier {number}")
        for number in range(stage.sizes.many_rooms)
    ]
    return reader, rooms


async def _sync_idle(reader: Person) -> Worker:
    since = (await reader.sync()).next_batch
    while True:
        started = time.perf_counter()
        since = (await reader.sync(since, long_poll=False)).next_batch
        yield time.perf_counter() - started


async def _sync_news(reader: Person, rooms: list[str]) -> Worker:
    since = (await reader.sync()).next_batch
    number = 0
    while True:
        started = time.perf_counter()
        await reader.send(rooms[number % len(rooms)], f"Nouvelle {number}")
        synced = await reader.sync(since, long_poll=False)
        if f'"Nouvelle {number}"'.encode() not in synced.body:
            raise BenchError("a sync left out the news")
        since, number = synced.next_batch, number + 1
        yield time.perf_counter() - started


async def _sync_first(devices: Iterator[Person], rooms: list[str]) -> Worker:
    for device in devices:
        started = time.perf_counter()
        synced = await device.sync()
        latency = time.perf_counter() - started
        if not all(room_id.encode() in synced.body for room_id in rooms):
            raise BenchError("an initial sync left out rooms")
        yield latency
