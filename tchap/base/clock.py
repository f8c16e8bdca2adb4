"""Time, given through World so that tests can turn it by hand."""

from __future__ import annotations

import asyncio
import time


class Clock:
    """The machine's clock; tests give a subclass that moves only when told."""

    def now_ms(self) -> int:
        """Wall time in milliseconds since 1970 (Matrix timestamps, `origin_server_ts`)."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that never go backwards, for measuring waits."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let other tasks run for at least `seconds`."""
        await asyncio.sleep(seconds)
