"""GET /notifications."""

from typing import Any

from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.base import limits
from tchap.services.notifications import list_notifications
from tchap.services.world import World
from tchap.storage.notifications import NoticePage


async def get_notifications(world: World, request: Request) -> dict[str, Any]:
    page = NoticePage(
        below=request.number("from", 2**62, 0, 2**62),
        limit=request.number("limit", 20, 1, limits.MAX_NOTIFICATIONS),
        highlights_only=request.text("only") == "highlight",
    )
    found = await list_notifications(world, request.requester, page)
    body: dict[str, Any] = {"notifications": found.notifications}
    return body if found.next_below is None else {**body, "next_token": str(found.next_below)}


ROUTES = (Route("GET", "/_matrix/client/v3/notifications", get_notifications),)
