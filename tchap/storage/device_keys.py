"""Identity keys of devices, and everything encryption keeps for a device."""

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class DeviceKeys:
    """`keys_json` is the signed object as uploaded, canonical JSON; the name is what the owner called the device."""

    user_id: str
    device_id: str
    keys_json: bytes
    display_name: str | None


async def find_device_keys(tx: Tx, user_id: str, device_id: str) -> bytes | None:
    """The signed object of one device, canonical JSON."""
    row = await tx.one("SELECT keys_json FROM device_keys WHERE user_id = $1 AND device_id = $2", user_id, device_id)
    return row[0] if row else None


async def find_keys_of(tx: Tx, user_ids: Sequence[str]) -> list[DeviceKeys]:
    """The keys of every device of these people."""
    rows = await tx.all(
        "SELECT k.user_id, k.device_id, k.keys_json, d.display_name FROM device_keys k"
        " LEFT JOIN devices d ON d.user_id = k.user_id AND d.device_id = k.device_id"
        " WHERE k.user_id IN_LIST($1) ORDER BY k.user_id, k.device_id",
        user_ids,
    )
    return [DeviceKeys(*row) for row in rows]


async def find_device_ids(tx: Tx, user_id: str, device_ids: Sequence[str]) -> set[str]:
    """Which of these are ids of devices of the user, whether they published keys or not."""
    rows = await tx.all(
        "SELECT device_id FROM devices WHERE user_id = $1 AND device_id IN_LIST($2)", user_id, device_ids
    )
    return {row[0] for row in rows}


async def set_device_keys(tx: Tx, user_id: str, device_id: str, keys_json: bytes) -> None:
    await tx.run(
        "INSERT INTO device_keys (user_id, device_id, keys_json) VALUES ($1, $2, $3)"
        " ON CONFLICT (user_id, device_id) DO UPDATE SET keys_json = excluded.keys_json",
        user_id,
        device_id,
        keys_json,
    )


async def remove_published(tx: Tx, user_id: str, device_id: str) -> None:
    """Forgets what the device published: its keys, its one-time and fallback keys, the signatures on it."""
    await tx.run("DELETE FROM device_keys WHERE user_id = $1 AND device_id = $2", user_id, device_id)
    await tx.run("DELETE FROM one_time_keys WHERE user_id = $1 AND device_id = $2", user_id, device_id)
    await tx.run("DELETE FROM fallback_keys WHERE user_id = $1 AND device_id = $2", user_id, device_id)
    await tx.run("DELETE FROM key_signatures WHERE user_id = $1 AND target = $2", user_id, device_id)


async def remove_device(tx: Tx, user_id: str, device_id: str) -> None:
    """Forgets everything kept for a device that ends, published or waiting for it."""
    await remove_published(tx, user_id, device_id)
    await tx.run("DELETE FROM device_messages WHERE user_id = $1 AND device_id = $2", user_id, device_id)
    await tx.run("DELETE FROM device_message_transactions WHERE user_id = $1 AND device_id = $2", user_id, device_id)
    await tx.run("DELETE FROM dehydrated_devices WHERE user_id = $1 AND device_id = $2", user_id, device_id)
