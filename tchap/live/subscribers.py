"""What memory knows of a person who synced lately: the rooms they hear of, and what moved in them since.

The index knows nothing from before a subscriber's ``known_from``; then the disk is asked for everything.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from tchap.base import limits
from tchap.protocol.notices import RuleVersion, Unread


@dataclass(slots=True, eq=False)
class Waiter:
    """One sync in progress. It is registered before the facts are collected, so no change falls between."""

    subscriber: Subscriber
    device_id: str = ""
    told: asyncio.Event = field(default_factory=asyncio.Event)
    refusal: Exception | None = None

    async def wait(self, timeout_s: float) -> bool:
        """True once something was told since the last call; False when the time is over.

        Raises what the person was refused with meanwhile.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self.told.wait()
        except TimeoutError:
            return False
        if self.refusal is not None:
            raise self.refusal
        self.told.clear()
        return True


@dataclass(slots=True)
class DeviceMemory:
    """What one device was given lately.

    ``sent`` maps (room, member) to the membership event it has, and the position of the token that says so;
    ``last_message`` is the position of the last message given and perhaps not yet forgotten, 0 when there is none and
    None when memory does not know; ``keys`` are its counts of one-time keys and its unused fallback keys, None when
    they must be read; ``keys_epoch`` moves when they change.
    """

    sent: OrderedDict[tuple[str, str], tuple[str, int]] = field(default_factory=OrderedDict)
    last_message: int | None = None
    keys: tuple[dict[str, int], tuple[str, ...]] | None = None
    keys_epoch: int = 0

    def sent_in(self, room_id: str, people: Iterable[str], since: int) -> dict[str, str]:
        """Of these people the membership events that a device with the token ``since`` has."""
        found = {}
        for user_id in people:
            event_id, position = self.sent.get((room_id, user_id), ("", 0))
            if event_id and position <= since:
                found[user_id] = event_id
        return found

    def forget_sent(self, room_ids: Collection[str]) -> None:
        for key in [key for key in self.sent if key[0] in room_ids] if room_ids else ():
            del self.sent[key]

    def note_sent(self, room_id: str, user_id: str, event_id: str, position: int) -> None:
        self.sent[room_id, user_id] = (event_id, position)
        self.sent.move_to_end((room_id, user_id))
        if len(self.sent) > limits.MAX_SENT_MEMBERS:
            self.sent.popitem(last=False)


@dataclass(frozen=True, slots=True)
class ReceiptNews:
    """A public receipt and when it became known; ``thread_id`` is empty for an unthreaded one."""

    position: int
    room_id: str
    event_id: str
    user_id: str
    thread_id: str
    ts: int


@dataclass(slots=True)
class RoomReceipts:
    """The latest public receipts of a room: all of those after ``from_position``."""

    recent: deque[ReceiptNews] = field(default_factory=deque)
    from_position: int = 0

    @property
    def last_position(self) -> int:
        return max((receipt.position for receipt in self.recent), default=self.from_position)

    def add(self, receipt: ReceiptNews) -> None:
        self.recent.append(receipt)
        if len(self.recent) > limits.MAX_RECENT_RECEIPTS:
            self.from_position = max(self.from_position, self.recent.popleft().position)


@dataclass(frozen=True, slots=True)
class UnreadMemory:
    """The person's unread notifications in a room by thread, as they were at a position."""

    position: int
    counts: Mapping[str, Unread]


@dataclass(slots=True, eq=False)
class Subscriber:
    """What memory knows of one person's news. Positions are those of facts; ``rooms_told`` is in order of telling.

    ``is_stale``: the rooms may not be all those the person is in. ``ignored`` and ``rules`` hold as long as nothing was
    told of the person themselves.
    """

    user_id: str
    rooms: frozenset[str] = frozenset()
    known_from: int | None = None
    is_stale: bool = True
    user_told: int = 0
    last_told: int = 0
    last_given: int = 0
    rooms_told: OrderedDict[str, int] = field(default_factory=OrderedDict)
    receipts_told: OrderedDict[str, int] = field(default_factory=OrderedDict)
    typing_told: OrderedDict[str, int] = field(default_factory=OrderedDict)
    holes: list[tuple[int, int]] = field(default_factory=list)
    waiters: set[Waiter] = field(default_factory=set)
    devices: OrderedDict[str, DeviceMemory] = field(default_factory=OrderedDict)
    unread: OrderedDict[str, UnreadMemory] = field(default_factory=OrderedDict)
    unread_epoch: int = 0
    ignored: frozenset[str] = frozenset()
    rules: RuleVersion | None = None

    def device(self, device_id: str) -> DeviceMemory:
        found = self.devices.setdefault(device_id, DeviceMemory())
        self.devices.move_to_end(device_id)
        if len(self.devices) > limits.MAX_REMEMBERED_DEVICES:
            self.devices.popitem(last=False)
        return found

    def knows(self, since: int) -> bool:
        """Whether the index holds every change after ``since``."""
        return self.known_from is not None and since >= self.known_from

    def rooms_since(self, since: int) -> dict[str, int]:
        """The rooms with events told after ``since``, each with the position of the last."""
        return _told_after(self.rooms_told, since)

    def receipts_since(self, since: int) -> dict[str, int]:
        """The rooms with public receipts told after ``since``."""
        return _told_after(self.receipts_told, since)

    def typing_since(self, serial: int) -> dict[str, int]:
        """The rooms where the people typing changed after ``serial``."""
        return _told_after(self.typing_told, serial)

    def mend(self, since: int) -> int:
        """``since``, or lower when a fact below it was told only after the token had been given."""
        for low, high in self.holes:
            if low <= since <= high:
                since = low - 1
        return since

    def _hear(self, position: int) -> None:
        if position <= self.last_given:
            self.holes = [*self.holes[-limits.MAX_SYNC_HOLES :], (position, self.last_given)]
        self.last_told = max(self.last_told, position)
        self.wake()

    def hear_room(self, room_id: str, position: int) -> None:
        # A late fact is filed under the newest position, so that the order of the index stays that of positions.
        self._hear(position)
        self.rooms_told[room_id] = self.last_told
        self.rooms_told.move_to_end(room_id)

    def hear_receipt(self, room_id: str, position: int) -> None:
        self._hear(position)
        self.receipts_told[room_id] = self.last_told
        self.receipts_told.move_to_end(room_id)

    def hear_user(self, position: int) -> None:
        self._hear(position)
        self.user_told = self.last_told
        self.is_stale = True

    def keep_unread(self, room_id: str, memory: UnreadMemory) -> None:
        self.unread[room_id] = memory
        self.unread.move_to_end(room_id)
        if len(self.unread) > limits.MAX_UNREAD_ROOMS:
            self.unread.popitem(last=False)

    def wake(self) -> None:
        for waiter in self.waiters:
            waiter.told.set()


def _told_after(told: OrderedDict[str, int], since: int) -> dict[str, int]:
    found = {}
    for room_id, position in reversed(told.items()):
        if position <= since:
            break
        found[room_id] = position
    return found
