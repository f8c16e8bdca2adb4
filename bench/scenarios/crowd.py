"""The member list of a very large room."""

import time

from bench.crowd import Crowd
from bench.http_client import BenchError
from bench.matrix import Person
from bench.measure import Bounds, Measurement, Stage, Worker, repeat

READINGS = 12


async def members(stage: Stage) -> Measurement:
    """One public room with a crowd in it, filled by an application service; one operation is its whole member list."""
    (reader,) = await stage.people("lister", 1)
    room_id = await reader.create_room(preset="public_chat")
    await Crowd(stage.target, reader.user_id.partition(":")[2]).fill(room_id, stage.sizes.crowd)
    worker = _read(reader, room_id, stage.sizes.crowd + 1)
    await repeat([worker], Bounds(stage.sizes.window.seconds * 10, 2))
    return await stage.measure([worker], Bounds(stage.sizes.window.seconds * 10, READINGS))


async def _read(reader: Person, room_id: str, expected: int) -> Worker:
    while True:
        started = time.perf_counter()
        body = await reader.members(room_id)
        latency = time.perf_counter() - started
        if body.count(b'"m.room.member"') < expected:
            raise BenchError("a member list left out members")
        yield latency
