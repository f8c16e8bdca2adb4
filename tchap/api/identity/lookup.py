"""Looking exact addresses up by their hashes (identity API, "Association lookup")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.identity.access import owner_of
from tchap.api.parse import maybe_strs, need_str
from tchap.api.routing import Route
from tchap.services.identity_lookup import SHA256, Lookup, get_pepper, look_up
from tchap.services.world import World


async def hash_details(world: World, request: Request) -> dict[str, Any]:
    await owner_of(world, request)
    # In clear nothing is looked up: addresses would stand in logs on the way.
    return {"lookup_pepper": await get_pepper(world), "algorithms": [SHA256]}


async def lookup(world: World, request: Request) -> dict[str, Any]:
    user_id, body = await owner_of(world, request), request.json()
    asked = Lookup(need_str(body, "algorithm"), need_str(body, "pepper"), tuple(maybe_strs(body, "addresses")))
    return {"mappings": await look_up(world, user_id, asked)}


ROUTES = (
    Route("GET", "/_matrix/identity/v2/hash_details", hash_details, auth="none", limit="identity"),
    Route("POST", "/_matrix/identity/v2/lookup", lookup, auth="none", limit="identity"),
)
