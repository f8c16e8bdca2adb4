"""Accounts and terms of the identity service (identity API, "Authentication", "Terms of service")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.identity.access import owner_of, token_of
from tchap.api.parse import maybe_strs, need_str
from tchap.api.routing import Route
from tchap.services import identity
from tchap.services.terms import policies
from tchap.services.world import World


async def register(world: World, request: Request) -> dict[str, Any]:
    """An OpenID token, as the client API gave it, for a token of this service."""
    body = request.json()
    token = await identity.open_identity_account(
        world, need_str(body, "access_token"), need_str(body, "matrix_server_name")
    )
    # Clients of before the specification read it under the second name.
    return {"token": token, "access_token": token}


async def show(world: World, request: Request) -> dict[str, Any]:
    return {"user_id": await owner_of(world, request)}


async def logout(world: World, request: Request) -> dict[str, Any]:
    await identity.end_identity_token(world, token_of(request))
    return {}


async def show_terms(world: World, _request: Request) -> dict[str, Any]:
    return policies(world)


async def accept_terms(world: World, request: Request) -> dict[str, Any]:
    user_id = await owner_of(world, request)
    await identity.accept_terms(world, user_id, maybe_strs(request.json(), "user_accepts"))
    return {}


_V2 = "/_matrix/identity/v2"

ROUTES = (
    Route("POST", f"{_V2}/account/register", register, auth="none", limit="identity"),
    Route("GET", f"{_V2}/account", show, auth="none", limit="identity"),
    Route("POST", f"{_V2}/account/logout", logout, auth="none", limit="identity"),
    Route("GET", f"{_V2}/terms", show_terms, auth="none", limit="identity"),
    Route("POST", f"{_V2}/terms", accept_terms, auth="none", limit="identity"),
)
