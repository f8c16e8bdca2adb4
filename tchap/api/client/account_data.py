"""Account data: /user/{userId}/account_data/{type}, in general or in a room."""

from typing import Any

from tchap.api.client.own import check_own, need_room_id
from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.services.account_data import get_account_data, set_account_data
from tchap.services.world import World

GLOBAL = "/_matrix/client/v3/user/{userId}/account_data/{type}"
IN_ROOM = "/_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}"


async def put_global(world: World, request: Request) -> dict[str, Any]:
    await set_account_data(world, check_own(request), "", request.params["type"], request.json())
    return {}


async def get_global(world: World, request: Request) -> dict[str, Any]:
    return await get_account_data(world, check_own(request), "", request.params["type"])


async def put_in_room(world: World, request: Request) -> dict[str, Any]:
    await set_account_data(world, check_own(request), need_room_id(request), request.params["type"], request.json())
    return {}


async def get_in_room(world: World, request: Request) -> dict[str, Any]:
    return await get_account_data(world, check_own(request), need_room_id(request), request.params["type"])


ROUTES = (
    Route("PUT", GLOBAL, put_global),
    Route("GET", GLOBAL, get_global),
    Route("PUT", IN_ROOM, put_in_room),
    Route("GET", IN_ROOM, get_in_room),
)
