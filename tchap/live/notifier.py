"""Who waits for news, and what each waiting person missed: the memory behind a long poll.

A *subscriber* is a person who has synced lately. Telling a change costs one step per subscriber concerned, and leaves
behind an index of what changed for whom, so that a sync that comes with a recent token asks the disk only for what
moved.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from tchap.base import limits
from tchap.live.subscribers import ReceiptNews, RoomReceipts, Subscriber, UnreadMemory, Waiter


class Notifier:
    """Tells changes to those who wait. Call ``tell`` after the commit, never before."""

    def __init__(self) -> None:
        self._subscribers: OrderedDict[str, Subscriber] = OrderedDict()
        self._by_room: dict[str, set[Subscriber]] = {}
        self._receipts: OrderedDict[str, RoomReceipts] = OrderedDict()
        self._receipts_from = 0
        self._highest_told = 0
        self.stopped = False

    def tell(self, position: int, rooms: Iterable[str] = (), users: Iterable[str] = ()) -> None:
        """A fact at ``position`` is committed: it is an event of ``rooms``, or concerns ``users`` themselves.

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

    def forget_unread(self, room_ids: Iterable[str]) -> None:
        """What was unread in the rooms changed without anything being told: it is counted again."""
        for room_id in room_ids:
            for subscriber in self._by_room.get(room_id, ()):
                subscriber.unread.pop(room_id, None)
                subscriber.unread_epoch += 1

    def tell_receipt(self, receipt: ReceiptNews) -> None:
        """A public receipt is committed: it concerns the members of its room."""
        self._highest_told = max(self._highest_told, receipt.position)
        followers = self._by_room.get(receipt.room_id, ())
        if followers:
            self._keep_receipt(receipt)
        for subscriber in followers:
            subscriber.hear_receipt(receipt.room_id, receipt.position)

    def _keep_receipt(self, receipt: ReceiptNews) -> None:
        kept = self._receipts.setdefault(receipt.room_id, RoomReceipts())
        kept.add(receipt)
        self._receipts.move_to_end(receipt.room_id)
        if len(self._receipts) > limits.MAX_RECEIPT_ROOMS:
            _, gone = self._receipts.popitem(last=False)
            self._receipts_from = max(self._receipts_from, gone.last_position)

    def receipts_since(self, room_id: str, since: int, upto: int) -> list[ReceiptNews] | None:
        """The room's public receipts in the window, oldest first; None when memory does not hold them all."""
        kept = self._receipts.get(room_id)
        if kept is None or since < max(self._receipts_from, kept.from_position):
            return None
        return [receipt for receipt in kept.recent if since < receipt.position <= upto]

    def tell_ephemeral(self, rooms: Iterable[str], serial: int = 0) -> None:
        """Something that is not stored (typing) changed in ``rooms``."""
        for room_id in rooms:
            for subscriber in self._by_room.get(room_id, ()):
                subscriber.typing_told[room_id] = serial
                subscriber.typing_told.move_to_end(room_id)
                subscriber.wake()

    def listen(self, user_id: str, device_id: str = "") -> Waiter:
        """A waiter of this device that hears what concerns the person; it must be given back to ``leave``."""
        subscriber = self._subscribers.get(user_id)
        if subscriber is None:
            subscriber = self._subscribers[user_id] = Subscriber(user_id)
            self._forget_idle()
        self._subscribers.move_to_end(user_id)
        waiter = Waiter(subscriber, device_id)
        subscriber.waiters.add(waiter)
        if self.stopped:
            waiter.told.set()
        return waiter

    def leave(self, waiter: Waiter) -> None:
        waiter.subscriber.waiters.discard(waiter)

    def refuse(self, user_id: str, error: Exception, device_id: str | None = None) -> None:
        """The person, or one device, may not wait here any more: every poll of theirs ends now, with this error."""
        found = self._subscribers.get(user_id)
        for waiter in found.waiters if found is not None else ():
            if device_id in (None, waiter.device_id):
                waiter.refusal = error
                waiter.told.set()

    def follow(self, subscriber: Subscriber, rooms: frozenset[str], committed: int) -> None:
        """The person is now in exactly ``rooms``; what was told of them before may not have been heard.

        ``committed`` is the last committed position: facts up to it may stem from before this process began, when
        nobody was told anything here.
        """
        if rooms == subscriber.rooms and subscriber.known_from is not None:
            return
        for room_id in subscriber.rooms - rooms:
            self._unfollow(subscriber, room_id)
        for room_id in rooms - subscriber.rooms:
            self._by_room.setdefault(room_id, set()).add(subscriber)
        subscriber.rooms = rooms
        subscriber.known_from = max(self._highest_told, committed)

    def _unfollow(self, subscriber: Subscriber, room_id: str) -> None:
        subscriber.rooms_told.pop(room_id, None)
        subscriber.typing_told.pop(room_id, None)
        subscriber.receipts_told.pop(room_id, None)
        members = self._by_room.get(room_id)
        if members is not None:
            members.discard(subscriber)
            if not members:
                del self._by_room[room_id]

    def note_read(self, user_id: str, room_id: str, read_all_upto: int | None) -> None:
        """The person read something in the room: their counts there are derived anew, unless they read all of it."""
        found = self._subscribers.get(user_id)
        if found is None:
            return
        found.unread_epoch += 1
        found.unread.pop(room_id, None)
        if read_all_upto is not None:
            found.keep_unread(room_id, UnreadMemory(read_all_upto, {}))

    def forget_keys(self, user_ids: Iterable[str]) -> None:
        """One-time or fallback keys of these people's devices came or went: their counts are read anew."""
        for user_id in user_ids:
            found = self._subscribers.get(user_id)
            for device in found.devices.values() if found is not None else ():
                device.keys = None
                device.keys_epoch += 1

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
