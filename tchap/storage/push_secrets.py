"""Keys of the server's own that notifications need: made once, kept with the data."""

from __future__ import annotations

from collections.abc import Mapping

from tchap.storage.database import Tx


async def keep_secrets(tx: Tx, fresh: Mapping[str, bytes], now_ms: int) -> dict[str, bytes]:
    """The secrets by name: those kept already, and the fresh ones where there was none."""
    await tx.many(
        "INSERT INTO push_secrets (name, secret, created_ts) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
        [(name, secret, now_ms) for name, secret in fresh.items()],
    )
    rows = await tx.all("SELECT name, secret FROM push_secrets")
    return {name: bytes(secret) for name, secret in rows}
