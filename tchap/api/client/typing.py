"""PUT /rooms/{roomId}/typing/{userId}."""

from typing import Any

from tchap.api.client.own import check_own
from tchap.api.http import Request
from tchap.api.parse import maybe_bool, maybe_int
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import MissingParam
from tchap.services.typing import set_typing
from tchap.services.world import World


async def put_typing(world: World, request: Request) -> dict[str, Any]:
    check_own(request)
    body = request.json()
    if "typing" not in body:
        raise MissingParam("typing")
    timeout_ms = maybe_int(body, "timeout", 0) or limits.DEFAULT_TYPING_MS
    is_typing = maybe_bool(body, "typing")
    await set_typing(world, request.requester, request.params["roomId"], timeout_ms if is_typing else None)
    return {}


ROUTES = (Route("PUT", "/_matrix/client/v3/rooms/{roomId}/typing/{userId}", put_typing),)
