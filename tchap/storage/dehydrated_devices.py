"""The one dehydrated device a person may have (MSC3814)."""

from dataclasses import dataclass

from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class DehydratedDevice:
    """`device_data` is JSON that the client sealed."""

    user_id: str
    device_id: str
    device_data: bytes


async def find_dehydrated(tx: Tx, user_id: str) -> DehydratedDevice | None:
    row = await tx.one("SELECT user_id, device_id, device_data FROM dehydrated_devices WHERE user_id = $1", user_id)
    return DehydratedDevice(row[0], row[1], bytes(row[2])) if row else None


async def set_dehydrated(tx: Tx, device: DehydratedDevice) -> None:
    """Puts it in the place of any other; the other's device is the caller's to end."""
    await tx.run(
        "INSERT INTO dehydrated_devices (user_id, device_id, device_data) VALUES ($1, $2, $3)"
        " ON CONFLICT (user_id) DO UPDATE SET device_id = excluded.device_id, device_data = excluded.device_data",
        device.user_id,
        device.device_id,
        device.device_data,
    )
