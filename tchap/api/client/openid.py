"""Tokens for other services (client-server API, module "OpenID")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.base import limits
from tchap.services import openid
from tchap.services.world import World


async def request_token(world: World, request: Request) -> dict[str, Any]:
    request.json()
    token = await openid.request_token(world, request.requester, request.params["userId"])
    return {
        "access_token": token,
        "token_type": "Bearer",
        "matrix_server_name": request.requester.instance,
        "expires_in": limits.OPENID_TOKEN_S,
    }


ROUTES = (Route("POST", "/_matrix/client/v3/user/{userId}/openid/request_token", request_token, limit="identity"),)
