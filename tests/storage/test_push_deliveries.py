"""The queue of notifications and its ledger, on both engines."""

from dataclasses import replace

import pytest

from tchap.storage import push_deliveries as queue
from tchap.storage.database import Store, Tx
from tchap.storage.push_deliveries import Delivery, PusherState, Subject
from tchap.storage.push_secrets import keep_secrets
from tchap.storage.pushers import Pusher, find_pusher, set_badge_due, set_pusher, with_fresh_token

BOB = "@bob:example.org"
PHONE = Pusher(BOB, "org.example", "phone", "http", "App", "Phone", None, "fr", b"{}", "DEVICE")


async def add_events(tx: Tx, count: int, now_ms: int) -> None:
    subjects = [Subject(f"${number}", "!r:example.org", number, "main", "[]") for number in range(count)]
    await queue.add_deliveries(tx, [queue.of_event(PHONE, subject, now_ms) for subject in subjects])


async def prepare(tx: Tx) -> None:
    await set_pusher(tx, PHONE, 1, append=False)
    await add_events(tx, 3, 1_000)


async def waiting(tx: Tx) -> list[Delivery]:
    return await queue.find_waiting(tx, PHONE.key, 50)


@pytest.mark.anyio
async def test_a_pusher_is_claimed_once_and_waits_after_a_failure(store: Store) -> None:
    """Of two processes one serves a pusher; a failure makes it wait, a success ends the wait."""

    async def story(tx: Tx) -> None:
        await prepare(tx)
        assert await queue.find_due(tx, 2_000) == [PHONE.key]
        assert await queue.claim(tx, PHONE.key, 2_000)
        assert not await queue.claim(tx, PHONE.key, 2_000)
        assert await queue.find_due(tx, 2_000) == []
        await queue.set_state(tx, PHONE.key, PusherState(1, 2_000, 0, None), 9_000)
        assert await queue.find_due(tx, 8_999) == []
        assert await queue.find_due(tx, 9_000) == [PHONE.key]
        assert await queue.find_state(tx, PHONE.key) == PusherState(1, 2_000, 0, None)
        await queue.set_wait(tx, PHONE.key, 0)
        assert await queue.find_due(tx, 1) == [PHONE.key]

    await store.write(story)


@pytest.mark.anyio
async def test_what_waits_collapses_to_the_newest(store: Store) -> None:
    """Old notifications give way to the newest; what ended stays in the ledger until it is old."""

    async def story(tx: Tx) -> None:
        await prepare(tx)
        assert await queue.collapse(tx, PHONE.key) == 2
        (newest,) = await waiting(tx)
        assert newest.event_id == "$2"
        await queue.set_outcomes(tx, [(newest.delivery_id, "sent", "200")], 5_000)
        assert await waiting(tx) == []
        kept = await queue.find_ledger(tx, BOB, 2**62, 10)
        assert [each.outcome for each in kept] == ["sent", "collapsed", "collapsed"]
        assert kept[0] == replace(newest, attempts=1, sent_ts=5_000, outcome="sent", answer="200")
        assert await queue.remove_old(tx, 1_000) == 0
        assert await queue.remove_old(tx, 1_001) == 3

    await store.write(story)


@pytest.mark.anyio
async def test_what_waits_for_nobody_ends(store: Store) -> None:
    """Notifications of a pusher that went are dropped, by the sweep or at once."""

    async def story(tx: Tx) -> None:
        await add_events(tx, 2, 1_000)
        assert await queue.end_orphans(tx) == 2
        await prepare(tx)
        await queue.end_waiting(tx, PHONE.key, "dropped")
        assert await waiting(tx) == []

    await store.write(story)


@pytest.mark.anyio
async def test_a_count_is_told_only_where_one_was_told_before(store: Store) -> None:
    """A badge is due for a pusher that shows one, or that is being called; what was asked meanwhile is kept."""

    async def story(tx: Tx) -> None:
        await set_pusher(tx, PHONE, 1, append=False)
        await set_badge_due(tx, [BOB], 1_000)
        assert await queue.find_due(tx, 100_000) == []
        await queue.set_state(tx, PHONE.key, PusherState(0, None, 3, None), 0)
        await set_badge_due(tx, [BOB], 1_000)
        assert await queue.find_due(tx, 1_000) == []
        assert await queue.find_due(tx, 2_000) == [PHONE.key]
        await queue.set_state(tx, PHONE.key, PusherState(0, None, 3, 1), 0)
        assert await queue.find_due(tx, 2_000) == [PHONE.key], "another request than the one that was served"
        await queue.set_state(tx, PHONE.key, PusherState(0, None, 0, 2_000), 0)
        assert await queue.find_due(tx, 2_000) == []

    await store.write(story)


@pytest.mark.anyio
async def test_mails_and_secrets_are_remembered(store: Store) -> None:
    """The last mail about a room is known until it is old; secrets are made once; an activation is kept."""

    async def story(tx: Tx) -> None:
        await queue.set_mailed(tx, BOB, ["!a", "!b"], 5)
        await queue.set_mailed(tx, BOB, ["!b"], 9)
        assert await queue.find_mailed(tx, BOB, ["!a", "!b", "!c"]) == {"!a": 5, "!b": 9}
        assert await queue.remove_old_mails(tx, 6) == 1
        assert await keep_secrets(tx, {"one": b"1"}, 1) == {"one": b"1"}
        assert await keep_secrets(tx, {"one": b"2", "two": b"2"}, 2) == {"one": b"1", "two": b"2"}
        await set_pusher(tx, with_fresh_token(PHONE, "token", 7), 3, append=True)
        assert await find_pusher(tx, PHONE.key) == replace(
            PHONE, is_activated=False, ack_token="token", ack_until_ts=7, created_ts=3
        )

    await store.write(story)
