"""Joining a public room."""

import time
from collections.abc import Iterator

from bench.matrix import Person
from bench.measure import Bounds, Measurement, Stage, Worker, repeat

CONCURRENT = 8
WARM_UP_JOINS = 20


async def join(stage: Stage) -> Measurement:
    """Registered people join one public room, eight at a time; one operation is one join."""
    # The warm-up may have one join more under way in each worker when it ends.
    creator, *joiners = await stage.people("joiner", stage.sizes.joiners + WARM_UP_JOINS + CONCURRENT + 1)
    room_id = await creator.create_room(preset="public_chat")
    queue = iter(joiners)
    workers = [_join(queue, room_id) for _ in range(CONCURRENT)]
    await repeat(workers, Bounds(stage.sizes.window.seconds, WARM_UP_JOINS))
    return await stage.measure(workers, Bounds(stage.sizes.window.seconds * 2, stage.sizes.joiners))


async def _join(queue: Iterator[Person], room_id: str) -> Worker:
    for person in queue:
        started = time.perf_counter()
        await person.join(room_id)
        yield time.perf_counter() - started
