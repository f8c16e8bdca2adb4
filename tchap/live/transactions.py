"""What devices sent lately under their transaction ids: a repeated request gets the first one's answer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from tchap.base import limits

# Client-server API, "Transaction identifiers": scoped to a device and an endpoint.
TransactionKey = tuple[str, str, str, str]


class TransactionCache:
    """Key to the future event id: a repetition that comes before the first is committed waits for it."""

    def __init__(self) -> None:
        self._answers: OrderedDict[TransactionKey, asyncio.Future[str]] = OrderedDict()

    async def find(self, key: TransactionKey) -> str | None:
        """The event id the first attempt was answered, awaited if need be; None makes the caller the first."""
        while (answer := self._answers.get(key)) is not None:
            # `wait` shares nothing of a caller's fate: one who goes away, first or waiting, takes no other along.
            await asyncio.wait((answer,))
            if not answer.cancelled():
                return answer.result()
        return None

    def begin(self, key: TransactionKey) -> asyncio.Future[str]:
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answers[key] = answer
        if len(self._answers) > limits.MAX_CACHED_TRANSACTIONS:
            self._answers.popitem(last=False)
        return answer

    def give_up(self, key: TransactionKey, answer: asyncio.Future[str]) -> None:
        """The first attempt failed: the next one is a first attempt again."""
        if self._answers.get(key) is answer:
            del self._answers[key]
        if not answer.done():
            answer.cancel()
