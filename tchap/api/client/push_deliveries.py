"""What became of one's notifications, and a button to try them; an API of ours."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_str
from tchap.api.routing import Route
from tchap.base import limits
from tchap.services.push_ledger import Trial, list_deliveries, try_pushers
from tchap.services.world import World


async def get_deliveries(world: World, request: Request) -> dict[str, Any]:
    below = request.number("from", 2**62, 0, 2**62)
    limit = request.number("limit", 50, 1, limits.MAX_LEDGER_PAGE)
    page = await list_deliveries(world, request.requester.user_id, below, limit)
    body: dict[str, Any] = {"deliveries": page.deliveries}
    return body if page.next_below is None else {**body, "next_token": str(page.next_below)}


async def post_test(world: World, request: Request) -> dict[str, Any]:
    body = request.json()
    trial = Trial(maybe_str(body, "app_id"), maybe_str(body, "pushkey"))
    return {"results": await try_pushers(world, request.requester, trial)}


ROUTES = (
    Route("GET", "/_tchap/client/v1/push/deliveries", get_deliveries),
    Route("POST", "/_tchap/client/v1/push/test", post_test, limit="push_test"),
)
