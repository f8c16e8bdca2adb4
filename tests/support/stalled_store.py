"""A real store between two hands: one holds back or breaks the writes a test chooses, one counts the statements."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from tchap.base.errors import MatrixError


class Broken(MatrixError):
    """The commit the test chose to break: refused rather than failed, so that no server log is written."""


class StalledStore:
    """Passes jobs on in the order given. Between ``stall`` and ``release`` appends wait; ``broken`` ones fail."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.stalled: list[Callable[[], None]] | None = None
        self.is_waiting = asyncio.Event()
        self.broken: set[int] = set()
        self.reads = 0
        self.writes = 0
        self.statements: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def stall(self) -> None:
        self.stalled = []

    def release(self) -> None:
        waiting, self.stalled = self.stalled or [], None
        for start in waiting:
            start()

    async def read(self, job: Any, *args: Any) -> Any:
        self.reads += 1
        return await self.inner.read(job, *args)

    def write_pipelined(self, job: Any, *args: Any) -> asyncio.Future[Any]:
        """The numbers of ``broken`` count from the first append, 0."""
        if job.__name__ not in ("write_append", "write_both"):
            return asyncio.ensure_future(self.inner.write_pipelined(job, *args))
        is_broken = self.writes in self.broken
        self.writes += 1

        async def counted(tx: Any, *given: Any) -> Any:
            answer = await job(_CountedTx(tx, self.statements), *given)
            if is_broken:
                raise Broken("M_UNKNOWN", "Broken by the test.")
            return answer

        told: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self.stalled is None:
            self._start(counted, args, told)
        else:
            self.is_waiting.set()
            self.stalled.append(lambda: self._start(counted, args, told))
        return told

    def _start(self, job: Any, args: tuple[Any, ...], told: asyncio.Future[Any]) -> None:
        def pass_on(done: asyncio.Future[Any]) -> None:
            error = done.exception()
            if error is None:
                told.set_result(done.result())
            else:
                told.set_exception(error)

        asyncio.ensure_future(self.inner.write_pipelined(job, *args)).add_done_callback(pass_on)


class _CountedTx:
    def __init__(self, inner: Any, statements: list[str]) -> None:
        self._inner = inner
        self._statements = statements

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def all(self, sql: str, *params: Any) -> Any:
        self._statements.append(sql)
        return await self._inner.all(sql, *params)

    async def one(self, sql: str, *params: Any) -> Any:
        self._statements.append(sql)
        return await self._inner.one(sql, *params)

    async def run(self, sql: str, *params: Any) -> Any:
        self._statements.append(sql)
        return await self._inner.run(sql, *params)

    async def many(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        self._statements.append(sql)
        await self._inner.many(sql, rows)
