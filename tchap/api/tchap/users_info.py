"""Whether accounts are expired or closed, for today's older clients."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_strs
from tchap.api.routing import Route
from tchap.services.standings import find_standings_for, get_standing
from tchap.services.world import World


async def show_many(world: World, request: Request) -> dict[str, Any]:
    """By user id; those who have no account here are left out."""
    asked = maybe_strs(request.json(), "user_ids")
    found = await find_standings_for(world, request.requester, asked)
    return {user_id: _body(standing) for user_id, standing in found.items()}


async def show(world: World, request: Request) -> dict[str, Any]:
    return _body(await get_standing(world, request.requester, request.params["userId"]))


def _body(standing: tuple[bool, bool]) -> dict[str, bool]:
    is_expired, is_closed = standing
    return {"expired": is_expired, "deactivated": is_closed}


ROUTES = (
    Route("POST", "/_matrix/client/unstable/users/info", show_many, limit="search"),
    Route("GET", "/_matrix/client/r0/user/{userId}/info", show, limit="search"),
)
