"""The PostgreSQL engine: pooled connections for ordinary jobs, one batching writer for pipelined ones.

Writes run at REPEATABLE READ and are run again when PostgreSQL says that two of them met, so that a job may reason as
if it were alone with the rows it changes. How readers know which positions are settled: `postgres_positions`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import coroutine
from typing import Any, cast

import asyncpg

from tchap.base import limits
from tchap.base.clock import Clock
from tchap.base.errors import InvalidParam
from tchap.storage import migrations, postgres_positions
from tchap.storage.dialect import plain_insert, postgres_params, postgres_schema, postgres_text
from tchap.storage.jobs import (
    CommitUnknown,
    GroupLost,
    ImpureJob,
    Job,
    NoPositionInRead,
    Row,
    StoreBusy,
    StoreClosed,
    StoreUnusable,
    T,
    Ts,
    Tx,
)
from tchap.storage.postgres_pool import BEGIN_READ, BEGIN_WRITE, CONNECTION_LOST, Pool, transaction

# What is no fault of the job: two of them met, or the connection went away before the commit was asked for.
_RUN_AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, *CONNECTION_LOST)
_MIGRATION_LOCK = 0x7463_0001

_Work = tuple[asyncio.Future[Any], Job[Any], tuple[Any, ...]]
_Outcome = tuple[asyncio.Future[Any], Any, BaseException | None]


class PostgresTx:
    """The hand of a job, or of a group of `jobs`, on one connection inside a transaction. Reads are given 0 `jobs`."""

    __slots__ = ("_connection", "_drawn", "_jobs", "is_waiting", "reserved")

    def __init__(self, connection: Any, jobs: int) -> None:
        self._connection = connection
        self._jobs = jobs
        self._drawn = range(0)
        self.is_waiting = False
        self.reserved = False

    async def all(self, sql: str, *params: Any) -> list[Row]:
        text, lists = postgres_text(sql)
        rows = await self._wait(self._connection.fetch(text, *(postgres_params(lists, params) if lists else params)))
        return [tuple(row) for row in rows]

    async def one(self, sql: str, *params: Any) -> Row | None:
        text, lists = postgres_text(sql)
        row = await self._wait(self._connection.fetchrow(text, *(postgres_params(lists, params) if lists else params)))
        return None if row is None else tuple(row)

    async def run(self, sql: str, *params: Any) -> int:
        text, lists = postgres_text(sql)
        tag = await self._wait(self._connection.execute(text, *(postgres_params(lists, params) if lists else params)))
        count = tag.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def many(self, sql: str, rows: Sequence[Row]) -> None:
        copied = plain_insert(sql) if len(rows) >= limits.COPY_ROWS else None
        if copied is None:
            await self._wait(self._connection.executemany(postgres_text(sql)[0], rows))
        else:
            # A tenth of the time that as many statements take.
            table, columns = copied
            await self._wait(self._connection.copy_records_to_table(table, records=rows, columns=columns))

    async def next_position(self) -> int:
        return await self.next_positions(1)

    async def next_positions(self, count: int) -> int:
        if not self._jobs:
            raise NoPositionInRead
        if len(self._drawn) < count:
            # One exchange serves the whole group; what is left over becomes a gap.
            block = max(count, self._jobs)
            first = await self._wait(self._connection.fetchval(postgres_positions.DRAW, block, not self.reserved))
            self._drawn = range(first, first + block)
            self.reserved = True
        first = self._drawn[0]
        self._drawn = self._drawn[count:]
        return first

    def forget_reservation(self) -> None:
        """A reservation is gone with the savepoint it was made in, and so is the right to what was drawn under it."""
        self._drawn = range(0)
        self.reserved = False

    async def _wait(self, operation: Awaitable[Any]) -> Any:
        self.is_waiting = True
        try:
            return await operation
        except asyncpg.CharacterNotInRepertoireError as error:
            # PostgreSQL's text holds no NUL, which JSON may write; no name or identifier of Matrix needs one.
            raise InvalidParam("Text cannot hold a NUL character.", "Un texte ne peut contenir NUL.") from error
        finally:
            self.is_waiting = False


@coroutine
def _drive(job: Job[Any], tx: PostgresTx, args: tuple[Any, ...]) -> Generator[Any, Any, Any]:
    """Runs the job step by step, refusing any wait that is not the transaction's."""
    running = job(tx, *args)
    step: Callable[[], Any] = partial(running.send, None)
    while True:
        try:
            waited = step()
        except StopIteration as stop:
            return stop.value
        if not tx.is_waiting:
            running.close()
            raise ImpureJob(job)
        try:
            yield waited
            step = partial(running.send, None)
        except BaseException as error:
            step = partial(running.throw, error)


