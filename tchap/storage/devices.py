"""Devices: one row per signed-in client of an account."""

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.base import limits
from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Device:
    """Times in milliseconds since 1970."""

    user_id: str
    device_id: str
    display_name: str | None
    created_ts: int
    last_seen_ts: int | None = None
    last_seen_ip: str | None = None


_COLUMNS = "user_id, device_id, display_name, created_ts, last_seen_ts, last_seen_ip"


async def find_devices(tx: Tx, user_id: str) -> list[Device]:
    rows = await tx.all(f"SELECT {_COLUMNS} FROM devices WHERE user_id = $1 ORDER BY created_ts, device_id", user_id)
    return [Device(*row) for row in rows]


async def find_device(tx: Tx, user_id: str, device_id: str) -> Device | None:
    row = await tx.one(f"SELECT {_COLUMNS} FROM devices WHERE user_id = $1 AND device_id = $2", user_id, device_id)
    return None if row is None else Device(*row)


async def find_devices_of(tx: Tx, user_ids: Sequence[str]) -> list[Device]:
    """The devices of several users at once."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM devices WHERE user_id IN_LIST($1) ORDER BY user_id, device_id", user_ids
    )
    return [Device(*row) for row in rows]


async def add_device(tx: Tx, device: Device) -> bool:
    """False when the device exists: its name is then kept (client-server API, `POST /login`)."""
    added = await tx.run(
        "INSERT INTO devices (user_id, device_id, display_name, created_ts, last_seen_ts, last_seen_ip)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, device_id) DO NOTHING",
        device.user_id,
        device.device_id,
        device.display_name,
        device.created_ts,
        device.last_seen_ts,
        device.last_seen_ip,
    )
    return added > 0


async def set_device_name(tx: Tx, user_id: str, device_id: str, display_name: str) -> bool:
    """False when there is no such device."""
    changed = await tx.run(
        "UPDATE devices SET display_name = $1 WHERE user_id = $2 AND device_id = $3", display_name, user_id, device_id
    )
    return changed > 0


async def set_seen(tx: Tx, user_id: str, device_id: str, seen: tuple[int, str]) -> None:
    """`seen`: when (ms) and from which address."""
    await tx.run(
        "UPDATE devices SET last_seen_ts = $1, last_seen_ip = $2 WHERE user_id = $3 AND device_id = $4",
        *seen,
        user_id,
        device_id,
    )


async def remove_device_row(tx: Tx, user_id: str, device_id: str) -> bool:
    removed = await tx.run("DELETE FROM devices WHERE user_id = $1 AND device_id = $2", user_id, device_id)
    return removed > 0


async def find_unseen(tx: Tx, user_id: str, beyond: int) -> list[str]:
    """The devices beyond that many, those seen longest ago."""
    rows = await tx.all(
        "SELECT device_id FROM devices WHERE user_id = $1"
        " ORDER BY COALESCE(last_seen_ts, created_ts) DESC, created_ts DESC, device_id LIMIT $3 OFFSET $2",
        user_id,
        beyond,
        limits.MAX_DEVICES,
    )
    return [row[0] for row in rows]
