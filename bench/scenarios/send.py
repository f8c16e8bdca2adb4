"""Sending messages that nobody is waiting for."""

import time

from bench.matrix import Person
from bench.measure import Measurement, Stage, Worker, repeat


async def send_own_rooms(stage: Stage) -> Measurement:
    """Several senders at once, each in a private room of its own; one operation is one acknowledged message."""
    people = await stage.people("sender", stage.sizes.senders)
    rooms = [await person.create_room(preset="private_chat") for person in people]
    return await _measure_sending(stage, people, rooms)


async def send_one_room(stage: Stage) -> Measurement:
    """The same senders, all in one public room; one operation is one acknowledged message."""
    people = await stage.people("speaker", stage.sizes.senders)
    room_id = await people[0].create_room(preset="public_chat")
    for person in people[1:]:
        await person.join(room_id)
    return await _measure_sending(stage, people, [room_id] * len(people))


async def _measure_sending(stage: Stage, people: list[Person], rooms: list[str]) -> Measurement:
    workers = [_send(person, room_id) for person, room_id in zip(people, rooms, strict=True)]
    await repeat(workers, stage.sizes.warm_up)
    return await stage.measure(workers)


async def _send(person: Person, room_id: str) -> Worker:
    while True:
        started = time.perf_counter()
        await person.send(room_id, "Bonjour, la réunion commence à dix heures en salle B.")
        yield time.perf_counter() - started
