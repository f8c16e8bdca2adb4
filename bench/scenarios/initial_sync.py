"""The first sync of a device."""

import time
from collections.abc import Iterator

from bench import matrix
from bench.http_client import BenchError
from bench.matrix import Person
from bench.measure import Bounds, Measurement, Stage, Worker, repeat

HOSTS = 4
"""Who creates the rooms."""


async def initial_sync(stage: Stage) -> Measurement:
    """One account in many rooms with a few messages each; one operation is the initial sync of a new device of it.

    Each sync is another device's, one after the other, because a server may keep its answer to a device for a while.
    """
    reader, *hosts = await stage.people("reader", HOSTS + 1)
    for number in range(stage.sizes.rooms):
        await _furnish(hosts[number % HOSTS], reader, stage.sizes.messages_per_room)
    devices = [await matrix.log_in_again(stage.target, reader) for _ in range(stage.sizes.initial_syncs + 1)]
    worker = _sync(iter(stage.keep(devices)), await reader.joined_rooms())
    await repeat([worker], Bounds(stage.sizes.window.seconds, 1))
    return await stage.measure([worker], Bounds(stage.sizes.window.seconds * 2, stage.sizes.initial_syncs))


async def _furnish(host: Person, reader: Person, messages: int) -> None:
    room_id = await host.create_room(preset="private_chat", name="Dossier", invite=[reader.user_id])
    await reader.join(room_id)
    for _ in range(messages):
        await host.send(room_id, "Le compte rendu est en ligne.")


async def _sync(devices: Iterator[Person], rooms: list[str]) -> Worker:
    for device in devices:
        started = time.perf_counter()
        synced = await device.sync()
        latency = time.perf_counter() - started
        if not all(room_id.encode() in synced.body for room_id in rooms):
            raise BenchError("an initial sync left out rooms")
        yield latency
