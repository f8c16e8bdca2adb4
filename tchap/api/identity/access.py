"""Who asks the identity service: its tokens are not those of the client API (identity API, "Authentication")."""

import ipaddress

from tchap.api.http import Request
from tchap.services.identity import get_identity_owner
from tchap.services.world import World


def token_of(request: Request) -> str | None:
    return request.access_token(in_query=False)


async def owner_of(world: World, request: Request) -> str:
    """The user id of who asks; M_UNAUTHORIZED."""
    return await get_identity_owner(world, token_of(request))


def is_internal(world: World, request: Request) -> bool:
    """Whether who connected stands in one of the networks that are the operator's own, with no proxy before them."""
    if "x-forwarded-for" in request.headers:
        return False
    try:
        address = ipaddress.ip_address(request.peer)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(each) for each in world.settings.identity.internal_networks)
