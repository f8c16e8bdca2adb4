"""Key backups on both engines."""

import asyncio

import pytest

from tchap.protocol.key_backup import KeyRank
from tchap.services import key_backup as use_case
from tchap.storage import key_backup
from tchap.storage.database import Store
from tchap.storage.key_backup import BackedUpKey

pytestmark = pytest.mark.anyio

ALICE = "@alice:agent.prefectures.tchap.example.fr"


def backed_up(session_id: str, index: int = 0, room_id: str = "!a:x", verified: bool = False) -> BackedUpKey:
    return BackedUpKey(room_id, session_id, KeyRank(verified, index, 0), b'{"ciphertext":"%d"}' % index)


async def test_versions_are_never_reused(store: Store) -> None:
    """A new version follows the highest ever given, deleted ones included."""
    assert await store.write(key_backup.add_backup, ALICE, "a", b"{}") == 1
    assert await store.write(key_backup.add_backup, ALICE, "a", b"{}") == 2
    await store.write(key_backup.set_deleted, ALICE, 2)
    current = await store.read(key_backup.find_current, ALICE)
    assert current is not None
    assert current.version == 1
    assert await store.write(key_backup.add_backup, ALICE, "a", b"{}") == 3


async def test_counts_and_etags_follow_the_keys(store: Store) -> None:
    """The count is that of the sessions kept; the etag moves when, and only when, something was kept or removed."""
    await store.write(key_backup.add_backup, ALICE, "a", b"{}")
    first = await store.write(
        use_case._store, ALICE, "1", [backed_up("s1", 5), backed_up("s2"), backed_up("s1", 1, "!b:x")]
    )
    assert (first.key_count, first.etag) == (3, 1)
    worse = await store.write(use_case._store, ALICE, "1", [backed_up("s1", 6)])
    assert (worse.key_count, worse.etag) == (3, 1)
    better = await store.write(use_case._store, ALICE, "1", [backed_up("s1", 4), backed_up("s3")])
    assert (better.key_count, better.etag) == (4, 2)
    room = await store.read(key_backup.find_room_keys, ALICE, 1, "!a:x")
    assert {key.session_id: key.rank.first_message_index for key in room} == {"s1": 4, "s2": 0, "s3": 0}
    gone = await store.write(use_case._remove, ALICE, use_case.Scope("1", "!a:x", "s1"))
    assert (gone.key_count, gone.etag) == (3, 3)
    again = await store.write(use_case._remove, ALICE, use_case.Scope("1", "!a:x", "s1"))
    assert (again.key_count, again.etag) == (3, 3)
    rooms = await store.write(use_case._remove, ALICE, use_case.Scope("1", "!a:x"))
    assert rooms.key_count == 1
    everything = await store.write(use_case._remove, ALICE, use_case.Scope("1"))
    assert everything.key_count == 0


async def test_two_writers_keep_the_better_key(store: Store) -> None:
    """Devices that back up one session at once leave the best key, counted once."""
    await store.write(key_backup.add_backup, ALICE, "a", b"{}")
    uploads = [store.write(use_case._store, ALICE, "1", [backed_up("s", index)]) for index in (3, 1, 2, 5)]
    await asyncio.gather(*uploads)
    [key] = await store.read(key_backup.find_keys, ALICE, 1)
    assert key.rank.first_message_index == 1
    current = await store.read(key_backup.find_current, ALICE)
    assert current is not None
    assert current.key_count == 1


async def test_a_large_batch_is_one_write(store: Store) -> None:
    """Two thousand sessions of many rooms go in at once and come back whole."""
    await store.write(key_backup.add_backup, ALICE, "a", b"{}")
    batch = [backed_up(f"s{number}", room_id=f"!{number % 90}:x") for number in range(2_000)]
    state = await store.write(use_case._store, ALICE, "1", batch)
    assert state.key_count == 2_000
    assert len(await store.read(key_backup.find_keys, ALICE, 1)) == 2_000
