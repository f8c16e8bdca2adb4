"""Cross-signing keys and the signatures added to keys. Source: client-server API, "Cross-signing"."""

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class StoredKey:
    """`usage` is master, self_signing or user_signing; `key_json` the object as uploaded, canonical JSON."""

    user_id: str
    usage: str
    public_key: str
    key_json: bytes


@dataclass(frozen=True, slots=True)
class Signature:
    """`signer`'s signature, made with `key_id`, of the key `target` (device id or master public key) of `user_id`."""

    user_id: str
    target: str
    signer: str
    key_id: str
    signature: str


async def find_keys(tx: Tx, user_id: str) -> dict[str, StoredKey]:
    """The person's keys by usage."""
    return {key.usage: key for key in await find_keys_of(tx, [user_id])}


async def find_keys_of(tx: Tx, user_ids: Sequence[str]) -> list[StoredKey]:
    rows = await tx.all(
        "SELECT user_id, usage, public_key, key_json FROM cross_signing_keys WHERE user_id IN_LIST($1)", user_ids
    )
    return [StoredKey(*row) for row in rows]


async def set_keys(tx: Tx, keys: Sequence[StoredKey]) -> None:
    await tx.many(
        "INSERT INTO cross_signing_keys (user_id, usage, public_key, key_json) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (user_id, usage) DO UPDATE SET public_key = excluded.public_key, key_json = excluded.key_json",
        [(key.user_id, key.usage, key.public_key, key.key_json) for key in keys],
    )


async def remove_keys(tx: Tx, user_id: str, usages: Sequence[str]) -> None:
    await tx.run("DELETE FROM cross_signing_keys WHERE user_id = $1 AND usage IN_LIST($2)", user_id, usages)


async def find_signatures(tx: Tx, user_ids: Sequence[str], reader: str) -> list[Signature]:
    """The signatures on these people's keys that `reader` may see: the owner's and the reader's own."""
    # "Key and signature security": never what another person's user-signing key signed.
    rows = await tx.all(
        "SELECT user_id, target, signer, key_id, signature FROM key_signatures"
        " WHERE user_id IN_LIST($1) AND (signer = user_id OR signer = $2)",
        user_ids,
        reader,
    )
    return [Signature(*row) for row in rows]


async def add_signatures(tx: Tx, signatures: Sequence[Signature]) -> None:
    await tx.many(
        "INSERT INTO key_signatures (user_id, target, signer, key_id, signature) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (user_id, target, signer, key_id) DO UPDATE SET signature = excluded.signature",
        [(item.user_id, item.target, item.signer, item.key_id, item.signature) for item in signatures],
    )


async def remove_signatures_by(tx: Tx, signer: str, key_ids: Sequence[str]) -> None:
    """Forgets what these keys of the signer signed: they are no longer the signer's."""
    await tx.run("DELETE FROM key_signatures WHERE signer = $1 AND key_id IN_LIST($2)", signer, key_ids)
