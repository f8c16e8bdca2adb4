"""What encryption keeps, on both engines."""

import asyncio
from collections.abc import Sequence

import pytest

from tchap.services import keys as use_case
from tchap.storage import cross_signing, device_keys, device_lists, devices, one_time_keys, to_device
from tchap.storage.cross_signing import Signature, StoredKey
from tchap.storage.database import Store, Tx
from tchap.storage.devices import Device
from tchap.storage.memberships import Membership, set_memberships
from tchap.storage.one_time_keys import OneTimeKey
from tchap.storage.to_device import Addressed, Transaction

pytestmark = pytest.mark.anyio

ALICE = "@alice:agent.prefectures.tchap.example.fr"
BRUNO = "@bruno:agent.hopitaux.tchap.example.fr"
CHLOE = "@chloe:agent.prefectures.tchap.example.fr"
ALGORITHM = "signed_curve25519"
NOW = 1_800_000_000_000


def key(number: int) -> OneTimeKey:
    return OneTimeKey(ALGORITHM, f"K{number:02}", b'{"key":"%d"}' % number)


async def add_device(store: Store, user_id: str, device_id: str) -> None:
    await store.write(devices.add_device, Device(user_id, device_id, None, NOW))


async def claim(store: Store, *wanted: tuple[str, str, str]) -> list[str]:
    given = await store.write_pipelined(use_case._claim, frozenset(wanted), NOW)
    return sorted(item.key.key_id for item in given)


async def test_one_time_keys_are_given_in_the_order_they_came(store: Store) -> None:
    """Each claim takes a key of the oldest upload, and the count goes down."""
    await store.write(one_time_keys.add_keys, ALICE, "PHONE", [key(9)])
    await store.write(one_time_keys.add_keys, ALICE, "PHONE", [key(1)])
    assert await store.read(one_time_keys.count, ALICE, "PHONE") == {ALGORITHM: 2}
    assert await claim(store, (ALICE, "PHONE", ALGORITHM)) == ["K09"]
    assert await claim(store, (ALICE, "PHONE", ALGORITHM)) == ["K01"]
    assert await claim(store, (ALICE, "PHONE", ALGORITHM)) == []
    assert await store.read(one_time_keys.count, ALICE, "PHONE") == {}


async def test_two_claims_never_get_the_same_key(store: Store) -> None:
    """Forty people who claim at once get thirty different keys, then the fallback key."""
    await store.write(one_time_keys.add_keys, ALICE, "PHONE", [key(number) for number in range(30)])
    await store.write(one_time_keys.set_fallbacks, ALICE, "PHONE", [key(99)])
    claims = [claim(store, (ALICE, "PHONE", ALGORITHM)) for _ in range(40)]
    given = [name for names in await asyncio.gather(*claims) for name in names]
    assert len(given) == 40
    once = [name for name in given if name != "K99"]
    assert sorted(once) == [f"K{number:02}" for number in range(30)]


async def test_claims_outside_the_pipeline_are_as_exact(store: Store) -> None:
    """Jobs that meet on two connections never give out one key twice either."""
    await store.write(one_time_keys.add_keys, ALICE, "PHONE", [key(number) for number in range(6)])
    wanted = frozenset([(ALICE, "PHONE", ALGORITHM)])
    answers = await asyncio.gather(*(store.write(use_case._claim, wanted, NOW) for _ in range(6)))
    given = [item.key.key_id for answer in answers for item in answer]
    assert sorted(given) == [f"K{number:02}" for number in range(6)]


async def test_the_fallback_key_is_marked_when_it_is_given(store: Store) -> None:
    """A fallback key goes out when nothing else is left, stays, is told as used, and a new one is unused again."""
    await store.write(one_time_keys.set_fallbacks, ALICE, "PHONE", [key(1)])
    assert await store.read(one_time_keys.unused_fallback_types, ALICE, "PHONE") == [ALGORITHM]
    assert await claim(store, (ALICE, "PHONE", ALGORITHM)) == ["K01"]
    assert await claim(store, (ALICE, "PHONE", ALGORITHM)) == ["K01"]
    assert await store.read(one_time_keys.unused_fallback_types, ALICE, "PHONE") == []
    await store.write(one_time_keys.set_fallbacks, ALICE, "PHONE", [key(1)])
    assert await store.read(one_time_keys.unused_fallback_types, ALICE, "PHONE") == []
    await store.write(one_time_keys.set_fallbacks, ALICE, "PHONE", [key(2)])
    assert await store.read(one_time_keys.unused_fallback_types, ALICE, "PHONE") == [ALGORITHM]


