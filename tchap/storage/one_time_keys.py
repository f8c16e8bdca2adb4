"""One-time and fallback keys of devices.

Source: client-server API, "One-time and fallback keys".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class OneTimeKey:
    """One public key, as uploaded, canonical JSON (a string or a signed object)."""

    algorithm: str
    key_id: str
    key_json: bytes


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A one-time key the server has had; `is_claimed` when it was given out already."""

    number: int
    key: OneTimeKey
    is_claimed: bool


@dataclass(frozen=True, slots=True)
class GivenKey:
    """A key given out for a device."""

    user_id: str
    device_id: str
    key: OneTimeKey


async def find_held(tx: Tx, user_id: str, device_id: str, key_ids: Sequence[str]) -> list[HeldKey]:
    """The keys of the device that bear one of these ids (without their algorithm)."""
    rows = await tx.all(
        "SELECT number, algorithm, key_id, key_json, claimed_ts FROM one_time_keys"
        " WHERE user_id = $1 AND device_id = $2 AND key_id IN_LIST($3)",
        user_id,
        device_id,
        key_ids,
    )
    return [HeldKey(row[0], OneTimeKey(row[1], row[2], row[3]), row[4] is not None) for row in rows]


async def add_keys(tx: Tx, user_id: str, device_id: str, keys: Sequence[OneTimeKey]) -> None:
    """Stores new keys behind those already there."""
    first = await tx.next_positions(len(keys))
    await tx.many(
        "INSERT INTO one_time_keys (number, user_id, device_id, algorithm, key_id, key_json)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        [
            (first + index, user_id, device_id, key.algorithm, key.key_id, key.key_json)
            for index, key in enumerate(keys)
        ],
    )


async def remove_keys(tx: Tx, numbers: Sequence[int]) -> None:
    await tx.run("DELETE FROM one_time_keys WHERE number IN_LIST($1)", numbers)


async def remove_claimed(tx: Tx, user_id: str, device_id: str, before_ts: int) -> None:
    """Forgets the device's keys claimed before this time (ms)."""
    await tx.run(
        "DELETE FROM one_time_keys WHERE user_id = $1 AND device_id = $2 AND claimed_ts < $3",
        user_id,
        device_id,
        before_ts,
    )


async def find_next(tx: Tx, user_ids: Sequence[str], algorithms: Sequence[str]) -> dict[tuple[str, str, str], int]:
    """For each (user, device, algorithm) of these people: the number of the oldest key not yet claimed."""
    rows = await tx.all(
        "SELECT user_id, device_id, algorithm, MIN(number) FROM one_time_keys"
        " WHERE user_id IN_LIST($1) AND algorithm IN_LIST($2) AND claimed_ts IS NULL"
        " GROUP BY user_id, device_id, algorithm",
        user_ids,
        algorithms,
    )
    return {(row[0], row[1], row[2]): row[3] for row in rows}


async def set_claimed(tx: Tx, numbers: Sequence[int], now_ms: int) -> list[GivenKey]:
    """Claims these keys; one that was claimed already is not in the answer."""
    rows = await tx.all(
        "UPDATE one_time_keys SET claimed_ts = $2 WHERE number IN_LIST($1) AND claimed_ts IS NULL"
        " RETURNING user_id, device_id, algorithm, key_id, key_json",
        numbers,
        now_ms,
    )
    return [GivenKey(row[0], row[1], OneTimeKey(row[2], row[3], row[4])) for row in rows]


async def count(tx: Tx, user_id: str, device_id: str) -> dict[str, int]:
    """How many unclaimed keys the device has, by algorithm; none at all: an empty dict."""
    rows = await tx.all(
        "SELECT algorithm, COUNT(*) FROM one_time_keys"
        " WHERE user_id = $1 AND device_id = $2 AND claimed_ts IS NULL GROUP BY algorithm",
        user_id,
        device_id,
    )
    return dict(rows)


async def find_fallbacks(tx: Tx, user_ids: Sequence[str]) -> dict[int, GivenKey]:
    """Every fallback key of these people, by number."""
    rows = await tx.all(
        "SELECT number, user_id, device_id, algorithm, key_id, key_json FROM fallback_keys WHERE user_id IN_LIST($1)",
        user_ids,
    )
    return {row[0]: GivenKey(row[1], row[2], OneTimeKey(row[3], row[4], row[5])) for row in rows}


async def set_fallbacks(tx: Tx, user_id: str, device_id: str, keys: Sequence[OneTimeKey]) -> None:
    """One fallback key per algorithm; the key already there keeps its mark of use."""
    first = await tx.next_positions(len(keys))
    await tx.many(
        "INSERT INTO fallback_keys (number, user_id, device_id, algorithm, key_id, key_json)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, device_id, algorithm) DO UPDATE SET"
        " number = excluded.number, key_id = excluded.key_id, key_json = excluded.key_json, is_used = 0"
        " WHERE fallback_keys.key_id <> excluded.key_id OR fallback_keys.key_json <> excluded.key_json",
        [
            (first + index, user_id, device_id, key.algorithm, key.key_id, key.key_json)
            for index, key in enumerate(keys)
        ],
    )


async def set_fallbacks_used(tx: Tx, numbers: Sequence[int]) -> None:
    await tx.run("UPDATE fallback_keys SET is_used = 1 WHERE number IN_LIST($1) AND is_used = 0", numbers)


async def unused_fallback_types(tx: Tx, user_id: str, device_id: str) -> list[str]:
    """The algorithms whose fallback key nobody was given yet (`device_unused_fallback_key_types` of /sync)."""
    rows = await tx.all(
        "SELECT algorithm FROM fallback_keys WHERE user_id = $1 AND device_id = $2 AND is_used = 0 ORDER BY algorithm",
        user_id,
        device_id,
    )
    return [row[0] for row in rows]
