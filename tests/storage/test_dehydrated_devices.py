"""The dehydrated device on both engines."""

import pytest

from tchap.services import dehydrated_devices as use_case
from tchap.services.dehydrated_devices import Dehydration
from tchap.services.keys import KeyUpload
from tchap.storage import dehydrated_devices as storage
from tchap.storage.database import Store
from tchap.storage.dehydrated_devices import DehydratedDevice

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000_000


async def test_one_device_sleeps_at_a_time(store: Store) -> None:
    """A second one takes the place of the first, and the end of the device is its end."""
    for name in ("A", "B"):
        device = DehydratedDevice("@a:x", name, b'{"n":1}')
        assert await store.write(use_case._replace, Dehydration(device, None, KeyUpload(b"{}")), NOW)
        assert await store.read(storage.find_dehydrated, "@a:x") == device
    assert (await store.write(use_case._remove, "@a:x"))[0] == "B"
    assert await store.read(storage.find_dehydrated, "@a:x") is None