async def test_one_claim_serves_many_devices(store: Store) -> None:
    """Each device named gets one key; a device with none, or not named, gets nothing."""
    for user_id, device_id, number in ((ALICE, "PHONE", 1), (ALICE, "DESK", 2), (BRUNO, "PHONE", 3)):
        await store.write(one_time_keys.add_keys, user_id, device_id, [key(number)])
    wanted = ((ALICE, "PHONE", ALGORITHM), (BRUNO, "PHONE", ALGORITHM), (BRUNO, "NONE", ALGORITHM))
    assert await claim(store, *wanted) == ["K01", "K03"]
    assert await store.read(one_time_keys.count, ALICE, "DESK") == {ALGORITHM: 1}


async def test_a_device_that_ends_leaves_nothing(store: Store) -> None:
    """Its keys, its one-time and fallback keys, the signatures on it and its messages go; another device keeps all."""
    for device_id in ("PHONE", "DESK"):
        await store.write(device_keys.set_device_keys, ALICE, device_id, b"{}")
        await store.write(one_time_keys.add_keys, ALICE, device_id, [key(1)])
        await store.write(one_time_keys.set_fallbacks, ALICE, device_id, [key(2)])
        await store.write(to_device.add_messages, [Addressed(ALICE, device_id, b"{}")])
        signature = Signature(ALICE, device_id, ALICE, "ed25519:S", "sig")
        await store.write(cross_signing.add_signatures, [signature])
    await store.write(device_keys.remove_device, ALICE, "PHONE")
    upto = await store.horizon()
    for device_id, is_there in (("PHONE", False), ("DESK", True)):
        assert (await store.read(device_keys.find_device_keys, ALICE, device_id) is not None) is is_there
        assert bool(await store.read(one_time_keys.count, ALICE, device_id)) is is_there
        assert bool(await store.read(one_time_keys.unused_fallback_types, ALICE, device_id)) is is_there
        assert bool(await store.read(to_device.find_messages, ALICE, device_id, (0, upto), 9)) is is_there
    left = await store.read(cross_signing.find_signatures, [ALICE], ALICE)
    assert [item.target for item in left] == ["DESK"]


async def test_messages_wait_until_they_are_acknowledged(store: Store) -> None:
    """Messages come in order, by pages, and stay until their positions are acknowledged."""
    await store.write(to_device.add_messages, [Addressed(ALICE, "PHONE", b"%d" % n) for n in range(5)])
    upto = await store.horizon()
    page = await store.read(to_device.find_messages, ALICE, "PHONE", (0, upto), 3)
    assert [message.message_json for message in page] == [b"0", b"1", b"2"]
    rest = await store.read(to_device.find_messages, ALICE, "PHONE", (page[-1].position, upto), 3)
    assert [message.message_json for message in rest] == [b"3", b"4"]
    again = await store.read(to_device.find_messages, ALICE, "PHONE", (0, upto), 9)
    assert len(again) == 5
    assert await store.write(to_device.remove_messages, ALICE, "PHONE", page[-1].position) == 3
    left = await store.read(to_device.find_messages, ALICE, "PHONE", (0, upto), 9)
    assert [message.message_json for message in left] == [b"3", b"4"]


async def test_a_send_is_known_by_its_transaction(store: Store) -> None:
    """The same transaction is new once per device and type, and is forgotten when it is old."""
    sent = Transaction(ALICE, "PHONE", "m.dummy", "1")
    assert await store.write(to_device.add_transaction, sent, NOW)
    assert not await store.write(to_device.add_transaction, sent, NOW + 1)
    assert await store.write(to_device.add_transaction, Transaction(ALICE, "DESK", "m.dummy", "1"), NOW)
    await store.write(to_device.remove_transactions, ALICE, "PHONE", NOW + 1)
    assert await store.write(to_device.add_transaction, sent, NOW + 2)


