"""Rooms seen from outside: summaries and the trees of spaces."""

from typing import Any

from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.base import limits
from tchap.services.room_previews import HierarchyAsk, list_hierarchy, summarise_room
from tchap.services.world import World


async def summary(world: World, request: Request) -> dict[str, Any]:
    return await summarise_room(world, getattr(request, "requester", None), request.params["roomIdOrAlias"])


async def unstable_summary(world: World, request: Request) -> dict[str, Any]:
    """MSC3266 before it was accepted: two fields had other names."""
    found = await summary(world, request)
    renamed = {
        "im.nheko.summary.version": found["room_version"],
        "im.nheko.summary.room_version": found["room_version"],
    }
    if "encryption" in found:
        renamed["im.nheko.summary.encryption"] = found["encryption"]
    return {**found, **renamed}


async def hierarchy(world: World, request: Request) -> dict[str, Any]:
    ask = HierarchyAsk(
        request.params["roomId"],
        request.number("limit", limits.DEFAULT_SPACE_PAGE, 1, limits.MAX_SPACE_PAGE),
        request.number("max_depth", limits.MAX_SPACE_DEPTH, 0, limits.MAX_SPACE_DEPTH),
        request.flag("suggested_only"),
        request.text("from"),
    )
    found = await list_hierarchy(world, request.requester, ask)
    return {"rooms": found.rooms, **({} if found.next_batch is None else {"next_batch": found.next_batch})}


_NHEKO = "/_matrix/client/unstable/im.nheko.summary"

ROUTES = (
    Route("GET", "/_matrix/client/v1/room_summary/{roomIdOrAlias}", summary, auth="optional", limit="search"),
    Route("GET", f"{_NHEKO}/summary/{{roomIdOrAlias}}", unstable_summary, auth="optional", limit="search"),
    Route("GET", f"{_NHEKO}/rooms/{{roomIdOrAlias}}/summary", unstable_summary, auth="optional", limit="search"),
    Route("GET", "/_matrix/client/v1/rooms/{roomId}/hierarchy", hierarchy, limit="search"),
    Route("GET", "/_matrix/client/unstable/org.matrix.msc2946/rooms/{roomId}/hierarchy", hierarchy, limit="search"),
)
