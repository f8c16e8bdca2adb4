"""Publishing cross-signing keys, and signatures on keys. Source: client-server API, "Cross-signing"."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tchap.base.encoding import decode_json
from tchap.base.errors import Forbidden, MatrixError, MissingParam
from tchap.base.identity import Requester
from tchap.protocol.canonical import encode_lenient
from tchap.protocol.cross_signing import MASTER, SELF_SIGNING, USAGES, USER_SIGNING, CrossSigningKey, check_signed
from tchap.protocol.signing import ALGORITHM, BadSignature, signed_bytes
from tchap.services import interactive_auth
from tchap.services.cross_signing_reset import end_reset
from tchap.services.device_lists import tell_change
from tchap.services.world import World
from tchap.storage import cross_signing, device_keys, device_lists
from tchap.storage.cross_signing import Signature, StoredKey
from tchap.storage.database import Tx


class _NeedsConfirmation(Exception):
    """The keys would replace others: only the account's owner may do that."""


@dataclass(frozen=True, slots=True)
class SignedObject:
    """An object a client signed: whose key it is, the key's name (device id or public key), the object."""

    user_id: str
    target: str
    json: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one signature was not kept."""

    user_id: str
    target: str
    errcode: str
    error: str


async def upload_cross_signing_keys(
    world: World,
    requester: Requester,
    keys: Sequence[CrossSigningKey],
    auth: dict[str, Any] | None,
    account_url: str,
) -> None:
    """Publishes the user's keys. The first ones, and the same ones again, ask for nothing; others for the password, or
    from an application signed in by OAuth 2.0 for a confirmation on the account page.

    Raises M_INVALID_SIGNATURE, M_MISSING_PARAM when there is no master key, M_FORBIDDEN when a key is a device's id.
    """
    # POST /keys/device_signing/upload: application services are never asked.
    confirmed = requester.is_appservice
    try:
        position = await world.store.write(_publish, requester.user_id, keys, confirmed)
    except _NeedsConfirmation:
        await _confirm(world, requester, auth, account_url)
        position = await world.store.write(_publish, requester.user_id, keys, True)
        await end_reset(world, requester.user_id)
    if position is not None:
        await tell_change(world, requester.user_id, position)


async def _confirm(world: World, requester: Requester, auth: dict[str, Any] | None, account_url: str) -> None:
    if requester.is_oauth:
        await interactive_auth.require_confirmed_reset(world, requester, auth, account_url)
    else:
        await interactive_auth.require_password_again(world, requester, auth)


async def _publish(tx: Tx, user_id: str, keys: Sequence[CrossSigningKey], confirmed: bool) -> int | None:
    held = await cross_signing.find_keys(tx, user_id)
    new = [key for key in keys if not _is_held(key, held)]
    master = next((key.public_key for key in keys if key.usage == MASTER), None) or _public(held.get(MASTER))
    if master is None:
        raise MissingParam("master_key")
    if not new:
        return None
    for key in new:
        _check_signed_by_master(key, user_id, master)
    await _check_no_device_id(tx, user_id, new)
    if MASTER in held and not confirmed:
        raise _NeedsConfirmation
    await _replace(tx, user_id, held, new)
    return await device_lists.add_change(tx, user_id)


def _is_held(key: CrossSigningKey, held: Mapping[str, StoredKey]) -> bool:
    known = held.get(key.usage)
    if known is None or known.public_key != key.public_key:
        return False
    stored = decode_json(known.key_json)
    return isinstance(stored, dict) and signed_bytes(stored) == signed_bytes(key.json)


def _public(key: StoredKey | None) -> str | None:
    return key.public_key if key else None


def _check_signed_by_master(key: CrossSigningKey, user_id: str, master: str) -> None:
    if key.usage == MASTER:
        return
    try:
        check_signed(key.json, user_id, f"{ALGORITHM}:{master}", master)
    except BadSignature as error:
        raise MatrixError(
            "M_INVALID_SIGNATURE",
            f"The {key.usage} key is not signed by the master key.",
            "Une clé n'est pas signée par la clé maîtresse.",
        ) from error


async def _check_no_device_id(tx: Tx, user_id: str, keys: Sequence[CrossSigningKey]) -> None:
    """ "Servers must ensure that device IDs will not collide with cross-signing public keys"."""
    if await device_keys.find_device_ids(tx, user_id, [key.public_key for key in keys]):
        raise Forbidden("Key ID in use: a device of yours has this name.", "Un de vos appareils porte ce nom.")


async def _replace(tx: Tx, user_id: str, held: Mapping[str, StoredKey], new: Sequence[CrossSigningKey]) -> None:
    """Stores the keys, and forgets what the keys they replace had signed: it leads nowhere any more."""
    replaced = {key.usage for key in new}
    # A chain hangs from its master key: keys the new master has not signed go with the old one.
    gone = set(USAGES) if MASTER in replaced else replaced
    retired = [f"{ALGORITHM}:{held[usage].public_key}" for usage in sorted(gone) if usage in held]
    await cross_signing.remove_signatures_by(tx, user_id, retired)
    await cross_signing.remove_keys(tx, user_id, sorted(gone - replaced))
    await cross_signing.set_keys(
        tx, [StoredKey(user_id, key.usage, key.public_key, encode_lenient(key.json)) for key in new]
    )


async def upload_signatures(world: World, requester: Requester, objects: Sequence[SignedObject]) -> list[Failure]:
    """Keeps the valid signatures, and says why the others were not."""
    failures, position, signed = await world.store.write(_keep_signatures, requester.user_id, objects)
    if position is not None and requester.user_id in signed:
        await tell_change(world, requester.user_id, position)
    elif position is not None:
        world.live.notifier.tell(position, users=[requester.user_id])
    return failures


async def _keep_signatures(
    tx: Tx, signer: str, objects: Sequence[SignedObject]
) -> tuple[list[Failure], int | None, frozenset[str]]:
    """The failures, the position to tell, and whose keys were signed."""
    known = await _find_known(tx, signer, objects)
    failures, kept = [], []
    for item in objects:
        try:
            kept.append(_check_object(item, signer, known))
        except _Refused as refused:
            failures.append(Failure(item.user_id, item.target, refused.errcode, refused.en))
    if not kept:
        return failures, None, frozenset()
    await cross_signing.add_signatures(tx, kept)
    return failures, await _note_changes(tx, signer, kept), frozenset(item.user_id for item in kept)


async def _note_changes(tx: Tx, signer: str, kept: Iterable[Signature]) -> int:
    people = {item.user_id for item in kept}
    others = sorted(people - {signer})
    position = await device_lists.add_signature_changes(tx, signer, others) if others else 0
    return await device_lists.add_change(tx, signer) if signer in people else position


class _Refused(Exception):
    def __init__(self, errcode: str, en: str) -> None:
        super().__init__(errcode)
        self.errcode = errcode
        self.en = en


@dataclass(frozen=True, slots=True)
class _Known:
    """The keys signatures are about and made with: by (user id, usage), and the signer's devices by id."""

    keys: Mapping[tuple[str, str], StoredKey]
    devices: Mapping[str, bytes]


