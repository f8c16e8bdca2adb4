"""What this server speaks (client-server API, `GET /versions`): the one list, kept honest."""

from typing import Any

from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.services.world import World

VERSIONS = tuple(f"v1.{minor}" for minor in range(1, 20))
# Only what works here and clients ask for by its unstable name; a test calls each.
UNSTABLE_FEATURES = (
    "io.element.msc4388",
    "org.matrix.e2e_cross_signing",
    "org.matrix.msc2285.stable",
    "org.matrix.msc3440.stable",
    "org.matrix.msc3715.stable",
    "org.matrix.msc3771",
    "org.matrix.msc3773",
    "org.matrix.msc3814",
    "org.matrix.msc3827.stable",
    "org.matrix.msc3856.stable",
    "org.matrix.msc3881",
    "org.matrix.msc3916.stable",
    "org.matrix.msc4108",
    "org.matrix.msc4140",
    "org.matrix.msc4143",
    "org.matrix.msc4174",
    "org.matrix.msc4222",
    # Without its push rules: they would silence threads for everybody whose client cannot follow them.
    "org.matrix.msc4306",
    "org.matrix.msc4308",
    "org.matrix.msc4380.stable",
    "org.matrix.simplified_msc3575",
    "uk.half-shot.msc2666.mutual_rooms",
    "uk.half-shot.msc2666.query_mutual_rooms",
    "uk.half-shot.msc2666.query_mutual_rooms.stable",
    "uk.tcpip.msc4133.stable",
)
# Presets whose rooms are encrypted whatever the client asks, as Element's clients look for it.
ENCRYPTED_PRESETS = ("io.element.e2ee_forced.private", "io.element.e2ee_forced.trusted_private")


async def versions(world: World, _request: Request) -> dict[str, Any]:
    features = UNSTABLE_FEATURES if world.settings.test_profile else (*UNSTABLE_FEATURES, *ENCRYPTED_PRESETS)
    # Clients older than v1.1 look for r0.6.1.
    return {"versions": ["r0.6.1", *VERSIONS], "unstable_features": dict.fromkeys(features, True)}


ROUTES = (Route("GET", "/_matrix/client/versions", versions, auth="none"),)
