"""Delayed events on both engines."""

from dataclasses import replace

import pytest

from tchap.base import limits
from tchap.storage import delayed_events as storage
from tchap.storage.database import Store
from tchap.storage.delayed_events import DelayedEvent, End, Wanted

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000_000
FIRST = DelayedEvent(
    "d1", "@a:x", "PHONE", "", "t1", "!r", "m.room.message", None, b'{"n":1}', None, 1000, NOW, NOW + 1000
)
SECOND = replace(FIRST, delay_id="d2", txn_id=None, state_key="", delay_ms=500, send_ts=NOW + 500)


async def test_delayed_events_live_and_end(store: Store) -> None:
    """They come due in order, restart, are found by transaction, by page and by status, and end once."""
    for event in (FIRST, SECOND):
        await store.write(storage.add_delayed, event)
    assert await store.read(storage.find_delayed, "d1") == FIRST
    assert await store.read(storage.find_by_transaction, FIRST) == "d1"
    assert await store.read(storage.find_load, "@a:x") == (2, NOW + 500)
    assert await store.read(storage.find_next_ts) == NOW + 500
    assert [each.delay_id for each in await store.read(storage.find_due, NOW + 1000)] == ["d2", "d1"]
    assert await store.write(storage.set_restarted, "d2", NOW + 600) == NOW + 1100
    await store.write(storage.set_postponed, "d1", NOW + 1200)
    assert [each.delay_id for each in await store.read(storage.find_due, NOW + 1200)] == ["d2", "d1"]
    assert await store.write(storage.set_ended, "d2", End("sent", "delay", NOW + 1100, "$e"))
    assert not await store.write(storage.set_ended, "d2", End("cancelled", "action", NOW + 1100))
    assert await store.write(storage.set_restarted, "d2", NOW) is None
    page = await store.read(storage.find_page, "@a:x", Wanted())
    assert [each.delay_id for each in page] == ["d1", "d2"]
    for wanted, found in (
        (Wanted("scheduled"), ["d1"]),
        (Wanted("finalised"), ["d2"]),
        (Wanted("", ("d2", "d9")), ["d2"]),
        (Wanted("", (), 1), ["d2"]),
    ):
        assert [each.delay_id for each in await store.read(storage.find_page, "@a:x", wanted)] == found
    assert await store.write(storage.set_ended, "d1", End("failed", "delay", NOW + limits.FINALISED_MS + 2000))
    assert await store.read(storage.find_delayed, "d2") is None
