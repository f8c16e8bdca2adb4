"""A large room: a message counts when every member has it."""

import asyncio
import time

import msgspec

from bench import matrix
from bench.matrix import Person
from bench.measure import Bounds, Measurement, Stage, Worker, repeat

REST_S = 0.15
"""Between two messages, for every member's next long-poll to be open again; outside the latency, inside the CPU."""
WARM_UP_MESSAGES = 2


async def forum(stage: Stage) -> Measurement:
    """One public room, every member long-polling /sync; one operation is one delivery of a message to one member.

    The latency is from sending a message to the moment the last member has it; the rate is deliveries per second of
    that time; the CPU of one delivery holds its share of the send.
    """
    members = await stage.people("member", stage.sizes.members)
    room_id = await members[0].create_room(preset="public_chat")
    await matrix.join_all(members[1:], room_id)
    crowd = _Crowd(members)
    async with asyncio.TaskGroup() as polling:
        tasks = [polling.create_task(crowd.follow(index)) for index in range(len(members))]
        await crowd.until_listening()
        worker = _announce(crowd, room_id)
        await repeat([worker], Bounds(stage.sizes.window.seconds * 2, WARM_UP_MESSAGES))
        measured = await stage.measure([worker])
        for task in tasks:
            task.cancel()
    return _per_delivery(measured, len(members))


class _Crowd:
    """The members at their long-polls, and who of them still misses the message under way."""

    def __init__(self, members: list[Person]) -> None:
        self.members = members
        self._marker = b"marker-0."
        self._missing: set[int] = set()
        self._all_have_it = asyncio.Event()
        self._arriving = len(members)
        self._all_listen = asyncio.Event()

    async def until_listening(self) -> None:
        """Returns once every member has made the initial sync: what it holds is no delivery."""
        await self._all_listen.wait()

    def expect(self, text: str) -> asyncio.Event:
        """From now on `text` is looked for; the event returned is set when every member has it."""
        self._marker = text.encode()
        self._missing = set(range(len(self.members)))
        self._all_have_it.clear()
        return self._all_have_it

    async def follow(self, index: int) -> None:
        member = self.members[index]
        synced = await member.sync()
        self._arriving -= 1
        if not self._arriving:
            self._all_listen.set()
        while True:
            synced = await member.sync(synced.next_batch)
            if self._marker in synced.body:
                self._missing.discard(index)
                if not self._missing:
                    self._all_have_it.set()


async def _announce(crowd: _Crowd, room_id: str) -> Worker:
    number = 0
    while True:
        await asyncio.sleep(REST_S)
        number += 1
        everyone = crowd.expect(f"marker-{number}.")
        started = time.perf_counter()
        await crowd.members[0].send(room_id, f"marker-{number}.")
        await everyone.wait()
        yield time.perf_counter() - started


def _per_delivery(measured: Measurement, members: int) -> Measurement:
    resting = REST_S * measured.operations
    delivering = measured.seconds - resting
    return msgspec.structs.replace(
        measured,
        operations=measured.operations * members,
        seconds=delivering,
        generator_share=measured.generator_share * measured.seconds / delivering,
    )
