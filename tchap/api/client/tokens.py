"""Refreshing and ending sessions."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import need_str
from tchap.api.routing import Route
from tchap.services import devices, sessions
from tchap.services.world import World


async def refresh(world: World, request: Request) -> dict[str, Any]:
    """Client-server API, `POST /refresh`."""
    session = await sessions.refresh_session(world, need_str(request.json(), "refresh_token"))
    return {
        "access_token": session.access_token,
        "refresh_token": session.refresh_token,
        "expires_in_ms": session.expires_in_ms,
    }


async def logout(world: World, request: Request) -> dict[str, Any]:
    """Ends the device the request came from (client-server API, `POST /logout`)."""
    await devices.sign_out(world, request.requester.user_id, [request.requester.device_id])
    return {}


async def logout_all(world: World, request: Request) -> dict[str, Any]:
    await devices.sign_out_all(world, request.requester.user_id)
    return {}


ROUTES = (
    # Not limited by address: thousands of devices of one administration refresh behind a single one.
    Route("POST", "/_matrix/client/v3/refresh", refresh, auth="none"),
    Route("POST", "/_matrix/client/v3/logout", logout, auth="expired_ok"),
    Route("POST", "/_matrix/client/v3/logout/all", logout_all, auth="expired_ok"),
)
