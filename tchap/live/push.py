"""What wakes the duties that notify devices: an append, or a receipt, only sets these."""

from __future__ import annotations

import asyncio


class PushAlarm:
    """``seen_upto`` is how far events were looked at without anything to tell, further than the disk knows."""

    def __init__(self) -> None:
        self.events = asyncio.Event()
        self.pushers = asyncio.Event()
        self.seen_upto = 0

    def hear_events(self) -> None:
        """Something was appended."""
        self.events.set()

    def hear_pushers(self) -> None:
        """Something waits for a pusher."""
        self.pushers.set()
