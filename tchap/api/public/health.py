"""Health and metrics, for whoever runs the house."""

from tchap.api.http import Request, Response
from tchap.api.routing import Route
from tchap.services.health import check_health
from tchap.services.world import World


async def health(world: World, request: Request) -> Response:
    """200 when the database answers; anything else is a 500."""
    await check_health(world)
    return Response(200, b"OK", "text/plain")


async def metrics(world: World, request: Request) -> Response:
    return Response(200, world.metrics.text(), "text/plain; version=0.0.4; charset=utf-8")


ROUTES = (
    Route("GET", "/health", health, auth="none"),
    Route("GET", "/metrics", metrics, auth="none"),
)
