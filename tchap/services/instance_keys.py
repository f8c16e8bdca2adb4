"""The instances' signing keys: made at the first start, kept in the database, published to other servers."""

import secrets
from typing import Any

from tchap.base import limits
from tchap.base.clock import Clock
from tchap.base.config import Settings
from tchap.protocol.signing import SEED_BYTES, OldKey, SigningKey, parse_signing_key, server_keys
from tchap.services.world import World
from tchap.storage import instance_keys
from tchap.storage.database import Store, Tx
from tchap.storage.instance_keys import StoredKey


async def load_keys(store: Store, settings: Settings, clock: Clock) -> dict[str, SigningKey]:
    """The current key of each instance, made where there is none yet."""
    # Keys outlive every other secret: their chance is the system's own, also in tests.
    fresh = {name: (secrets.token_hex(4), secrets.token_bytes(SEED_BYTES)) for name in sorted(settings.instance_names)}
    kept = await store.write(_load, fresh, clock.now_ms())
    return {key.instance: parse_signing_key(key.version, key.seed) for key in kept if key.instance in fresh}


async def published_keys(world: World, instance: str) -> dict[str, Any]:
    """The signed answer of `GET /_matrix/key/v2/server` for one of our names."""
    stored = await world.store.read(instance_keys.find_keys)
    old = [
        OldKey(key.key_id, key.public, row.retired_ts)
        for row in stored
        if row.instance == instance and row.retired_ts is not None
        for key in (parse_signing_key(row.version, row.seed),)
    ]
    valid_until_ts = world.clock.now_ms() + limits.KEY_VALIDITY_MS
    return server_keys(instance, [world.keys[instance]], old, valid_until_ts)


async def _load(tx: Tx, fresh: dict[str, tuple[str, bytes]], now_ms: int) -> list[StoredKey]:
    current = {key.instance: key for key in await instance_keys.find_keys(tx) if key.retired_ts is None}
    for instance, (version, seed) in fresh.items():
        if instance not in current:
            current[instance] = StoredKey(instance, version, seed, None)
            await instance_keys.add_key(tx, current[instance], now_ms)
    return list(current.values())
