"""When the next delayed event is due: what wakes the duty that sends them."""

from __future__ import annotations

import asyncio


class DelayedAlarm:
    """Rings at a time, or as soon as an earlier one is set."""

    def __init__(self) -> None:
        self._earlier = asyncio.Event()
        self._next_ts: int | None = None

    def hear(self, due_ts: int) -> None:
        """Something is due then (ms since 1970)."""
        if self._next_ts is None or due_ts < self._next_ts:
            self._earlier.set()

    def begin(self) -> None:
        """Before looking what is due: whatever is set from here on is heard."""
        self._next_ts = None
        self._earlier.clear()

    async def wait(self, next_ts: int | None, timeout_s: float) -> None:
        """Until the timeout, which is the time to `next_ts` as far as the caller knows, or something earlier."""
        self._next_ts = next_ts
        try:
            async with asyncio.timeout(timeout_s):
                await self._earlier.wait()
        except TimeoutError:
            return
