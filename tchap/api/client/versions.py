"""What this server speaks (client-server API, `GET /versions`): the one list, kept honest."""

from typing import Any

from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.services.world import World

VERSIONS = tuple(f"v1.{minor}" for minor in range(1, 20))
# Only what works here and clients ask for by its unstable name.
UNSTABLE_FEATURES = (
    "org.matrix.e2e_cross_signing",
    "org.matrix.msc3916.stable",
    "org.matrix.simplified_msc3575",
    "uk.half-shot.msc2666.query_mutual_rooms",
    "uk.tcpip.msc4133.stable",
)


async def versions(_world: World, _request: Request) -> dict[str, Any]:
    # Clients older than v1.1 look for r0.6.1.
    return {"versions": ["r0.6.1", *VERSIONS], "unstable_features": dict.fromkeys(UNSTABLE_FEATURES, True)}


ROUTES = (Route("GET", "/_matrix/client/versions", versions, auth="none"),)
