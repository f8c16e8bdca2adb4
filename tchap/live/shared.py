"""Questions being asked at this moment: who wants the same answer waits for the one under way."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """One question per key at a time; kept only while it is asked."""

    def __init__(self) -> None:
        self._asked: dict[str, asyncio.Task[T]] = {}

    @property
    def count(self) -> int:
        return len(self._asked)

    def is_asked(self, key: str) -> bool:
        return key in self._asked

    async def share(self, key: str, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer of `ask`, or of the same question already under way; it is asked to the end whoever leaves."""
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.ensure_future(_run(ask))
            task.add_done_callback(lambda _: self._asked.pop(key, None))
        return await asyncio.shield(task)

    def close(self) -> None:
        """The server stops: nobody waits for an answer any more."""
        for task in self._asked.values():
            task.cancel()


async def _run(ask: Callable[[], Awaitable[T]]) -> T:
    return await ask()
