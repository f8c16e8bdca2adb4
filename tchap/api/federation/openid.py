"""What a service asks that was given such a token (server-server API, "OpenID")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.base.errors import MatrixError
from tchap.services import openid
from tchap.services.world import World


async def userinfo(world: World, request: Request) -> dict[str, Any]:
    token = request.text("access_token")
    if not token:
        raise MatrixError("M_MISSING_TOKEN", "The access token is missing.", "Il manque le jeton.")
    return {"sub": await openid.get_owner(world, token, request.host_instance)}


ROUTES = (Route("GET", "/_matrix/federation/v1/openid/userinfo", userinfo, auth="none", limit="identity"),)
