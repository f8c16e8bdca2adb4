"""GET /sync."""

from tchap.api.http import Request, Response
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import InvalidParam
from tchap.services.filters import load_filter
from tchap.services.sync import SyncRequest, sync
from tchap.services.world import World


async def get_sync(world: World, request: Request) -> Response:
    if request.text("set_presence", "online") not in ("online", "offline", "unavailable"):
        raise InvalidParam("set_presence is online, offline or unavailable.")
    asked = SyncRequest(
        since=request.text("since"),
        filter=await load_filter(world, request.requester.user_id, request.text("filter")),
        timeout_ms=request.number("timeout", 0, 0, limits.MAX_SYNC_TIMEOUT_MS),
        full_state=request.flag("full_state"),
        state_after=_state_after(request),
    )
    return Response(body=await sync(world, request.requester, asked))


def _state_after(request: Request) -> str:
    """The answer's field for the state after the timeline: clients that ask by MSC4222's name read that name."""
    if request.flag("use_state_after"):
        return "state_after"
    return "org.matrix.msc4222.state_after" if request.flag("org.matrix.msc4222.use_state_after") else ""


ROUTES = (Route("GET", "/_matrix/client/v3/sync", get_sync),)
