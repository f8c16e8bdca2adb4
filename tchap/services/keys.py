"""Publishing, reading and claiming the public keys of devices.

Source: client-server API, "Key management API".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.base.errors import Forbidden, InvalidParam, MatrixError
from tchap.base.identity import Requester
from tchap.protocol.cross_signing import USER_SIGNING
from tchap.protocol.identifiers import server_of
from tchap.services.device_lists import tell_change
from tchap.services.world import World
from tchap.storage import cross_signing, device_keys, device_lists, one_time_keys
from tchap.storage.database import Tx
from tchap.storage.one_time_keys import GivenKey, HeldKey, OneTimeKey


@dataclass(frozen=True, slots=True)
class KeyUpload:
    """What one device publishes; `device_keys` is its signed object, canonical JSON."""

    device_keys: bytes | None = None
    one_time_keys: tuple[OneTimeKey, ...] = ()
    fallback_keys: tuple[OneTimeKey, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """The answer of a query: objects by user id, and the servers that could not be asked."""

    device_keys: dict[str, dict[str, dict[str, Any]]]
    cross_signing: dict[str, dict[str, dict[str, Any]]]
    failures: dict[str, dict[str, Any]]


# A key wanted: whose, of which device, for which algorithm.
Wanted = tuple[str, str, str]


async def upload_keys(world: World, requester: Requester, upload: KeyUpload) -> dict[str, int]:
    """Stores what is new and gives the number of unclaimed one-time keys by algorithm."""
    if not requester.device_id:
        # Application-service API, "Identity assertion": without a device there is nothing to publish keys of.
        raise InvalidParam("Name a device to upload its keys.")
    now_ms = world.clock.now_ms()
    counts, position = await world.store.write(store_keys, requester.user_id, requester.device_id, upload, now_ms)
    world.live.notifier.forget_keys([requester.user_id])
    if position is not None:
        await tell_change(world, requester.user_id, position)
    return counts


async def store_keys(
    tx: Tx, user_id: str, device_id: str, upload: KeyUpload, now_ms: int
) -> tuple[dict[str, int], int | None]:
    """Inside a transaction: what `upload_keys` does; the counts, and the position of the change if there is one."""
    position = None
    if upload.device_keys is not None:
        position = await _store_device_keys(tx, user_id, device_id, upload.device_keys)
    if upload.one_time_keys:
        await one_time_keys.remove_claimed(tx, user_id, device_id, now_ms - limits.CLAIMED_KEYS_MS)
        await _store_one_time_keys(tx, user_id, device_id, upload.one_time_keys)
    if upload.fallback_keys:
        await one_time_keys.set_fallbacks(tx, user_id, device_id, upload.fallback_keys)
    counts = await one_time_keys.count(tx, user_id, device_id)
    if sum(counts.values()) > limits.MAX_ONE_TIME_KEYS:
        raise MatrixError("M_TOO_LARGE", "This device has too many one-time keys.")
    return counts, position


async def _store_device_keys(tx: Tx, user_id: str, device_id: str, keys_json: bytes) -> int | None:
    held = await device_keys.find_device_keys(tx, user_id, device_id)
    if held == keys_json:
        return None
    # "Servers must ensure that device IDs will not collide with cross-signing public keys" ("Cross-signing").
    if any(key.public_key == device_id for key in (await cross_signing.find_keys(tx, user_id)).values()):
        raise Forbidden("This device id is one of your cross-signing keys.")
    if held is not None and _identity_of(held) != _identity_of(keys_json):
        # Another identity: what the former one published, and who vouched for it, says nothing of this one.
        await device_keys.remove_published(tx, user_id, device_id)
    await device_keys.set_device_keys(tx, user_id, device_id, keys_json)
    return await device_lists.add_change(tx, user_id)


def _identity_of(keys_json: bytes) -> object:
    keys = decode_json(keys_json)
    return keys.get("keys") if isinstance(keys, dict) else None


async def _store_one_time_keys(tx: Tx, user_id: str, device_id: str, keys: Sequence[OneTimeKey]) -> None:
    held = await one_time_keys.find_held(tx, user_id, device_id, sorted({key.key_id for key in keys}))
    by_name = {(item.key.algorithm, item.key.key_id): item for item in held}
    new, replaced = [], []
    for key in keys:
        known = by_name.get((key.algorithm, key.key_id))
        if known is None or _is_reused_name(known, key):
            new.append(key)
            replaced += [known.number] if known else []
    await one_time_keys.remove_keys(tx, replaced)
    if new:
        await one_time_keys.add_keys(tx, user_id, device_id, new)


def _is_reused_name(known: HeldKey, key: OneTimeKey) -> bool:
    """False for the same key sent again; a name still held by another key is refused."""
    if known.key.key_json == key.key_json:
        return False
    if not known.is_claimed:
        raise MatrixError("M_UNKNOWN", f"One time key {key.algorithm}:{key.key_id} already exists.")
    return True


async def claim_keys(world: World, wanted: Iterable[Wanted]) -> list[GivenKey]:
    """One key for each device named, if it has any: a one-time key, else its fallback key."""
    local = frozenset(item for item in wanted if server_of(item[0]) in world.settings.instance_names)
    if not local:
        return []
    # One after the other, so that many claims of one device at once do not keep undoing each other.
    given = await world.store.write_pipelined(_claim, local, world.clock.now_ms())
    world.live.notifier.forget_keys({user_id for user_id, *_ in local})
    return given


async def _claim(tx: Tx, wanted: frozenset[Wanted], now_ms: int) -> list[GivenKey]:
    given = await _claim_one_time_keys(tx, wanted, now_ms)
    if missing := wanted - _names(given):
        given += await _claim_fallbacks(tx, missing)
    return given


async def _claim_one_time_keys(tx: Tx, wanted: frozenset[Wanted], now_ms: int) -> list[GivenKey]:
    users, algorithms = _users_and_algorithms(wanted)
    found = await one_time_keys.find_next(tx, users, algorithms)
    numbers = [number for name, number in found.items() if name in wanted]
    return await one_time_keys.set_claimed(tx, numbers, now_ms) if numbers else []


async def _claim_fallbacks(tx: Tx, wanted: frozenset[Wanted]) -> list[GivenKey]:
    found = await one_time_keys.find_fallbacks(tx, _users_and_algorithms(wanted)[0])
    taken = {number: given for number, given in found.items() if _name(given) in wanted}
    if taken:
        await one_time_keys.set_fallbacks_used(tx, list(taken))
    return list(taken.values())


def _users_and_algorithms(wanted: frozenset[Wanted]) -> tuple[list[str], list[str]]:
    return sorted({user_id for user_id, _, _ in wanted}), sorted({algorithm for _, _, algorithm in wanted})


def _name(given: GivenKey) -> Wanted:
    return given.user_id, given.device_id, given.key.algorithm


def _names(given: Iterable[GivenKey]) -> frozenset[Wanted]:
    return frozenset(map(_name, given))


async def query_keys(world: World, requester: Requester, wanted: Mapping[str, Sequence[str]]) -> PublishedKeys:
    """The device and cross-signing keys of these people; an empty list of devices means all of them."""
    local = [user_id for user_id in wanted if server_of(user_id) in world.settings.instance_names]
    found = await world.store.read(_find_published, local, requester.user_id)
    devices, keys, signatures = found
    added = _by_target(signatures)
    answer = PublishedKeys({user_id: {} for user_id in local}, {}, _unreachable(wanted, local))
    for device in devices:
        if not wanted[device.user_id] or device.device_id in wanted[device.user_id]:
            shown = _with_signatures(device.keys_json, added.get((device.user_id, device.device_id), []))
            shown["unsigned"] = {"device_display_name": device.display_name} if device.display_name else {}
            answer.device_keys[device.user_id][device.device_id] = shown
    for key in keys:
        # A user-signing key is "only visible to the user that it belongs to" ("Cross-signing").
        if key.usage != USER_SIGNING or key.user_id == requester.user_id:
            shown = _with_signatures(key.key_json, added.get((key.user_id, key.public_key), []))
            answer.cross_signing.setdefault(key.usage, {})[key.user_id] = shown
    return answer


async def _find_published(
    tx: Tx, user_ids: Sequence[str], reader: str
) -> tuple[list[device_keys.DeviceKeys], list[cross_signing.StoredKey], list[cross_signing.Signature]]:
    return (
        await device_keys.find_keys_of(tx, user_ids),
        await cross_signing.find_keys_of(tx, user_ids),
        await cross_signing.find_signatures(tx, user_ids, reader),
    )


def _by_target(
    signatures: Iterable[cross_signing.Signature],
) -> dict[tuple[str, str], list[cross_signing.Signature]]:
    grouped: dict[tuple[str, str], list[cross_signing.Signature]] = {}
    for signature in signatures:
        grouped.setdefault((signature.user_id, signature.target), []).append(signature)
    return grouped


def _with_signatures(key_json: bytes, added: Iterable[cross_signing.Signature]) -> dict[str, Any]:
    shown = decode_json(key_json)
    assert isinstance(shown, dict)
    for signature in added:
        signatures = shown.setdefault("signatures", {})
        signatures.setdefault(signature.signer, {})[signature.key_id] = signature.signature
    return shown


def _unreachable(wanted: Iterable[str], local: Sequence[str]) -> dict[str, dict[str, Any]]:
    remote = {server_of(user_id) for user_id in wanted} - {server_of(user_id) for user_id in local}
    return {server: {"errcode": "M_UNREACHABLE", "error": "This server is not a partner."} for server in remote}


async def find_changes(world: World, requester: Requester, since: int) -> tuple[list[str], list[str]]:
    """Who changed after `since` among those sharing a room with the user, and who may share none any more."""
    # `to` is "a hint": what changed after it is told as well, which costs a client one look at keys it has.
    upto = await world.store.horizon()
    return await world.store.read(_find_changes, requester.user_id, since, upto)


async def _find_changes(tx: Tx, user_id: str, since: int, upto: int) -> tuple[list[str], list[str]]:
    changed = set(await device_lists.find_changed_users(tx, user_id, since, upto))
    met = await device_lists.find_met(tx, user_id, since)
    sharing = await device_lists.find_sharing(tx, user_id, sorted(met))
    return sorted(changed | sharing), sorted(met - sharing)
