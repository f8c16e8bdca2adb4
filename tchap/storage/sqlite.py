"""The SQLite engine: one writer thread that commits jobs in groups, a few reader threads.

The loop hands over the jobs of one turn together and gets their results back together, so that a burst costs few
changes of thread. Each write job runs in its own savepoint, driven to its end without ever suspending; the group is
committed with `synchronous=FULL`, and only then does anybody learn of it (design: group commit, durable means durable).
"""

from __future__ import annotations

import asyncio
import fcntl
import queue
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import IO, Any, cast

import apsw

from tchap.base import limits
from tchap.base.clock import Clock
from tchap.storage import migrations
from tchap.storage.dialect import sqlite_params, sqlite_schema, sqlite_text
from tchap.storage.jobs import (
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

_Work = tuple[asyncio.Future[Any], Job[Any], tuple[Any, ...]]
_Outcome = tuple[asyncio.Future[Any], Any, BaseException | None]
_Queue = queue.SimpleQueue[list[_Work] | None]


class SqliteTx:
    """A job's hand on one connection. Its methods never suspend: a thread drives the whole job."""

    __slots__ = ("_connection", "_executemany", "execute", "position")

    def __init__(self, connection: apsw.Connection, position: int | None) -> None:
        cursor = connection.cursor()
        self._connection = connection
        # One cursor for everything: BEGIN, COMMIT and the rest also end the query that `one` left half read.
        self.execute = cursor.execute
        self._executemany = cursor.executemany
        self.position = position

    async def all(self, sql: str, *params: Any) -> list[Row]:
        text, lists = sqlite_text(sql)
        return self.execute(text, sqlite_params(lists, params) if lists else params).fetchall()

    async def one(self, sql: str, *params: Any) -> Row | None:
        text, lists = sqlite_text(sql)
        return self.execute(text, sqlite_params(lists, params) if lists else params).fetchone()

    async def run(self, sql: str, *params: Any) -> int:
        text, lists = sqlite_text(sql)
        self.execute(text, sqlite_params(lists, params) if lists else params).fetchall()
        return self._connection.changes()

    async def many(self, sql: str, rows: Sequence[Row]) -> None:
        self._executemany(sqlite_text(sql)[0], rows).fetchall()

    async def next_position(self) -> int:
        return await self.next_positions(1)

    async def next_positions(self, count: int) -> int:
        if self.position is None:
            raise NoPositionInRead
        first = self.position + 1
        self.position += count
        return first


def _drive(job: Job[Any], tx: Tx, args: tuple[Any, ...]) -> Any:
    coroutine = job(tx, *args)
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    except RuntimeError as error:
        if str(error) == "no running event loop":
            raise ImpureJob(job) from error
        raise
    coroutine.close()
    raise ImpureJob(job)


class SqliteStore:
    """`Store` on one file. One process at a time: positions are counted in memory."""

    def __init__(self, path: str, loop: asyncio.AbstractEventLoop, lock: IO[bytes]) -> None:
        self._path = path
        self._loop = loop
        self._lock = lock
        self._closed = False
        self._waiting = 0
        self._writes: _Queue = queue.SimpleQueue()
        self._reads: _Queue = queue.SimpleQueue()
        self._new_writes: list[_Work] = []
        self._new_reads: list[_Work] = []
        self._writer = _connect(path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
        self._threads: list[threading.Thread] = []
        self._committed = 0

    def start(self, clock: Clock, directory: Path) -> None:
        """Brings the schema up to date, finds the last position and starts the threads."""
        self._committed = self._saved = _prepare(self._writer, clock, directory)
        names: list[tuple[str, Callable[[], None]]] = [("storage-writer", self._run_writer)]
        names += [(f"storage-reader-{number}", self._run_reader) for number in range(limits.STORE_READERS)]
        for name, run in names:
            thread = threading.Thread(target=run, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    # --- on the loop ---

    async def read(self, job: Callable[[Tx, *Ts], Coroutine[Any, Any, T]], *args: *Ts) -> T:
        future: asyncio.Future[T] = self._admit()
        if not self._new_reads:
            self._loop.call_soon(self._send_reads)
        self._new_reads.append((future, job, args))
        return await future

    async def write(self, job: Callable[[Tx, *Ts], Coroutine[Any, Any, T]], *args: *Ts) -> T:
        return await self.write_pipelined(job, *args)

    def write_pipelined(self, job: Callable[[Tx, *Ts], Coroutine[Any, Any, T]], *args: *Ts) -> Awaitable[T]:
        future: asyncio.Future[T] = self._admit()
        if not self._new_writes:
            self._loop.call_soon(self._send_writes)
        self._new_writes.append((future, job, args))
        return future

    async def horizon(self) -> int:
        return self._committed

    def committed_position(self) -> int:
        return self._committed

    async def close(self) -> None:
        """Runs what was admitted, then stops the threads and closes the file."""
        if self._closed:
            return
        self._closed = True
        self._send_reads()
        self._send_writes()
        for _ in self._threads:
            self._reads.put(None)
        self._writes.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        await asyncio.to_thread(self._writer.close)
        self._lock.close()

    def _admit(self) -> asyncio.Future[Any]:
        if self._closed:
            raise StoreClosed
        if self._waiting >= limits.MAX_WAITING_JOBS:
            raise StoreBusy
        self._waiting += 1
        return self._loop.create_future()

    def _send_reads(self) -> None:
        works, self._new_reads = self._new_reads, []
        for start in range(0, len(works), limits.MAX_READ_GROUP):
            self._reads.put(works[start : start + limits.MAX_READ_GROUP])

    def _send_writes(self) -> None:
        works, self._new_writes = self._new_writes, []
        if works:
            self._writes.put(works)

    def _acknowledge(self, outcomes: list[_Outcome], position: int) -> None:
        # The position moves on the loop, in the same turn as the callers are told.
        self._waiting -= len(outcomes)
        self._committed = max(self._committed, position)
        for future, value, error in outcomes:
            if future.done():
                continue
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

    # --- on the reader threads ---

    def _run_reader(self) -> None:
        connection = _connect(self._path, apsw.SQLITE_OPEN_READONLY)
        connection.execute("PRAGMA query_only = 1")
        tx = SqliteTx(connection, None)
        while (works := self._reads.get()) is not None:
            self._tell(_read_group(tx, works), 0)
        connection.close()

    # --- on the writer thread ---

    def _run_writer(self) -> None:
        tx = SqliteTx(self._writer, self._saved)
        while (works := self._next_group()) is not None:
            outcomes = self._write_group(tx, works)
            self._tell(outcomes, self._saved)

    def _next_group(self) -> list[_Work] | None:
        works = self._wait_for_writes()
        if works is None:
            return None
        while len(works) < limits.MAX_WRITE_GROUP and not self._writes.empty():
            more = self._writes.get()
            if more is None:
                self._writes.put(None)
                break
            works += more
        return works

    def _wait_for_writes(self) -> list[_Work] | None:
        try:
            return self._writes.get(timeout=limits.STORE_IDLE_S)
        except queue.Empty:
            # Nobody waits: move the log into the file now, so that no commit has to.
            self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            return self._writes.get()

    def _write_group(self, tx: SqliteTx, works: list[_Work]) -> list[_Outcome]:
        execute = tx.execute
        try:
            execute("BEGIN IMMEDIATE")
            outcomes = [self._attempt(tx, *work) for work in works]
            position = tx.position or 0
            if position != self._saved:
                execute("UPDATE positions SET last = ?1", (position,))
            execute("COMMIT")
            self._saved = position
        except BaseException as error:
            if self._writer.in_transaction:
                execute("ROLLBACK")
            return [(future, None, error) for future, _, _ in works]
        return outcomes

    def _attempt(self, tx: SqliteTx, future: asyncio.Future[Any], job: Job[Any], args: tuple[Any, ...]) -> _Outcome:
        execute = tx.execute
        execute("SAVEPOINT job")
        try:
            value = _drive(job, tx, args)
        except BaseException as error:
            # Some errors (disk full, I/O) make SQLite undo the whole transaction by itself.
            if not self._writer.in_transaction:
                raise GroupLost from error
            execute("ROLLBACK TO job")
            execute("RELEASE job")
            return future, None, error
        execute("RELEASE job")
        return future, value, None

    def _tell(self, outcomes: list[_Outcome], position: int) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._acknowledge, outcomes, position)


def _read_group(tx: SqliteTx, works: list[_Work]) -> list[_Outcome]:
    # The snapshot is taken after every job of the group was asked for: each sees all writes acknowledged before it.
    tx.execute("BEGIN")
    outcomes: list[_Outcome] = []
    for future, job, args in works:
        if future.done():
            # Its caller went away.
            outcomes.append((future, None, None))
            continue
        try:
            outcomes.append((future, _drive(job, tx, args), None))
        except BaseException as error:
            outcomes.append((future, None, error))
    tx.execute("COMMIT")
    return outcomes


def _connect(path: str, flags: int) -> apsw.Connection:
    connection = apsw.Connection(path, flags=flags, statementcachesize=limits.MAX_STATEMENTS)
    connection.set_busy_timeout(limits.STORE_BUSY_MS)
    # LIKE tells case apart, as it does on PostgreSQL.
    for pragma in (
        "synchronous = FULL",
        "foreign_keys = 1",
        "cache_size = -32000",
        "temp_store = MEMORY",
        "case_sensitive_like = 1",
        # What was deleted is overwritten, not only unlinked (measured: no difference a send would notice).
        "secure_delete = 1",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _prepare(connection: apsw.Connection, clock: Clock, directory: Path) -> int:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {limits.CHECKPOINT_PAGES}")
    connection.execute("CREATE TABLE IF NOT EXISTS positions (last BIGINT NOT NULL)")
    connection.execute("INSERT INTO positions (last) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM positions)")
    connection.execute(migrations.RECORD_TABLE)
    applied = {number for (number,) in connection.execute(migrations.FIND_APPLIED)}
    for step in migrations.read_migrations(directory):
        if step.number not in applied:
            _apply(connection, step, clock.now_ms())
    return cast(int, connection.execute("SELECT last FROM positions").fetchall()[0][0])


def _apply(connection: apsw.Connection, step: migrations.Migration, now_ms: int) -> None:
    with connection:
        for statement in step.statements:
            connection.execute(sqlite_schema(statement))
        text, _ = sqlite_text(migrations.ADD_APPLIED)
        connection.execute(text, (step.number, step.name, now_ms))


async def open_sqlite(path: str, clock: Clock, directory: Path = migrations.DIRECTORY) -> SqliteStore:
    """Opens or makes the file; StoreBusy when another process holds it, StoreUnusable when it is something else."""
    loop = asyncio.get_running_loop()
    # A storage thread gives the interpreter up at every statement; at Python's 5 ms a busy loop would starve it
    # (measured: 5 jobs/s instead of 500 for one caller).
    sys.setswitchinterval(limits.THREAD_SWITCH_S)
    lock = await asyncio.to_thread(_lock, path)
    try:
        store = SqliteStore(path, loop, lock)
        await asyncio.to_thread(store.start, clock, directory)
    except BaseException as error:
        lock.close()
        if isinstance(error, apsw.NotADBError | apsw.CantOpenError):
            raise StoreUnusable(f"{path} is no SQLite database that can be opened") from error
        raise
    return store


def _lock(path: str) -> IO[bytes]:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    lock = open(f"{path}.lock", "wb")  # noqa: SIM115 - held until the store closes
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise StoreBusy(f"{path} is open in another process: stop the server first") from None
    return lock
