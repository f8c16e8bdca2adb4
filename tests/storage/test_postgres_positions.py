"""On PostgreSQL readers stop below the smallest position that is drawn and not yet settled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tchap.base.clock import Clock
from tchap.storage import postgres_positions
from tchap.storage.database import GroupLost, Store, Tx, open_store

pytestmark = pytest.mark.anyio


async def draw(tx: Tx) -> int:
    return await tx.next_position()


@pytest.fixture
async def store(postgres_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(postgres_url, Clock(), tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def other(postgres_url: str) -> AsyncIterator[Any]:
    """A connection of another process, which a test may stop where it likes."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    connection.terminate()


async def test_horizon_waits_for_a_writer_paused_after_its_draw(store: Store, other: Any) -> None:
    """While a writer sits between draw and commit the horizon stays below its position, and jumps at its commit."""
    before = await store.write(draw)
    await other.execute("BEGIN")
    paused = await other.fetchval(postgres_positions.DRAW, 1, True)
    later = [await run(draw) for run in (store.write, store.write_pipelined) for _ in range(5)]
    assert before < paused < min(later)
    assert before <= await store.horizon() < paused
    assert store.committed_position() < paused
    await other.execute("COMMIT")
    assert await store.horizon() >= max(later)


async def test_horizon_passes_a_writer_that_died(store: Store, other: Any) -> None:
    """The reservation of a writer whose backend is killed disappears with it: its position never will be."""
    await other.execute("BEGIN")
    lost = await other.fetchval(postgres_positions.DRAW, 1, True)
    backend = await other.fetchval("SELECT pg_backend_pid()")
    assert await store.horizon() < lost

    async def kill(tx: Tx) -> None:
        await tx.one("SELECT pg_terminate_backend($1)", backend)

    await store.write(kill)
    for _ in range(200):
        if await store.horizon() >= lost:
            break
        await asyncio.sleep(0.01)
    assert await store.horizon() >= lost
    assert await store.write(draw) > lost


async def test_horizon_stops_before_the_draw(store: Store, other: Any) -> None:
    """A reservation counts from before the draw: a reader between the two does not pass it."""
    await other.execute("BEGIN")
    drawn = await other.fetchval(postgres_positions.DRAW, 3, True)
    await other.execute("SAVEPOINT inner_job")
    again = await other.fetchval(postgres_positions.DRAW, 1, False)
    await other.execute("ROLLBACK TO inner_job")
    assert again > drawn
    assert await store.horizon() < drawn
    await other.execute("ROLLBACK")
    assert await store.horizon() >= again


async def test_no_reader_ever_misses_a_fact(store: Store, postgres_url: str, tmp_path: Path) -> None:
    """Facts collected up to each horizon, slice after slice, are all there are, also around jobs that draw and fail."""
    second = await open_store(postgres_url, Clock(), tmp_path)

    async def make(tx: Tx) -> None:
        await tx.run("CREATE TABLE facts (position BIGINT PRIMARY KEY)")

    async def add(tx: Tx, pause: int) -> int:
        position = await tx.next_position()
        await tx.one("SELECT pg_sleep($1)", pause / 1000)
        await tx.run("INSERT INTO facts (position) VALUES ($1)", position)
        if pause == 6:
            raise RuntimeError("refused")
        return position

    async def find(tx: Tx, since: int, upto: int) -> list[int]:
        rows = await tx.all("SELECT position FROM facts WHERE position > $1 AND position <= $2", since, upto)
        return [position for (position,) in rows]

    await store.write(make)
    stores = (store, second)
    jobs = [stores[n % 2].write(add, n % 7) for n in range(150)]
    jobs += [stores[n % 2].write_pipelined(add, 6 if n % 11 == 0 else 0) for n in range(150)]
    writing = asyncio.gather(*jobs, return_exceptions=True)
    seen: list[int] = []
    since, done = 0, False
    while not done:
        done = writing.done()
        upto = await second.horizon()
        seen += await second.read(find, since, upto)
        since = upto
    drawn = [result for result in await writing if isinstance(result, int)]
    assert len(drawn) == 300 - 21 - 14
    assert sorted(seen) == sorted(drawn)
    await second.close()


async def test_jobs_that_meet_are_run_again(store: Store) -> None:
    """Two jobs taking the same rows in opposite order both succeed."""

    async def make(tx: Tx) -> None:
        await tx.run("CREATE TABLE pairs (id BIGINT PRIMARY KEY, value BIGINT)")
        await tx.many("INSERT INTO pairs (id, value) VALUES ($1, 0)", [(1,), (2,)])

    async def cross(tx: Tx, first: int, second: int) -> None:
        for number in (first, second):
            await tx.run("UPDATE pairs SET value = value + 1 WHERE id = $1", number)
            await tx.one("SELECT pg_sleep(0.01)")

    await store.write(make)
    await asyncio.gather(store.write(cross, 1, 2), store.write(cross, 2, 1), store.write_pipelined(cross, 2, 1))

    async def find(tx: Tx) -> Any:
        return await tx.all("SELECT value FROM pairs")

    assert await store.read(find) == [(3,), (3,)]


async def test_reads_outlive_a_lost_connection(store: Store, other: Any) -> None:
    """When the database drops every connection, the next read is served on a new one, and writes go on."""

    async def one(tx: Tx) -> Any:
        return await tx.one("SELECT 1")

    async def drop_connections() -> None:
        await asyncio.gather(*(store.read(one) for _ in range(8)))
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'tchap' AND datname = current_database()"
        )

    for pause in (0, 0.001, 0.02):
        await drop_connections()
        await asyncio.sleep(pause)
        assert await store.read(one) == (1,)
        await drop_connections()
        await asyncio.sleep(pause)
        drawn = await store.write_pipelined(draw)
        await drop_connections()
        assert await store.write(draw) > drawn
        await drop_connections()
        assert await store.horizon() > drawn


async def test_a_swallowed_error_is_no_success(store: Store) -> None:
    """A job that hides an error of the database is refused rather than acknowledged without being stored."""

    async def swallow(tx: Tx) -> None:
        with suppress(asyncpg.PostgresError):
            await tx.run("SELECT nonsense")

    for write in (store.write, store.write_pipelined):
        with pytest.raises(GroupLost):
            await write(swallow)
