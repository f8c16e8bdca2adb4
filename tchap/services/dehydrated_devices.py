"""A device kept asleep, which gathers the keys of messages for whoever signs in next. Source: MSC3814."""

from dataclasses import dataclass

from tchap.base import limits
from tchap.base.errors import Forbidden, InvalidParam, NotFound
from tchap.base.identity import Requester
from tchap.services.device_lists import tell_change
from tchap.services.devices import end_devices
from tchap.services.keys import KeyUpload, store_keys
from tchap.services.world import World
from tchap.storage import dehydrated_devices, devices, to_device
from tchap.storage.database import Tx
from tchap.storage.dehydrated_devices import DehydratedDevice
from tchap.storage.devices import Device
from tchap.storage.to_device import DeviceMessage


@dataclass(frozen=True, slots=True)
class Dehydration:
    """What a client uploads: the sealed device, its name, its public keys."""

    device: DehydratedDevice
    display_name: str | None
    keys: KeyUpload


async def dehydrate(world: World, requester: Requester, wish: Dehydration) -> None:
    """Keeps the device, in the place of any former one with all that waited for it; the same again changes nothing.

    M_INVALID_PARAM where the id is that of a signed-in device.
    """
    position = await world.store.write(_replace, wish, world.clock.now_ms())
    if position is not None:
        await tell_change(world, requester.user_id, position)


async def _replace(tx: Tx, wish: Dehydration, now_ms: int) -> int | None:
    device = wish.device
    held = await dehydrated_devices.find_dehydrated(tx, device.user_id)
    if held == device:
        return None
    if held is not None:
        await end_devices(tx, device.user_id, [held.device_id])
    row = Device(device.user_id, device.device_id, wish.display_name, now_ms)
    if not await devices.add_device(tx, row):
        raise InvalidParam("This is the id of another device.", "C'est l'identifiant d'un autre appareil.")
    await dehydrated_devices.set_dehydrated(tx, device)
    _, position = await store_keys(tx, device.user_id, device.device_id, wish.keys, now_ms)
    return position


async def get_dehydrated(world: World, requester: Requester) -> DehydratedDevice:
    device = await world.store.read(dehydrated_devices.find_dehydrated, requester.user_id)
    if device is None:
        raise _none()
    return device


async def read_messages(world: World, requester: Requester, device_id: str, since: int) -> list[DeviceMessage]:
    """A page of what was sent to the device after `since`. Nothing is removed: another device may have to begin anew.

    M_FORBIDDEN for a device that is not the dehydrated one.
    """
    device = await world.store.read(dehydrated_devices.find_dehydrated, requester.user_id)
    if device is None or device.device_id != device_id:
        raise Forbidden("This is not your dehydrated device.", "Ce n'est pas votre appareil en sommeil.")
    span = (since, await world.store.horizon())
    return await world.store.read(
        to_device.find_messages, requester.user_id, device_id, span, limits.MAX_SYNC_TO_DEVICE
    )


async def remove_dehydrated(world: World, requester: Requester) -> str:
    """Ends the device; answers its id."""
    device_id, position = await world.store.write(_remove, requester.user_id)
    await tell_change(world, requester.user_id, position)
    return device_id


async def _remove(tx: Tx, user_id: str) -> tuple[str, int]:
    device = await dehydrated_devices.find_dehydrated(tx, user_id)
    if device is None:
        raise _none()
    return device.device_id, (await end_devices(tx, user_id, [device.device_id])).position


def _none() -> NotFound:
    return NotFound("You have no dehydrated device.", "Vous n'avez pas d'appareil en sommeil.")
