"""Thread subscriptions (MSC4306, MSC4308), under the unstable names that clients use."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_str
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import InvalidParam, MissingParam
from tchap.protocol.sync_tokens import parse_position
from tchap.services import thread_subscriptions
from tchap.services.world import World


async def put_subscription(world: World, request: Request) -> dict[str, Any]:
    params, cause = request.params, maybe_str(request.json(), "automatic")
    await thread_subscriptions.subscribe(world, request.requester, params["roomId"], params["threadRoot"], cause)
    return {}


async def get_subscription(world: World, request: Request) -> dict[str, Any]:
    params = request.params
    found = await thread_subscriptions.get_subscription(
        world, request.requester, params["roomId"], params["threadRoot"]
    )
    return {"automatic": found.is_automatic}


async def delete_subscription(world: World, request: Request) -> dict[str, Any]:
    params = request.params
    await thread_subscriptions.unsubscribe(world, request.requester, params["roomId"], params["threadRoot"])
    return {}


async def get_changes(world: World, request: Request) -> dict[str, Any]:
    """Backwards through the changes that a sliding sync had no room for; `to` may be a `pos` of that sync."""
    if request.text("dir") is None:
        raise MissingParam("dir")
    if request.text("dir") != "b":
        raise InvalidParam("The direction is 'b'.", "La direction est « b ».")
    limit = request.number("limit", limits.THREAD_CHANGES, 1, limits.MAX_THREAD_CHANGES)
    span = (_position(request, "to") or 0, _position(request, "from"))
    found = await thread_subscriptions.read_changes(world, request.requester, span, limit)
    return thread_subscriptions.changes_body(found, limit, "end")


def _position(request: Request, name: str) -> int | None:
    text = request.text(name)
    if text is None:
        return None
    try:
        return parse_position(text)
    except ValueError as error:
        raise InvalidParam(f"The parameter '{name}' is not a token of this server.") from error


_UNSTABLE = "/_matrix/client/unstable"
_PATH = f"{_UNSTABLE}/io.element.msc4306/rooms/{{roomId}}/thread/{{threadRoot}}/subscription"

ROUTES = (
    Route("PUT", _PATH, put_subscription, limit="message"),
    Route("GET", _PATH, get_subscription),
    Route("DELETE", _PATH, delete_subscription, limit="message"),
    Route("GET", f"{_UNSTABLE}/io.element.msc4308/thread_subscriptions", get_changes),
)