class PostgresStore:
    """`Store` on one database, which several processes may share."""

    def __init__(self, pool: Pool, writer: Pool) -> None:
        self._pool = pool
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._waiting = 0
        self._committed = 0
        self._piped: deque[_Work] = deque()
        self._piped_some = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._writing = self._loop.create_task(self._run_writer())

    async def read(self, job: Callable[[Tx, *Ts], Coroutine[Any, Any, T]], *args: *Ts) -> T:
        self._admit()
        try:
            return cast(T, await self._insist(self._read_once, job, args))
        finally:
            self._waiting -= 1

    async def write(self, job: Callable[[Tx, *Ts], Coroutine[Any, Any, T]], *args: *Ts) -> T:
        self._admit()
        # A task of its own: a caller that goes away neither stops the job nor leaves its connection half way.
        task: asyncio.Task[T] = self._loop.create_task(self._insist(self._write_once, job, args))
        self._tasks.add(task)
        task.add_done_callback(self._end_task)
        return await asyncio.shield(task)

    def write_pipelined(self, job: Callable[[Tx, *Ts], Coroutine[Any, Any, T]], *args: *Ts) -> Awaitable[T]:
        self._admit()
        future: asyncio.Future[T] = self._loop.create_future()
        self._piped.append((future, job, args))
        self._piped_some.set()
        return future

    async def horizon(self) -> int:
        return cast(int, await self._insist(self._horizon_once))

    def committed_position(self) -> int:
        return self._committed

    async def close(self) -> None:
        """Ends what was admitted, then lets the connections go."""
        if self._closed:
            return
        self._closed = True
        self._piped_some.set()
        await asyncio.gather(self._writing, *self._tasks, return_exceptions=True)
        await self._pool.close()
        await self._writer.close()

    def _admit(self) -> None:
        if self._closed:
            raise StoreClosed
        if self._waiting >= limits.MAX_WAITING_JOBS:
            raise StoreBusy
        self._waiting += 1

    def _end_task(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        self._waiting -= 1

    async def _horizon_once(self) -> int:
        async with self._pool.acquire() as connection:
            return await self._learn_horizon(connection)

    async def _learn_horizon(self, connection: Any) -> int:
        # A bound once true stays true, so a later and lower answer is not believed.
        self._committed = max(self._committed, await connection.fetchval(postgres_positions.HORIZON))
        return self._committed

    async def _settle(self, connection: Any, tx: PostgresTx) -> None:
        if tx.reserved:
            # The job is stored: whatever happens to the connection from here on must not run it again.
            with suppress(Exception):
                await self._learn_horizon(connection)

    # --- ordinary jobs ---

    async def _read_once(self, job: Job[Any], args: tuple[Any, ...]) -> Any:
        async with self._pool.acquire() as connection, transaction(connection, BEGIN_READ):
            return await _drive(job, PostgresTx(connection, 0), args)

    async def _write_once(self, job: Job[Any], args: tuple[Any, ...]) -> Any:
        async with self._pool.acquire() as connection:
            tx = PostgresTx(connection, 1)
            async with transaction(connection, BEGIN_WRITE):
                value = await _drive(job, tx, args)
            await self._settle(connection, tx)
            return value

    async def _insist(self, run: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """Awaits `run(*args)`, again when it failed through no fault of its own."""
        for attempt in range(1, limits.MAX_JOB_ATTEMPTS):
            try:
                return await run(*args)
            except _RUN_AGAIN as error:
                if isinstance(error, CONNECTION_LOST):
                    # The database was probably restarted: do not try the other connections one by one.
                    self._pool.expire()
                await asyncio.sleep(attempt * limits.JOB_RETRY_S)
        return await run(*args)

    # --- pipelined jobs ---

    async def _run_writer(self) -> None:
        while await self._piped_some.wait():
            group = [self._piped.popleft() for _ in range(min(len(self._piped), limits.MAX_WRITE_GROUP))]
            if group:
                self._acknowledge(await self._write_group(group))
            elif self._closed:
                return
            elif not self._piped:
                self._piped_some.clear()

    def _acknowledge(self, outcomes: list[_Outcome]) -> None:
        self._waiting -= len(outcomes)
        for future, value, error in outcomes:
            if future.done():
                continue
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

    async def _write_group(self, group: list[_Work]) -> list[_Outcome]:
        # First without savepoints, which cost two exchanges a job; only a group in which one fails pays for them.
        failure: BaseException = GroupLost()
        for careful in (False, True):
            try:
                outcomes: list[_Outcome] = await self._insist(self._write_group_once, group, careful)
                return outcomes
            except CommitUnknown as error:
                failure = error
                break
            except Exception as error:
                failure = error
                if len(group) == 1:
                    break
        return [(future, None, failure) for future, _, _ in group]

    async def _write_group_once(self, group: list[_Work], careful: bool) -> list[_Outcome]:
        async with self._writer.acquire() as connection:
            tx = PostgresTx(connection, len(group))
            run = partial(_attempt, connection) if careful else _run
            async with transaction(connection, BEGIN_WRITE):
                outcomes = [await run(tx, work) for work in group]
            await self._settle(connection, tx)
            return outcomes


async def _run(tx: PostgresTx, work: _Work) -> _Outcome:
    future, job, args = work
    return future, await _drive(job, tx, args), None


async def _attempt(connection: Any, tx: PostgresTx, work: _Work) -> _Outcome:
    future, job, args = work
    reserved = tx.reserved
    await connection.execute("SAVEPOINT job")
    try:
        value = await _drive(job, tx, args)
    except _RUN_AGAIN:
        raise
    except Exception as error:
        await connection.execute("ROLLBACK TO job; RELEASE job")
        if not reserved:
            tx.forget_reservation()
        return future, None, error
    await connection.execute("RELEASE job")
    return future, value, None


async def _migrate(connection: Any, clock: Clock, directory: Path) -> None:
    await connection.execute("SELECT pg_advisory_lock($1)", _MIGRATION_LOCK)
    try:
        async with connection.transaction():
            for statement in (*postgres_positions.SETUP, migrations.RECORD_TABLE, postgres_positions.SKIP):
                await connection.execute(statement)
        applied = {number for (number,) in await connection.fetch(migrations.FIND_APPLIED)}
        for step in migrations.read_migrations(directory):
            if step.number not in applied:
                await _apply(connection, step, clock.now_ms())
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _MIGRATION_LOCK)


async def _apply(connection: Any, step: migrations.Migration, now_ms: int) -> None:
    async with connection.transaction():
        for statement in step.statements:
            await connection.execute(postgres_schema(statement))
        await connection.execute(migrations.ADD_APPLIED, step.number, step.name, now_ms)


async def open_postgres(url: str, clock: Clock, directory: Path = migrations.DIRECTORY) -> PostgresStore:
    """Connects and brings the schema up to date; the migrations of several processes wait for each other.

    StoreUnusable where the address is none, or nobody answers or lets us in there.
    """
    writer = Pool(url, 1)
    try:
        async with writer.acquire():
            pass
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StoreUnusable(f"the database cannot be opened: {error}") from error
    try:
        async with writer.acquire() as connection:
            await _migrate(connection, clock, directory)
    except BaseException:
        writer.expire()
        raise
    store = PostgresStore(Pool(url, limits.STORE_CONNECTIONS), writer)
    await store.horizon()
    return store