async def _find_known(tx: Tx, signer: str, objects: Sequence[SignedObject]) -> _Known:
    people = sorted({signer, *(item.user_id for item in objects)})
    keys = await cross_signing.find_keys_of(tx, people)
    devices = await device_keys.find_keys_of(tx, [signer])
    return _Known(
        {(key.user_id, key.usage): key for key in keys}, {device.device_id: device.keys_json for device in devices}
    )


def _check_object(item: SignedObject, signer: str, known: _Known) -> Signature:
    """The signature the object brings; _Refused when it is not one the signer may make ("Cross-signing")."""
    master = known.keys.get((item.user_id, MASTER))
    is_master = master is not None and master.public_key == item.target
    if item.user_id == signer and item.target in known.devices:
        _check_same(item, known.devices[item.target])
        return _signed_by(item, signer, [_identity(known, signer, SELF_SIGNING)])
    if master is None or not is_master:
        raise _Refused("M_NOT_FOUND", "Unknown key.")
    _check_same(item, master.key_json)
    if item.user_id == signer:
        return _signed_by(item, signer, _device_identities(item, signer, known))
    return _signed_by(item, signer, [_identity(known, signer, USER_SIGNING)])


def _check_same(item: SignedObject, stored_json: bytes) -> None:
    stored = decode_json(stored_json)
    if not isinstance(stored, dict) or signed_bytes(stored) != signed_bytes(item.json):
        raise _Refused("M_INVALID_PARAM", "The key is not the one published.")


def _identity(known: _Known, user_id: str, usage: str) -> tuple[str, str]:
    """The (key id, public key) of the user's key for that usage."""
    key = known.keys.get((user_id, usage))
    if key is None:
        raise _Refused("M_NOT_FOUND", f"You have no {usage} key.")
    return f"{ALGORITHM}:{key.public_key}", key.public_key


def _device_identities(item: SignedObject, signer: str, known: _Known) -> list[tuple[str, str]]:
    """The (key id, public key) of the signer's devices that claim to have signed the object."""
    signatures = item.json.get("signatures")
    own = signatures.get(signer) if isinstance(signatures, dict) else None
    claimed = [key_id for key_id in own if isinstance(key_id, str)] if isinstance(own, dict) else []
    found = []
    for key_id in claimed:
        device = known.devices.get(key_id.removeprefix(f"{ALGORITHM}:"))
        keys = decode_json(device) if device is not None else None
        if isinstance(keys, dict) and isinstance(keys.get("keys", {}).get(key_id), str):
            found.append((key_id, keys["keys"][key_id]))
    return found


def _signed_by(item: SignedObject, signer: str, identities: Iterable[tuple[str, str]]) -> Signature:
    for key_id, public_key in identities:
        try:
            signature = check_signed(item.json, signer, key_id, public_key)
        except BadSignature:
            continue
        return Signature(item.user_id, item.target, signer, key_id, signature)
    raise _Refused("M_INVALID_SIGNATURE", "Invalid signature.")
