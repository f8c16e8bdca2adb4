"""Dehydrated devices (MSC3814), under the unstable name that clients use."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from tchap.api.client.keys import parse_upload
from tchap.api.http import Request
from tchap.api.parse import maybe_str, need_dict, need_str
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.encoding import encode_json
from tchap.base.errors import InvalidParam
from tchap.services import dehydrated_devices
from tchap.services.dehydrated_devices import Dehydration
from tchap.services.world import World
from tchap.storage.dehydrated_devices import DehydratedDevice
from tchap.storage.to_device import DeviceMessage


async def put_device(world: World, request: Request) -> dict[str, Any]:
    body, requester = request.json(), request.requester
    device_id, name = need_str(body, "device_id"), maybe_str(body, "initial_device_display_name")
    if not 0 < len(device_id.encode()) <= limits.MAX_ID_BYTES:
        raise InvalidParam("This cannot be the id of a device.", "Ce ne peut être l'identifiant d'un appareil.")
    if name is not None and len(name) > limits.MAX_DEVICE_NAME:
        raise InvalidParam("The name of the device is too long.", "Le nom de l'appareil est trop long.")
    # "This change should prevent the creation of dehydrated devices which do not support end-to-end encryption."
    need_dict(body, "device_keys")
    sealed = encode_json(need_dict(body, "device_data"))
    device = DehydratedDevice(requester.user_id, device_id, sealed)
    keys = parse_upload(body, replace(requester, device_id=device_id))
    await dehydrated_devices.dehydrate(world, requester, Dehydration(device, name, keys))
    return {"device_id": device_id}


async def get_device(world: World, request: Request) -> dict[str, Any]:
    device = await dehydrated_devices.get_dehydrated(world, request.requester)
    return {"device_id": device.device_id, "device_data": msgspec.Raw(device.device_data)}


async def delete_device(world: World, request: Request) -> dict[str, Any]:
    return {"device_id": await dehydrated_devices.remove_dehydrated(world, request.requester)}


async def get_events(world: World, request: Request) -> dict[str, Any]:
    """As clients of today ask: without a `next_batch` that was all."""
    messages = await _read(world, request, request.text("from"))
    is_all = len(messages) < limits.MAX_SYNC_TO_DEVICE
    return _page(messages, None if is_all else str(messages[-1].position))


async def post_events(world: World, request: Request) -> dict[str, Any]:
    """As the proposal has it: there is always a `next_batch`, and an empty page ends the reading."""
    since = maybe_str(request.json(), "next_batch")
    messages = await _read(world, request, since)
    return _page(messages, str(messages[-1].position) if messages else since or "0")


async def _read(world: World, request: Request, since: str | None) -> list[DeviceMessage]:
    text = since or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidParam("This token is not one of this server.", "Ce jeton n'est pas de ce serveur.")
    device_id = request.params["deviceId"]
    return await dehydrated_devices.read_messages(world, request.requester, device_id, int(text))


def _page(messages: Sequence[DeviceMessage], next_batch: str | None) -> dict[str, Any]:
    page: dict[str, Any] = {"events": [msgspec.Raw(bytes(message.message_json)) for message in messages]}
    return page if next_batch is None else {**page, "next_batch": next_batch}


_PATH = "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device"

ROUTES = (
    Route("PUT", _PATH, put_device),
    Route("GET", _PATH, get_device),
    Route("DELETE", _PATH, delete_device),
    Route("GET", f"{_PATH}/{{deviceId}}/events", get_events),
    Route("POST", f"{_PATH}/{{deviceId}}/events", post_events),
)
