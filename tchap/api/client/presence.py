"""Presence, which this server does not follow: everybody is offline (presence module)."""

from typing import Any

from tchap.api.client.own import check_own
from tchap.api.http import Request
from tchap.api.parse import maybe_str, need_str
from tchap.api.routing import Route
from tchap.base.errors import InvalidParam
from tchap.services.world import World

STATUS = "/_matrix/client/v3/presence/{userId}/status"


async def put_status(_world: World, request: Request) -> dict[str, Any]:
    check_own(request)
    body = request.json()
    maybe_str(body, "status_msg")
    if need_str(body, "presence") not in ("online", "offline", "unavailable"):
        raise InvalidParam("presence is online, offline or unavailable.")
    return {}


async def get_status(_world: World, _request: Request) -> dict[str, Any]:
    return {"presence": "offline"}


ROUTES = (Route("PUT", STATUS, put_status), Route("GET", STATUS, get_status))
