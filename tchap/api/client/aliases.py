"""Room aliases."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import need_str
from tchap.api.routing import Route
from tchap.services import aliases
from tchap.services.world import World


async def resolve(world: World, request: Request) -> dict[str, Any]:
    room_id, servers = await aliases.find_room_by_alias(world, request.params["roomAlias"])
    return {"room_id": room_id, "servers": servers}


async def set_alias(world: World, request: Request) -> dict[str, Any]:
    room_id = need_str(request.json(), "room_id")
    await aliases.set_alias(world, request.requester, request.params["roomAlias"], room_id)
    return {}


async def delete(world: World, request: Request) -> dict[str, Any]:
    await aliases.delete_alias(world, request.requester, request.params["roomAlias"])
    return {}


async def list_aliases(world: World, request: Request) -> dict[str, Any]:
    return {"aliases": await aliases.find_aliases(world, request.requester, request.params["roomId"])}


ROUTES = (
    Route("GET", "/_matrix/client/v3/directory/room/{roomAlias}", resolve, auth="none"),
    Route("PUT", "/_matrix/client/v3/directory/room/{roomAlias}", set_alias),
    Route("DELETE", "/_matrix/client/v3/directory/room/{roomAlias}", delete),
    Route("GET", "/_matrix/client/v3/rooms/{roomId}/aliases", list_aliases),
)
