"""Tags: /user/{userId}/rooms/{roomId}/tags."""

from typing import Any

from tchap.api.client.own import check_own, need_room_id
from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.services.tags import list_tags, remove_tag, set_tag
from tchap.services.world import World

TAGS = "/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags"


async def get_tags(world: World, request: Request) -> dict[str, Any]:
    return {"tags": await list_tags(world, check_own(request), need_room_id(request))}


async def put_tag(world: World, request: Request) -> dict[str, Any]:
    await set_tag(world, check_own(request), need_room_id(request), request.params["tag"], request.json())
    return {}


async def delete_tag(world: World, request: Request) -> dict[str, Any]:
    await remove_tag(world, check_own(request), need_room_id(request), request.params["tag"])
    return {}


ROUTES = (
    Route("GET", TAGS, get_tags),
    Route("PUT", TAGS + "/{tag}", put_tag),
    Route("DELETE", TAGS + "/{tag}", delete_tag),
)
