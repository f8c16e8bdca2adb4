"""Running an operation many times within bounds, and what it cost the server meanwhile."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import msgspec

from bench import matrix, process
from bench.http_client import Target

Worker = AsyncIterator[float]
"""One concurrent caller: each step performs one operation and yields its latency in seconds."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a run of operations ends: whichever comes first."""

    seconds: float
    operations: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the scenarios are; the same for both servers."""

    senders: int = 16
    pairs: int = 8
    members: int = 300
    joiners: int = 400
    creators: int = 4
    rooms: int = 100
    messages_per_room: int = 10
    initial_syncs: int = 10
    many_rooms: int = 2_000
    crowd: int = 20_000
    window: Bounds = field(default=Bounds(6.0, 100_000))
    warm_up: Bounds = field(default=Bounds(1.5, 3_000))


class Measurement(msgspec.Struct, frozen=True):
    """What one scenario cost one server once; `operations` counts what the scenario says it counts."""

    operations: int
    seconds: float
    cpu_seconds: float
    p50_ms: float
    p99_ms: float
    generator_share: float
    """Share of its own core the generator used: near 1, the wall-clock figures are the generator's own."""

    @property
    def rate(self) -> float:
        return self.operations / self.seconds

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu_seconds / self.operations


@dataclass(frozen=True, slots=True)
class Tally:
    """The latencies of the operations done (seconds), and how long the whole took."""

    latencies: Sequence[float]
    seconds: float


class Stage:
    """What a scenario plays on: a running server, its people, and the meter."""

    def __init__(self, target: Target, pid: int, sizes: Sizes) -> None:
        self.target = target
        self.sizes = sizes
        self._pid = pid
        self._people: list[matrix.Person] = []

    async def people(self, prefix: str, count: int) -> list[matrix.Person]:
        """Register `count` people; their connections close with the stage."""
        return self.keep(await matrix.register_many(self.target, prefix, count))

    def keep(self, people: list[matrix.Person]) -> list[matrix.Person]:
        self._people.extend(people)
        return people

    async def measure(self, workers: Sequence[Worker], bounds: Bounds | None = None) -> Measurement:
        """Run the workers side by side within the bounds; the CPU includes what the server put off (process.settle)."""
        await process.settle(self._pid)
        cpu_before, own_before = process.cpu_seconds(self._pid), time.process_time()
        tally = await repeat(workers, bounds or self.sizes.window)
        own_seconds = time.process_time() - own_before
        await process.settle(self._pid)
        return Measurement(
            operations=len(tally.latencies),
            seconds=tally.seconds,
            cpu_seconds=process.cpu_seconds(self._pid) - cpu_before,
            p50_ms=1000 * statistics.median(tally.latencies),
            p99_ms=1000 * sorted(tally.latencies)[int(len(tally.latencies) * 0.99)],
            generator_share=own_seconds / tally.seconds,
        )

    def close(self) -> None:
        for person in self._people:
            person.close()


async def repeat(workers: Sequence[Worker], bounds: Bounds) -> Tally:
    """Drive every worker until the bounds are met or it has nothing left to do."""
    latencies: list[float] = []
    started = time.perf_counter()

    async def drive(worker: Worker) -> None:
        while len(latencies) < bounds.operations and time.perf_counter() - started < bounds.seconds:
            latency = await anext(worker, None)
            if latency is None:
                return
            latencies.append(latency)

    await asyncio.gather(*(drive(worker) for worker in workers))
    return Tally(latencies, time.perf_counter() - started)
