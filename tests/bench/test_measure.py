"""Driving operations within bounds."""

import asyncio
import time

from bench.measure import Bounds, Worker, repeat


async def steady(latency: float = 0.25) -> Worker:
    while True:
        await asyncio.sleep(0)
        yield latency


async def limited(count: int) -> Worker:
    for _ in range(count):
        await asyncio.sleep(0)
        yield 0.5


def test_the_count_bounds_a_run() -> None:
    """No more operations than allowed, but for those already under way."""
    tally = asyncio.run(repeat([steady() for _ in range(4)], Bounds(seconds=60, operations=100)))
    assert 100 <= len(tally.latencies) <= 103


def test_the_clock_bounds_a_run() -> None:
    """A run ends at its time even if operations are left."""
    started = time.monotonic()
    tally = asyncio.run(repeat([steady()], Bounds(seconds=0.1, operations=10**9)))
    assert time.monotonic() - started < 10
    assert 0.1 <= tally.seconds < 10


def test_a_run_ends_when_there_is_nothing_left_to_do() -> None:
    """Every operation of every worker is counted with the latency it reported."""
    tally = asyncio.run(repeat([limited(3), limited(4)], Bounds(seconds=60, operations=1000)))
    assert list(tally.latencies) == [0.5] * 7


def test_a_warm_up_and_the_measured_run_share_their_workers() -> None:
    """What the warm-up has used up is not done again."""

    async def story() -> list[int]:
        worker = limited(10)
        bounds = (Bounds(60, 4), Bounds(60, 1000))
        return [len((await repeat([worker], bound)).latencies) for bound in bounds]

    assert asyncio.run(story()) == [4, 6]
