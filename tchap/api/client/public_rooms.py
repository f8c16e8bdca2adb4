"""The directory of public rooms."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_bool, maybe_dict, maybe_int, maybe_list, maybe_str, need_str
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import BadJson, InvalidParam
from tchap.services import public_rooms
from tchap.services.appservices import get_service
from tchap.services.public_rooms import DirectoryQuery, find_public_rooms, is_published, publish
from tchap.services.world import World


async def browse(world: World, request: Request) -> dict[str, Any]:
    query = DirectoryQuery(
        # Zero is how some clients say that they set no limit.
        limit=request.number("limit", 0, 0, limits.MAX_PUBLIC_ROOMS) or limits.MAX_PUBLIC_ROOMS,
        since=request.text("since"),
        server=request.text("server"),
    )
    return await find_public_rooms(world, getattr(request, "requester", None), query)


async def search(world: World, request: Request) -> dict[str, Any]:
    body = request.json()
    wanted = maybe_dict(body, "filter") or {}
    limit = maybe_int(body, "limit", low=0) or limits.MAX_PUBLIC_ROOMS
    query = DirectoryQuery(
        limit=min(limit, limits.MAX_PUBLIC_ROOMS),
        since=maybe_str(body, "since"),
        server=request.text("server"),
        search=maybe_str(wanted, "generic_search_term"),
        kinds=_parse_kinds(maybe_list(wanted, "room_types")),
        network=maybe_str(body, "third_party_instance_id") or None,
        all_networks=maybe_bool(body, "include_all_networks"),
    )
    return await find_public_rooms(world, request.requester, query)


def _parse_kinds(values: list[Any] | None) -> tuple[str | None, ...] | None:
    if values is None:
        return None
    if not all(value is None or isinstance(value, str) for value in values):
        raise BadJson("The field 'room_types' must be an array of strings and nulls.")
    return tuple(values)


async def visibility(world: World, request: Request) -> dict[str, Any]:
    return {"visibility": "public" if await is_published(world, request.params["roomId"]) else "private"}


async def set_visibility(world: World, request: Request) -> dict[str, Any]:
    wanted = maybe_str(request.json(), "visibility") or "public"
    if wanted not in ("public", "private"):
        raise InvalidParam("This visibility does not exist.", "Cette visibilité n'existe pas.")
    await publish(world, request.requester, request.params["roomId"], wanted == "public")
    return {}


async def list_in_network(world: World, request: Request) -> dict[str, Any]:
    service = get_service(world, request.access_token(world.settings.test_profile))
    wanted = need_str(request.json(), "visibility")
    if wanted not in ("public", "private"):
        raise InvalidParam("This visibility does not exist.", "Cette visibilité n'existe pas.")
    params = request.params
    await public_rooms.list_in_network(world, service, params["networkId"], params["roomId"], wanted == "public")
    return {}


ROUTES = (
    # Auth is optional in the specification; our public rooms are for agents, who are signed in.
    Route("GET", "/_matrix/client/v3/publicRooms", browse),
    Route("POST", "/_matrix/client/v3/publicRooms", search),
    Route("GET", "/_matrix/client/v3/directory/list/room/{roomId}", visibility, auth="none"),
    Route("PUT", "/_matrix/client/v3/directory/list/room/{roomId}", set_visibility),
    # Who asks is a service, never one of its users.
    Route("PUT", "/_matrix/client/v3/directory/list/appservice/{networkId}/{roomId}", list_in_network, auth="none"),
)
