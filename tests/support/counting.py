"""How many statements an answer costs: a store that counts what is read and written."""

import contextlib
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from typing import Any

from tchap.services.world import World


@dataclass(slots=True)
class Count:
    statements: int = 0


@contextlib.contextmanager
def count_statements(world: World) -> Iterator[Count]:
    """Counts every statement of the transactions begun meanwhile."""
    count, store = Count(), world.store
    world.store = _CountingStore(store, count)  # type: ignore[assignment]
    try:
        yield count
    finally:
        world.store = store


class _CountingStore:
    def __init__(self, store: Any, count: Count) -> None:
        self._store, self._count = store, count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read(self, job: Any, *args: Any) -> Any:
        return await self._store.read(self._counted(job), *args)

    async def write(self, job: Any, *args: Any) -> Any:
        return await self._store.write(self._counted(job), *args)

    def write_pipelined(self, job: Any, *args: Any) -> Awaitable[Any]:
        answer: Awaitable[Any] = self._store.write_pipelined(self._counted(job), *args)
        return answer

    def _counted(self, job: Any) -> Any:
        async def run(tx: Any, *args: Any) -> Any:
            return await job(_CountingTx(tx, self._count), *args)

        return run


class _CountingTx:
    def __init__(self, tx: Any, count: Count) -> None:
        self._tx, self._count = tx, count

    def __getattr__(self, name: str) -> Any:
        self._count.statements += 1
        return getattr(self._tx, name)
