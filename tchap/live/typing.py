"""Who is typing in which room, until when (client-server API, "Typing Notifications"). Lost at restart."""

from __future__ import annotations

import asyncio

from tchap.base import limits
from tchap.base.clock import Clock
from tchap.live.notifier import Notifier


class Typing:
    """Serials only grow, also across restarts: they begin at the wall clock in milliseconds."""

    def __init__(self, notifier: Notifier, clock: Clock) -> None:
        self._notifier = notifier
        self._rooms: dict[str, dict[str, asyncio.TimerHandle]] = {}
        self._serials: dict[str, int] = {}
        self.serial = clock.now_ms()

    def start(self, room_id: str, user_id: str, timeout_ms: int) -> None:
        """The person types, for ``timeout_ms`` unless they say so again."""
        typists = self._rooms.setdefault(room_id, {})
        known = typists.pop(user_id, None)
        if known is not None:
            known.cancel()
        elif len(typists) >= limits.MAX_TYPISTS:
            return
        timeout_s = min(timeout_ms, limits.MAX_TYPING_MS) / 1000
        typists[user_id] = asyncio.get_running_loop().call_later(timeout_s, self.stop, room_id, user_id)
        if known is None:
            self._changed(room_id)

    def stop(self, room_id: str, user_id: str) -> None:
        typists = self._rooms.get(room_id, {})
        handle = typists.pop(user_id, None)
        if handle is None:
            return
        handle.cancel()
        if not typists:
            del self._rooms[room_id]
        self._changed(room_id)

    def typists(self, room_id: str) -> list[str]:
        return list(self._rooms.get(room_id, ()))

    def changed_since(self, room_id: str, serial: int) -> bool:
        return self._serials.get(room_id, 0) > serial

    def _changed(self, room_id: str) -> None:
        self.serial += 1
        self._serials.pop(room_id, None)
        self._serials[room_id] = self.serial
        if len(self._serials) > limits.MAX_TYPING_ROOMS:
            del self._serials[next(iter(self._serials))]
        self._notifier.tell_ephemeral((room_id,), self.serial)
