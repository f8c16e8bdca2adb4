"""Connections to PostgreSQL and the transactions on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from tchap.base import limits
from tchap.storage.jobs import CommitUnknown, GroupLost

BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
BEGIN_WRITE = "BEGIN ISOLATION LEVEL REPEATABLE READ"
CONNECTION_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CannotConnectNowError,
    ConnectionError,
)


class Pool:
    """At most `size` connections, made when needed and used again as they are: jobs leave nothing in a session."""

    def __init__(self, url: str, size: int) -> None:
        self._url = url
        self._size = size
        self._free = asyncio.Semaphore(size)
        self._idle: list[Any] = []

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        """An open connection, for the length of the block. ConnectionError when it dies in it, CommitUnknown apart."""
        async with self._free:
            connection = self._find_idle() or await self._connect()
            try:
                yield connection
            except CommitUnknown:
                raise
            except Exception as error:
                # The driver names a lost connection in many ways; the last is confusion over its parting words.
                if connection.is_closed() or isinstance(error, asyncpg.InternalClientError):
                    connection.terminate()
                    raise ConnectionResetError from error
                raise
            finally:
                if not connection.is_closed():
                    self._idle.append(connection)

    def expire(self) -> None:
        """Drops the idle connections: one was lost, so the database was probably restarted."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.terminate()

    async def close(self) -> None:
        """Closes every connection, once whoever uses it has ended."""
        for _ in range(self._size):
            await self._free.acquire()
        while self._idle:
            await self._idle.pop().close()

    def _find_idle(self) -> Any | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def _connect(self) -> Any:
        connection = await asyncpg.connect(
            self._url,
            statement_cache_size=limits.MAX_STATEMENTS,
            # No statement here is worth compiling: where PostgreSQL guesses otherwise it takes half a second to.
            server_settings={"synchronous_commit": "on", "application_name": "tchap", "jit": "off"},
        )
        await connection.set_type_codec(
            "numeric", schema="pg_catalog", encoder=str, decoder=_parse_numeric, format="text"
        )
        return connection


@asynccontextmanager
async def transaction(connection: Any, begin: str) -> AsyncIterator[None]:
    """Commits at the end of the block, or undoes it. CommitUnknown: the connection died while the commit was asked for;
    GroupLost: PostgreSQL undid it instead."""
    try:
        await connection.execute(begin)
        yield
        ending = await _commit(connection)
    except BaseException:
        await _undo(connection)
        raise
    if ending != "COMMIT":
        # A job swallowed an error of the database: PostgreSQL then undoes everything and says so only here.
        raise GroupLost


async def _commit(connection: Any) -> str:
    try:
        tag: str = await connection.execute("COMMIT")
    except Exception as error:
        if connection.is_closed():
            raise CommitUnknown from error
        raise
    return tag


async def _undo(connection: Any) -> None:
    try:
        await connection.execute("ROLLBACK")
    except Exception:
        # Whatever state it is in, nobody must find it in the pool.
        connection.terminate()


def _parse_numeric(text: str) -> int | float:
    """A sum of BIGINTs is NUMERIC on PostgreSQL and an integer on SQLite: give what SQLite gives."""
    return float(text) if "." in text else int(text)
