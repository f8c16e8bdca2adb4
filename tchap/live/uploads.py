"""Downloads that wait for a content announced but not yet uploaded."""

import asyncio


class Uploads:
    """Wakes whoever waits for a file. Kept per file only while somebody waits."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], set[asyncio.Event]] = {}

    async def wait(self, name: tuple[str, str], timeout_s: float) -> None:
        """Returns once the file (server, media id) was told of, or after the time given."""
        event = asyncio.Event()
        waiting = self._waiting.setdefault(name, set())
        waiting.add(event)
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            return
        finally:
            waiting.discard(event)
            if not waiting and self._waiting.get(name) is waiting:
                del self._waiting[name]

    def tell(self, name: tuple[str, str]) -> None:
        for event in self._waiting.get(name, ()):
            event.set()
