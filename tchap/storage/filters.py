"""Filters that clients uploaded. The same definition has the same id, so a client that repeats itself adds nothing."""

from __future__ import annotations

import hashlib

from tchap.base import limits
from tchap.storage.database import Tx


async def add_filter(tx: Tx, user_id: str, definition: bytes) -> str:
    """Keeps the definition (canonical JSON) and gives its id; the oldest beyond the bound are forgotten."""
    filter_id = hashlib.sha256(definition).hexdigest()[:16]
    position = await tx.next_position()
    await tx.run(
        """INSERT INTO filters (user_id, filter_id, definition, position) VALUES ($1, $2, $3, $4)
           ON CONFLICT (user_id, filter_id) DO UPDATE SET position = excluded.position""",
        user_id,
        filter_id,
        definition,
        position,
    )
    await tx.run(
        """DELETE FROM filters WHERE user_id = $1 AND position <= (
             SELECT position FROM filters WHERE user_id = $1 ORDER BY position DESC LIMIT 1 OFFSET $2)""",
        user_id,
        limits.MAX_FILTERS,
    )
    return filter_id


async def find_filter(tx: Tx, user_id: str, filter_id: str) -> bytes | None:
    row = await tx.one("SELECT definition FROM filters WHERE user_id = $1 AND filter_id = $2", user_id, filter_id)
    return bytes(row[0]) if row else None
