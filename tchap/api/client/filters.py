"""Filters: /user/{userId}/filter."""

from typing import Any

from tchap.api.client.own import check_own
from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.services.filters import add_filter, get_filter
from tchap.services.world import World

FILTER = "/_matrix/client/v3/user/{userId}/filter"


async def post_filter(world: World, request: Request) -> dict[str, Any]:
    return {"filter_id": await add_filter(world, check_own(request), request.json())}


async def get_one(world: World, request: Request) -> dict[str, Any]:
    return await get_filter(world, check_own(request), request.params["filterId"])


ROUTES = (Route("POST", FILTER, post_filter), Route("GET", FILTER + "/{filterId}", get_one))
