"""The instances' signing keys, as seeds; old ones are kept to be published as retired."""

from dataclasses import dataclass

from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class StoredKey:
    """`version` is what follows `ed25519:` in the key's id; `seed` is secret."""

    instance: str
    version: str
    seed: bytes
    retired_ts: int | None


async def find_keys(tx: Tx) -> list[StoredKey]:
    rows = await tx.all("SELECT instance, version, seed, retired_ts FROM instance_keys ORDER BY created_ts, version")
    return [StoredKey(row[0], row[1], bytes(row[2]), row[3]) for row in rows]


async def add_key(tx: Tx, key: StoredKey, now_ms: int) -> None:
    await tx.run(
        "INSERT INTO instance_keys (instance, version, seed, created_ts, retired_ts) VALUES ($1, $2, $3, $4, $5)",
        key.instance,
        key.version,
        key.seed,
        now_ms,
        key.retired_ts,
    )
