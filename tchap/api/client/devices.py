"""The devices of an account (client-server API, "Device Management")."""

from typing import Any

from tchap.api.http import Request, Response, json_response
from tchap.api.parse import maybe_str, maybe_strs
from tchap.api.routing import Route
from tchap.base.errors import MissingParam
from tchap.services import devices
from tchap.services.interactive_auth import AuthAttempt, check_auth, flows_again, require
from tchap.services.world import World
from tchap.storage.devices import Device


async def list_devices(world: World, request: Request) -> dict[str, Any]:
    found = await devices.list_devices(world, request.requester)
    return {"devices": [_body(device) for device in found]}


async def get_device(world: World, request: Request) -> dict[str, Any]:
    return _body(await devices.get_device(world, request.requester, request.params["deviceId"]))


async def rename_device(world: World, request: Request) -> Response:
    name = maybe_str(request.json(), "display_name")
    is_new = await devices.rename_device(world, request.requester, request.params["deviceId"], name)
    return json_response({}, 201 if is_new else 200)


async def delete_device(world: World, request: Request) -> dict[str, Any]:
    return await _delete(world, request, [request.params["deviceId"]])


async def delete_devices(world: World, request: Request) -> dict[str, Any]:
    body = request.json()
    if "devices" not in body and "auth" not in body:
        raise MissingParam("devices")
    return await _delete(world, request, maybe_strs(body, "devices"))


async def _delete(world: World, request: Request, device_ids: list[str]) -> dict[str, Any]:
    requester = request.requester
    auth = check_auth(request.json().get("auth"))
    # What was proven to end some devices ends no others.
    operation = f"delete_devices {sorted(device_ids)}"
    await require(
        world, AuthAttempt(requester.instance, requester, auth, {}, operation), await flows_again(world, requester)
    )
    await devices.sign_out(world, requester.user_id, device_ids)
    return {}


def _body(device: Device) -> dict[str, Any]:
    # Absent if not set, says the specification; matrix-nio refuses the whole list without it, and an empty name is
    # shown by every client as the device id, which is what it would show without one.
    body: dict[str, Any] = {"device_id": device.device_id, "display_name": device.display_name or ""}
    if device.last_seen_ts is not None:
        body |= {"last_seen_ts": device.last_seen_ts, "last_seen_ip": device.last_seen_ip or ""}
    return body


ROUTES = (
    Route("GET", "/_matrix/client/v3/devices", list_devices),
    Route("GET", "/_matrix/client/v3/devices/{deviceId}", get_device),
    Route("PUT", "/_matrix/client/v3/devices/{deviceId}", rename_device),
    Route("DELETE", "/_matrix/client/v3/devices/{deviceId}", delete_device),
    Route("POST", "/_matrix/client/v3/delete_devices", delete_devices),
)
