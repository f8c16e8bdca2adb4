"""Rendezvous sessions on both engines."""

import pytest

from tchap.storage import rendezvous as storage
from tchap.storage.database import Store
from tchap.storage.rendezvous import Session, Write

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000_000


async def test_a_session_is_written_in_turn(store: Store) -> None:
    """Each write names the one before; the same write again is the same; an old session is swept by a new one."""
    session = Session("plain-1", b"a", 1, NOW + 1000)
    assert await store.write(storage.add_session, session, NOW)
    assert await store.read(storage.find_session, "plain-1", NOW) == session
    assert await store.write(storage.set_data, "plain-1", Write(b"b", 1, "t")) == 2
    assert await store.write(storage.set_data, "plain-1", Write(b"b", 1, "t")) == 2
    assert await store.write(storage.set_data, "plain-1", Write(b"c", 1)) is None
    assert await store.read(storage.find_session, "plain-1", NOW + 1000) is None
    assert await store.write(storage.add_session, Session("plain-2", b"", 1, NOW + 3000), NOW + 1000)
    assert not await store.write(storage.remove_session, "plain-1")
    assert await store.write(storage.remove_session, "plain-2")
