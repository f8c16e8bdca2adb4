"""Creating rooms."""

import time

from bench.matrix import Person
from bench.measure import Measurement, Stage, Worker, repeat


async def create_rooms(stage: Stage) -> Measurement:
    """A few people at once, each creating private rooms with a name; one operation is one room."""
    people = await stage.people("creator", stage.sizes.creators)
    workers = [_create(person) for person in people]
    await repeat(workers, stage.sizes.warm_up)
    return await stage.measure(workers)


async def _create(person: Person) -> Worker:
    while True:
        started = time.perf_counter()
        await person.create_room(preset="private_chat", name="Budget 2027")
        yield time.perf_counter() - started
