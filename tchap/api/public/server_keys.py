"""The signing key of the instance named by the Host (server-server API, "Publishing Keys")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.services.instance_keys import published_keys
from tchap.services.world import World


async def server_keys(world: World, request: Request) -> dict[str, Any]:
    """The same for every key id: all keys are always published together."""
    return await published_keys(world, request.instance)


ROUTES = (
    Route("GET", "/_matrix/key/v2/server", server_keys, auth="none"),
    Route("GET", "/_matrix/key/v2/server/{keyId}", server_keys, auth="none"),
)
