"""The queue of an application service, on both engines."""

import pytest

from tchap.base import limits
from tchap.storage import appservices
from tchap.storage.appservices import Batch
from tchap.storage.database import Store
from tchap.storage.events import IN_TIMELINE, StoredEvent, add_events

pytestmark = pytest.mark.anyio

COUNT = limits.MAX_APPSERVICE_EVENTS + 5


def event(position: int) -> StoredEvent:
    name, client = f"$e{position}", b'{"content":{}}'
    facts = (position, position, position, "m.room.message", None, "@a:test.example.fr", 1)
    return StoredEvent(name, "!r", *facts, None, None, None, None, IN_TIMELINE, None, None, client, b"{}")


async def fill(store: Store) -> None:
    events = [event(position) for position in range(1, COUNT + 1)]
    await store.write(add_events, events)
    for service in ("one", "two"):
        await store.write(appservices.add_to_queue, [(service, e.position or 0, e.event_id) for e in events])


def ids(batch: Batch | None) -> list[str]:
    return [event.event_id for event in batch.events] if batch is not None else []


async def test_a_transaction_stays_the_same_until_it_is_taken(store: Store) -> None:
    """Begun again it has its number and its events; once taken, the rest follow under the next number."""
    await fill(store)
    first = await store.write(appservices.begin_transaction, "one")
    assert ids(first) == [f"$e{number}" for number in range(1, limits.MAX_APPSERVICE_EVENTS + 1)]
    await store.write(add_events, [event(COUNT + 1)])
    await store.write(appservices.add_to_queue, [("one", COUNT + 1, f"$e{COUNT + 1}")])
    assert await store.write(appservices.begin_transaction, "one") == first
    await store.write(appservices.end_transaction, "one", 1)
    second = await store.write(appservices.begin_transaction, "one")
    assert second is not None
    assert second.txn_id == 2
    assert ids(second) == [f"$e{number}" for number in range(limits.MAX_APPSERVICE_EVENTS + 1, COUNT + 2)]
    await store.write(appservices.end_transaction, "one", 2)
    assert await store.write(appservices.begin_transaction, "one") is None
    assert await store.write(appservices.next_transaction, "one") == 3


async def test_services_do_not_disturb_each_other(store: Store) -> None:
    """What one took still waits for the other."""
    await fill(store)
    await store.write(appservices.begin_transaction, "one")
    await store.write(appservices.end_transaction, "one", 1)
    assert len(ids(await store.write(appservices.begin_transaction, "two"))) == limits.MAX_APPSERVICE_EVENTS
