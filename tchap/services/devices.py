"""An account's devices: seeing, naming and ending them."""

from collections.abc import Sequence

from tchap.base import limits
from tchap.base.errors import InvalidParam, NotFound
from tchap.base.identity import Requester
from tchap.services.world import World
from tchap.storage import devices, tokens
from tchap.storage.database import Tx
from tchap.storage.devices import Device


async def list_devices(world: World, requester: Requester) -> list[Device]:
    return await world.store.read(devices.find_devices, requester.user_id)


async def get_device(world: World, requester: Requester, device_id: str) -> Device:
    device = await world.store.read(devices.find_device, requester.user_id, device_id)
    if device is None:
        raise NotFound("There is no such device.", "Cet appareil n'existe pas.")
    return device


async def rename_device(world: World, requester: Requester, device_id: str, name: str | None) -> None:
    """Without a name nothing changes (client-server API, `PUT /devices/{deviceId}`)."""
    if name is not None and len(name) > limits.MAX_DEVICE_NAME:
        raise InvalidParam("The name of the device is too long.", "Le nom de l'appareil est trop long.")
    await get_device(world, requester, device_id)
    if name is not None:
        await world.store.write(devices.set_device_name, requester.user_id, device_id, name)


async def sign_out(world: World, user_id: str, device_ids: Sequence[str]) -> None:
    """Ends these devices; those that do not exist are passed over."""
    await world.store.write(_end_devices, user_id, device_ids)
    for device_id in device_ids:
        world.live.tokens.forget_user(user_id, device_id)


async def sign_out_all(world: World, user_id: str, keep_device: str | None = None) -> None:
    """Ends every device, but one where it is to be kept."""
    for device_id in await world.store.write(end_all_devices, user_id, keep_device):
        world.live.tokens.forget_user(user_id, device_id)


async def end_all_devices(tx: Tx, user_id: str, keep_device: str | None) -> list[str]:
    """As `sign_out_all`, inside a transaction; answers the devices ended."""
    ended = [d.device_id for d in await devices.find_devices(tx, user_id) if d.device_id != keep_device]
    await _end_devices(tx, user_id, ended)
    return ended


async def _end_devices(tx: Tx, user_id: str, device_ids: Sequence[str]) -> None:
    for device_id in device_ids:
        await tokens.remove_tokens(tx, user_id, device_id)
        await devices.remove_device_row(tx, user_id, device_id)
