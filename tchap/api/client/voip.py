"""The relay of calls (client-server API, "Voice over IP")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.services.voip import make_turn_credentials
from tchap.services.world import World


async def get_turn_server(world: World, request: Request) -> dict[str, Any]:
    found = make_turn_credentials(world, request.requester)
    return {
        "username": found.username,
        "password": found.password,
        "uris": list(found.uris),
        "ttl": found.lifetime_s,
    }


ROUTES = (Route("GET", "/_matrix/client/v3/voip/turnServer", get_turn_server),)
