"""What application services ask of the server (application-service API, "Client-Server API Extensions")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_str
from tchap.api.routing import Route
from tchap.services import appservice_calls
from tchap.services.world import World


async def ping(world: World, request: Request) -> dict[str, Any]:
    """Client-server API, `POST /appservice/{appserviceId}/ping`."""
    transaction_id = maybe_str(request.json(), "transaction_id")
    service_id = request.params["appserviceId"]
    return {"duration_ms": await appservice_calls.ping(world, request.requester, service_id, transaction_id)}


ROUTES = (Route("POST", "/_matrix/client/v1/appservice/{appserviceId}/ping", ping),)
