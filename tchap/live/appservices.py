"""What application services are to be told of: who must wake up, and news that are not stored."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Any

from tchap.base import limits


class AppServiceNews:
    """Events wait on disk, so that none is lost; typing and receipts wait here, the oldest giving way."""

    def __init__(self) -> None:
        self._wakers: dict[str, asyncio.Event] = {}
        self._ephemeral: dict[str, deque[dict[str, Any]]] = {}
        # Whom each service believes to be typing where: typing ends by itself, without anybody's act.
        self.typing: dict[tuple[str, str], list[str]] = {}
        self._witnesses: OrderedDict[tuple[str, str], str] = OrderedDict()

    def waker(self, service_id: str) -> asyncio.Event:
        """Set when there is something for the service."""
        return self._wakers.setdefault(service_id, asyncio.Event())

    def tell(self, service_ids: Iterable[str]) -> None:
        """Events for these services were committed."""
        for service_id in service_ids:
            self.waker(service_id).set()

    def tell_ephemeral(self, service_id: str, event: dict[str, Any]) -> None:
        waiting = self._ephemeral.setdefault(service_id, deque(maxlen=limits.MAX_APPSERVICE_EPHEMERAL))
        waiting.append(event)
        self.waker(service_id).set()

    def take_ephemeral(self, service_id: str) -> list[dict[str, Any]]:
        """What waits for the service, which is then forgotten."""
        waiting = self._ephemeral.get(service_id)
        if not waiting:
            return []
        return [waiting.popleft() for _ in range(min(len(waiting), limits.MAX_APPSERVICE_EVENTS))]

    def witness(self, service_id: str, room_id: str) -> str | None:
        """A user of the service last seen in the room: usually still there, so that nobody else is looked at."""
        return self._witnesses.get((service_id, room_id))

    def keep_witness(self, service_id: str, room_id: str, user_id: str) -> None:
        self._witnesses[service_id, room_id] = user_id
        if len(self._witnesses) > limits.MAX_LIVE_ROOMS:
            self._witnesses.popitem(last=False)
