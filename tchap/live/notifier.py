"""Who waits for news, and what each waiting person missed: the memory behind a long poll.

A *subscriber* is a person who has synced lately. Telling a change costs one step per subscriber concerned, and leaves
behind an index of what changed for whom, so that a sync that comes with a recent token asks the disk only for what
moved. The index knows nothing from before a subscriber's ``known_from``; then the disk is asked for everything.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tchap.base import limits


@dataclass(slots=True, eq=False)
class Waiter:
    """One sync in progress. It is registered before the facts are collected, so no change falls between."""

    subscriber: Subscriber
    told: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, timeout_s: float) -> bool:
        """True once something was told since the last call; False when the time is over."""
        try:
            async with asyncio.timeout(timeout_s):
                await self.told.wait()
        except TimeoutError:
            return False
        self.told.clear()
        return True


@dataclass(slots=True)
class DeviceMemory:
    """What one device was given lately. ``sent`` maps (room, member) to the membership event it has, and the position
    of the token that says so; ``delivered`` is up to where its messages have been forgotten."""

    sent: OrderedDict[tuple[str, str], tuple[str, int]] = field(default_factory=OrderedDict)
    delivered: int = -1

    def sent_in(self, room_id: str, people: Iterable[str], since: int) -> dict[str, str]:
        """Of these people the membership events that a device with the token ``since`` has."""
        found = {}
        for user_id in people:
            event_id, position = self.sent.get((room_id, user_id), ("", 0))
            if event_id and position <= since:
                found[user_id] = event_id
        return found

    def note_sent(self, room_id: str, user_id: str, event_id: str, position: int) -> None:
        self.sent[room_id, user_id] = (event_id, position)
        self.sent.move_to_end((room_id, user_id))
        if len(self.sent) > limits.MAX_SENT_MEMBERS:
            self.sent.popitem(last=False)


@dataclass(slots=True, eq=False)
class Subscriber:
    """What memory knows of one person's news. Positions are those of facts; ``rooms_told`` is in order of telling.

    ``is_stale``: the rooms may not be all those the person is in.
    """

    user_id: str
    rooms: frozenset[str] = frozenset()
    known_from: int | None = None
    is_stale: bool = True
    user_told: int = 0
    last_told: int = 0
    last_given: int = 0
    rooms_told: OrderedDict[str, int] = field(default_factory=OrderedDict)
    typing_told: OrderedDict[str, int] = field(default_factory=OrderedDict)
    holes: list[tuple[int, int]] = field(default_factory=list)
    waiters: set[Waiter] = field(default_factory=set)
    devices: OrderedDict[str, DeviceMemory] = field(default_factory=OrderedDict)

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
        """The rooms told of after ``since``, each with its last position."""
        found = {}
        for room_id, position in reversed(self.rooms_told.items()):
            if position <= since:
                break
            found[room_id] = position
        return found

    def typing_since(self, serial: int) -> list[str]:
        """The rooms where the people typing changed after ``serial``."""
        found = []
        for room_id, at in reversed(self.typing_told.items()):
            if at <= serial:
                break
            found.append(room_id)
        return found

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

    def hear_user(self, position: int) -> None:
        self._hear(position)
        self.user_told = self.last_told
        self.is_stale = True

    def wake(self) -> None:
        for waiter in self.waiters:
            waiter.told.set()


class Notifier:
    """Tells changes to those who wait. Call ``tell`` after the commit, never before."""

    def __init__(self) -> None:
        self._subscribers: OrderedDict[str, Subscriber] = OrderedDict()
        self._by_room: dict[str, set[Subscriber]] = {}
        self._highest_told = 0
        self.stopped = False

    def tell(self, position: int, rooms: Iterable[str] = (), users: Iterable[str] = ()) -> None:
        """A fact at ``position`` is committed: it concerns the members of ``rooms``, and ``users`` themselves.

        Whoever enters or leaves a room, or is invited to one, must be among ``users``.
        """
        self._highest_told = max(self._highest_told, position)
        for room_id in rooms:
            for subscriber in self._by_room.get(room_id, ()):
                subscriber.hear_room(room_id, position)
        for user_id in users:
            found = self._subscribers.get(user_id)
            if found is not None:
                found.hear_user(position)

    def tell_ephemeral(self, rooms: Iterable[str], serial: int = 0) -> None:
        """Something that is not stored (typing) changed in ``rooms``."""
        for room_id in rooms:
            for subscriber in self._by_room.get(room_id, ()):
                subscriber.typing_told[room_id] = serial
                subscriber.typing_told.move_to_end(room_id)
                subscriber.wake()

    def listen(self, user_id: str) -> Waiter:
        """A waiter that hears what concerns the person; it must be given back to ``leave``."""
        subscriber = self._subscribers.get(user_id)
        if subscriber is None:
            subscriber = self._subscribers[user_id] = Subscriber(user_id)
            self._forget_idle()
        self._subscribers.move_to_end(user_id)
        waiter = Waiter(subscriber)
        subscriber.waiters.add(waiter)
        if self.stopped:
            waiter.told.set()
        return waiter

    def leave(self, waiter: Waiter) -> None:
        waiter.subscriber.waiters.discard(waiter)

    def follow(self, subscriber: Subscriber, rooms: frozenset[str]) -> None:
        """The person is now in exactly ``rooms``; what was told of them before may not have been heard."""
        if rooms == subscriber.rooms and subscriber.known_from is not None:
            return
        for room_id in subscriber.rooms - rooms:
            self._unfollow(subscriber, room_id)
        for room_id in rooms - subscriber.rooms:
            self._by_room.setdefault(room_id, set()).add(subscriber)
        subscriber.rooms = rooms
        subscriber.known_from = self._highest_told

    def _unfollow(self, subscriber: Subscriber, room_id: str) -> None:
        subscriber.rooms_told.pop(room_id, None)
        subscriber.typing_told.pop(room_id, None)
        members = self._by_room.get(room_id)
        if members is not None:
            members.discard(subscriber)
            if not members:
                del self._by_room[room_id]

    def _forget_idle(self) -> None:
        if len(self._subscribers) <= limits.MAX_SUBSCRIBERS:
            return
        idle = next((found for found in self._subscribers.values() if not found.waiters), None)
        if idle is not None:
            del self._subscribers[idle.user_id]
            for room_id in idle.rooms:
                self._unfollow(idle, room_id)

    def stop(self) -> None:
        """The server stops: every long poll ends now."""
        self.stopped = True
        for subscriber in self._subscribers.values():
            subscriber.wake()
