"""Other networks, through application services (client-server API, "Third-party networks")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.routing import Handler, Route
from tchap.services import third_party
from tchap.services.world import World


async def protocols(world: World, _request: Request) -> dict[str, Any]:
    return await third_party.find_protocols(world)


async def protocol(world: World, request: Request) -> dict[str, Any]:
    return await third_party.get_protocol(world, request.params["protocol"])


def _search(kind: str) -> Handler:
    """Places and people are asked for alike."""

    async def handler(world: World, request: Request) -> list[Any]:
        fields = [(name, value) for name, values in request.query.items() for value in values if name not in _OURS]
        return await third_party.find_things(world, kind, request.params.get("protocol"), fields)

    return handler


# What says who asks is not for the service.
_OURS = ("access_token", "user_id", "device_id")
_BASE = "/_matrix/client/v3/thirdparty"

ROUTES = (
    Route("GET", f"{_BASE}/protocols", protocols),
    Route("GET", f"{_BASE}/protocol/{{protocol}}", protocol, limit="search"),
    Route("GET", f"{_BASE}/location/{{protocol}}", _search("location"), limit="search"),
    Route("GET", f"{_BASE}/user/{{protocol}}", _search("user"), limit="search"),
    Route("GET", f"{_BASE}/location", _search("location"), limit="search"),
    Route("GET", f"{_BASE}/user", _search("user"), limit="search"),
)