async def stay(store: Store, user_id: str, room_id: str, membership: str = "join") -> int:
    async def job(tx: Tx) -> int:
        position = await tx.next_position()
        await set_memberships(tx, [Membership(user_id, room_id, membership, f"${position}", user_id, position)])
        return position

    return await store.write(job)


async def changed(store: Store, user_id: str, since: int) -> list[str]:
    return sorted(await store.read(device_lists.find_changed_users, user_id, since, 10_000))


async def test_changes_are_told_to_those_who_share_a_room(store: Store) -> None:
    """A change is seen by the person and by whoever shares a room now, after it happened and not before."""
    for user_id, room_id in ((ALICE, "!a:x"), (BRUNO, "!a:x"), (CHLOE, "!b:x")):
        await stay(store, user_id, room_id)
    position = await store.write(device_lists.add_change, ALICE)
    assert await changed(store, BRUNO, position - 1) == [ALICE]
    assert await changed(store, ALICE, position - 1) == [ALICE]
    assert await changed(store, CHLOE, 0) == []
    assert await changed(store, BRUNO, position) == []
    assert await store.read(device_lists.find_users_sharing, ALICE) == [BRUNO]
    await stay(store, BRUNO, "!a:x", "leave")
    assert await changed(store, BRUNO, 0) == []
    assert await store.read(device_lists.find_sharing, ALICE, [BRUNO, CHLOE]) == set()


async def test_who_came_and_who_went(store: Store) -> None:
    """Those met since a position are those who came into a common room, or parted from it."""
    await stay(store, ALICE, "!a:x")
    await stay(store, BRUNO, "!a:x")
    since = await stay(store, ALICE, "!b:x")
    assert await store.read(device_lists.find_met, ALICE, since) == set()
    last = await stay(store, CHLOE, "!b:x")
    assert await store.read(device_lists.find_met, ALICE, since) == {CHLOE}
    await stay(store, BRUNO, "!a:x", "leave")
    assert await store.read(device_lists.find_met, ALICE, last) == {BRUNO}
    assert await store.read(device_lists.find_met, BRUNO, last) == {ALICE}


async def test_a_signature_on_anothers_key_concerns_the_signer_alone(store: Store) -> None:
    """Only who made a user signature learns of it, by the name of whom was signed."""
    position = await store.write(device_lists.add_signature_changes, ALICE, [BRUNO, CHLOE])
    assert await changed(store, ALICE, 0) == [BRUNO, CHLOE]
    assert await changed(store, BRUNO, 0) == []
    assert await changed(store, ALICE, position) == []


async def test_signatures_are_shown_to_those_concerned(store: Store) -> None:
    """The owner's own signatures are for all, another person's for that person alone."""
    await store.write(cross_signing.set_keys, [StoredKey(BRUNO, "master", "BM", b"{}")])
    made: Sequence[Signature] = [
        Signature(BRUNO, "BM", BRUNO, "ed25519:PHONE", "own"),
        Signature(BRUNO, "BM", ALICE, "ed25519:AU", "alice's"),
    ]
    await store.write(cross_signing.add_signatures, made)
    seen = {
        reader: sorted(item.signature for item in await store.read(cross_signing.find_signatures, [BRUNO], reader))
        for reader in (ALICE, BRUNO, CHLOE)
    }
    assert seen == {ALICE: ["alice's", "own"], BRUNO: ["own"], CHLOE: ["own"]}
    await store.write(cross_signing.remove_signatures_by, ALICE, ["ed25519:AU"])
    assert [item.signature for item in await store.read(cross_signing.find_signatures, [BRUNO], ALICE)] == ["own"]


async def test_queries_name_devices(store: Store) -> None:
    """Published keys come with the name their owner gave the device."""
    await store.write(devices.add_device, Device(ALICE, "PHONE", "Téléphone", NOW))
    await store.write(device_keys.set_device_keys, ALICE, "PHONE", b"{}")
    found = await store.read(device_keys.find_keys_of, [ALICE, BRUNO])
    assert [(item.device_id, item.display_name) for item in found] == [("PHONE", "Téléphone")]
    assert await store.read(device_keys.find_device_ids, ALICE, ["PHONE", "OTHER"]) == {"PHONE"}
