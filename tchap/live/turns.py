"""Work that takes much memory: little of it at once, and a queue that ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tchap.base.errors import LimitExceeded


class Turns:
    """`at_once` work, `max_waiting` wait; who comes then is told to try again."""

    def __init__(self, at_once: int, max_waiting: int, retry_ms: int) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._room = at_once + max_waiting
        self._retry_ms = retry_ms

    @contextlib.asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """One turn, for the time of the block. LimitExceeded."""
        if self._room <= 0:
            raise LimitExceeded(self._retry_ms)
        self._room -= 1
        try:
            async with self._turns:
                yield
        finally:
            self._room += 1
