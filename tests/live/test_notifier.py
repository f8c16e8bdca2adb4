"""The index of news behind a long poll."""

import asyncio

from tchap.live.notifier import Notifier
from tests.support.house import SOON_S

USER = "@ariane:test.example.fr"
ROOM = "!salon:test.example.fr"


def test_a_fact_told_late_is_looked_for_again() -> None:
    """Where a token was given past a fact that was told only afterwards, the next sync looks from before the fact."""
    notifier = Notifier()
    subscriber = notifier.listen(USER).subscriber
    notifier.follow(subscriber, frozenset({ROOM}), 0)
    notifier.tell(8, rooms=[ROOM])
    subscriber.last_given = 8
    notifier.tell(7, rooms=[ROOM])
    assert subscriber.mend(8) == 6
    assert subscriber.mend(6) == 6
    assert subscriber.rooms_since(6) == {ROOM: 8}
    assert subscriber.mend(9) == 9


def test_memory_knows_nothing_from_before_it_listened() -> None:
    """What was told before the person was followed may have been missed, and is not claimed to be known."""
    notifier = Notifier()
    notifier.tell(5, rooms=[ROOM])
    subscriber = notifier.listen(USER).subscriber
    notifier.follow(subscriber, frozenset({ROOM}), 0)
    assert not subscriber.knows(4)
    assert subscriber.knows(5)


def test_memory_knows_nothing_from_before_this_process() -> None:
    """After a restart nothing was told yet, and what is on disk is not claimed to be known."""
    notifier = Notifier()
    subscriber = notifier.listen(USER).subscriber
    notifier.follow(subscriber, frozenset({ROOM}), committed=40)
    assert not subscriber.knows(39)
    assert subscriber.knows(40)


def test_many_tellings_wake_once() -> None:
    """A waiter told several things before it runs wakes one time."""

    async def story() -> None:
        notifier = Notifier()
        waiter = notifier.listen(USER)
        notifier.follow(waiter.subscriber, frozenset({ROOM}), 0)
        for position in (1, 2, 3):
            notifier.tell(position, rooms=[ROOM])
        assert await waiter.wait(1)
        assert not await waiter.wait(0.01)

    asyncio.run(story())


def test_a_stop_ends_every_wait() -> None:
    """When the server stops nobody goes on waiting, and nobody begins to."""

    async def story() -> None:
        notifier = Notifier()
        waiter = notifier.listen(USER)
        waiting = asyncio.create_task(waiter.wait(30))
        await asyncio.sleep(0)
        notifier.stop()
        assert await asyncio.wait_for(waiting, SOON_S)
        assert await notifier.listen(USER).wait(1)

    asyncio.run(story())
