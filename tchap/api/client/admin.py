"""What the specification gives server administrators (client-server API, "Server Administration")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import need_bool
from tchap.api.routing import Handler, Route
from tchap.services.admins import find_visits
from tchap.services.moderation import Measure, impose, is_under
from tchap.services.world import World
from tchap.storage.devices import Device


async def whois(world: World, request: Request) -> dict[str, Any]:
    """`GET /admin/whois/{userId}`: where and when each device was last seen."""
    user_id = request.params["userId"]
    found = await find_visits(world, request.requester, user_id)
    return {
        "user_id": user_id,
        "devices": {each.device_id: {"sessions": [{"connections": _connections(each)}]} for each in found},
    }


def _connections(device: Device) -> list[dict[str, Any]]:
    seen = {"ip": device.last_seen_ip, "last_seen": device.last_seen_ts}
    connection = {name: value for name, value in seen.items() if value is not None}
    return [connection] if connection else []


def _getter(measure: Measure) -> Handler:
    async def handler(world: World, request: Request) -> dict[str, Any]:
        return {measure.value: await is_under(world, request.requester, request.params["userId"], measure)}

    return handler


def _setter(measure: Measure) -> Handler:
    async def handler(world: World, request: Request) -> dict[str, Any]:
        wanted = need_bool(request.json(), measure.value)
        await impose(world, request.requester, request.params["userId"], measure, wanted)
        return {measure.value: wanted}

    return handler


_V1 = "/_matrix/client/v1/admin"

ROUTES = (
    Route("GET", "/_matrix/client/v3/admin/whois/{userId}", whois),
    Route("GET", f"{_V1}/lock/{{userId}}", _getter(Measure.LOCK)),
    Route("PUT", f"{_V1}/lock/{{userId}}", _setter(Measure.LOCK)),
    Route("GET", f"{_V1}/suspend/{{userId}}", _getter(Measure.SUSPENSION)),
    Route("PUT", f"{_V1}/suspend/{{userId}}", _setter(Measure.SUSPENSION)),
)
