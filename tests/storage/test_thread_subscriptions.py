"""Thread subscriptions on both engines."""

import pytest

from tchap.storage import thread_subscriptions as storage
from tchap.storage.database import Store
from tchap.storage.thread_subscriptions import ThreadKey, ThreadSubscription

pytestmark = pytest.mark.anyio


async def test_a_subscription_keeps_its_last_change(store: Store) -> None:
    """Setting it again moves it to a new position; the changes of a span come the latest first."""
    one, two = ThreadKey("@a:x", "!r", "$1"), ThreadKey("@a:x", "!r", "$2")
    first = await store.write(storage.set_subscription, one, True, True)
    second = await store.write(storage.set_subscription, two, True, False)
    third = await store.write(storage.set_subscription, one, False, False)
    assert first < second < third
    assert await store.read(storage.find_subscription, one) == ThreadSubscription("!r", "$1", False, False, third)
    assert await store.read(storage.find_subscription, ThreadKey("@b:x", "!r", "$1")) is None
    assert await store.read(storage.count_subscriptions, "@a:x") == 2
    found = await store.read(storage.find_changes, "@a:x", (first, third), 5)
    assert [(each.root, each.position) for each in found] == [("$1", third), ("$2", second)]
