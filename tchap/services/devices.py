"""An account's devices: seeing, naming and ending them."""

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.base import limits
from tchap.base.errors import InvalidParam, NotFound
from tchap.base.identity import Requester
from tchap.services.device_lists import tell_change
from tchap.services.refusals import unknown_token
from tchap.services.world import World
from tchap.storage import browser_sessions, device_keys, device_lists, devices, identity, oauth, openid, pushers, tokens
from tchap.storage.database import Tx
from tchap.storage.devices import Device


@dataclass(frozen=True, slots=True)
class Ended:
    """The devices that ended, and the position of the change."""

    device_ids: tuple[str, ...]
    position: int


async def list_devices(world: World, requester: Requester) -> list[Device]:
    return await world.store.read(devices.find_devices, requester.user_id)


async def get_device(world: World, requester: Requester, device_id: str) -> Device:
    device = await world.store.read(devices.find_device, requester.user_id, device_id)
    if device is None:
        raise NotFound("There is no such device.", "Cet appareil n'existe pas.")
    return device


async def rename_device(world: World, requester: Requester, device_id: str, name: str | None) -> bool:
    """Without a name nothing changes (client-server API, `PUT /devices/{deviceId}`).

    True where the device did not exist and an application service made it.
    """
    if name is not None and len(name) > limits.MAX_DEVICE_NAME:
        raise InvalidParam("The name of the device is too long.", "Le nom de l'appareil est trop long.")
    if requester.is_appservice and 0 < len(device_id) <= limits.MAX_ID_BYTES:
        device = Device(requester.user_id, device_id, name, world.clock.now_ms(), None, None)
        made_at = await world.store.write(_make, device)
        if made_at is not None:
            await tell_change(world, requester.user_id, made_at)
            return True
    await get_device(world, requester, device_id)
    if name is not None:
        position = await world.store.write(_rename, requester.user_id, device_id, name)
        await tell_change(world, requester.user_id, position)
    return False


def note_visit(world: World, requester: Requester, client: str) -> None:
    """Remembers when and from where the device was last seen, now and then; nobody waits for it."""
    now_ms = world.clock.now_ms()
    if world.live.last_seen.is_due(requester.user_id, requester.device_id, now_ms):
        seen = (now_ms, client)
        world.store.write_pipelined(devices.set_seen, requester.user_id, requester.device_id, seen)


async def sign_out(world: World, user_id: str, device_ids: Sequence[str]) -> None:
    """Ends these devices; those that do not exist are passed over."""
    await forget_ended(world, user_id, await world.store.write(end_devices, user_id, device_ids))


async def sign_out_all(world: World, user_id: str) -> None:
    """Ends every device, and every browser signed in on our pages."""
    await forget_ended(world, user_id, await world.store.write(end_everything, user_id))


async def end_everything(tx: Tx, user_id: str) -> Ended:
    """Inside a transaction: the same."""
    await end_browsers(tx, user_id)
    return await end_all_devices(tx, user_id, None)


async def forget_ended(world: World, user_id: str, ended: Ended) -> None:
    """After the commit: the devices' tokens leave the memory, their polls end, and those who write to them are told."""
    for device_id in ended.device_ids:
        world.live.tokens.forget_user(user_id, device_id)
        # What a lost phone waits for at this moment must not reach it any more.
        world.live.notifier.refuse(user_id, unknown_token(soft_logout=False), device_id)
    if ended.device_ids:
        await tell_change(world, user_id, ended.position)


async def end_all_devices(tx: Tx, user_id: str, keep_device: str | None) -> Ended:
    """Inside a transaction: ends every device but one that may be kept, and what any of them holds at the identity
    service."""
    await openid.remove_tokens_of(tx, user_id)
    await identity.remove_tokens_of(tx, user_id)
    found = await devices.find_devices(tx, user_id)
    return await end_devices(tx, user_id, [d.device_id for d in found if d.device_id != keep_device])


async def end_browsers(tx: Tx, user_id: str) -> None:
    """Inside a transaction: ends the browsers a person is signed in with, and what they allowed that no application
    has taken yet."""
    await browser_sessions.remove_sessions_of(tx, user_id)
    await oauth.remove_untaken(tx, user_id)


async def end_devices(tx: Tx, user_id: str, device_ids: Sequence[str]) -> Ended:
    """Inside a transaction: ends these devices with their tokens, keys, messages and pushers."""
    for device_id in device_ids:
        await tokens.remove_tokens(tx, user_id, device_id)
        await devices.remove_device_row(tx, user_id, device_id)
        await device_keys.remove_device(tx, user_id, device_id)
        await pushers.remove_pushers_of_device(tx, user_id, device_id)
    position = await device_lists.add_change(tx, user_id) if device_ids else 0
    return Ended(tuple(device_ids), position)


async def _make(tx: Tx, device: Device) -> int | None:
    if not await devices.add_device(tx, device):
        return None
    await end_devices(tx, device.user_id, await devices.find_unseen(tx, device.user_id, limits.MAX_DEVICES))
    return await device_lists.add_change(tx, device.user_id)


async def _rename(tx: Tx, user_id: str, device_id: str, name: str) -> int:
    await devices.set_device_name(tx, user_id, device_id, name)
    return await device_lists.add_change(tx, user_id)
