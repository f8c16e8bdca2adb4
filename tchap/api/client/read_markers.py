"""POST /rooms/{roomId}/read_markers."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_str
from tchap.api.routing import Route
from tchap.services.receipts import FULLY_READ, READ_TYPES, Marks, set_marks
from tchap.services.world import World


async def post_read_markers(world: World, request: Request) -> dict[str, Any]:
    body = request.json()
    wanted = [(name, event_id) for name in (FULLY_READ, *READ_TYPES) if (event_id := maybe_str(body, name))]
    await set_marks(world, request.requester, Marks(request.params["roomId"], tuple(wanted)))
    return {}


ROUTES = (Route("POST", "/_matrix/client/v3/rooms/{roomId}/read_markers", post_read_markers),)
