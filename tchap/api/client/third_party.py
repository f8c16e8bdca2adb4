"""Other networks, through application services (client-server API, "Third-party networks")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.routing import Handler, Route
from tchap.base.errors import MissingParam
from tchap.services import third_party
from tchap.services.third_party import Kind
from tchap.services.world import World


async def protocols(world: World, _request: Request) -> dict[str, Any]:
    return await third_party.find_protocols(world)


async def protocol(world: World, request: Request) -> dict[str, Any]:
    return await third_party.get_protocol(world, request.params["protocol"])


def _search(kind: Kind) -> Handler:
    """Places and people are asked for alike."""

    async def handler(world: World, request: Request) -> list[Any]:
        fields = [(name, value) for name, values in request.query.items() for value in values if name not in _OURS]
        return await third_party.find_in_network(world, kind, request.params["protocol"], fields)

    return handler


def _reverse(kind: Kind, parameter: str) -> Handler:
    """From an alias or a user id to what it stands for elsewhere."""

    async def handler(world: World, request: Request) -> list[Any]:
        name = request.text(parameter)
        if not name:
            raise MissingParam(parameter)
        return await third_party.find_abroad(world, kind, name)

    return handler


# What says who asks is not for the service.
_OURS = ("access_token", "user_id", "device_id")
_BASE = "/_matrix/client/v3/thirdparty"

ROUTES = (
    Route("GET", f"{_BASE}/protocols", protocols, limit="search"),
    Route("GET", f"{_BASE}/protocol/{{protocol}}", protocol, limit="search"),
    Route("GET", f"{_BASE}/location/{{protocol}}", _search("location"), limit="search"),
    Route("GET", f"{_BASE}/user/{{protocol}}", _search("user"), limit="search"),
    Route("GET", f"{_BASE}/location", _reverse("location", "alias"), limit="search"),
    Route("GET", f"{_BASE}/user", _reverse("user", "userid"), limit="search"),
)
