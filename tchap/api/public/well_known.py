"""`/.well-known/matrix/*`: how clients and servers find us (both APIs, "Well-known URI")."""

from typing import Any
from urllib.parse import urlsplit

from tchap.api.http import Request
from tchap.api.public.browser import ACCOUNT
from tchap.api.routing import Route
from tchap.base.errors import NotFound
from tchap.services.rtc import find_transport
from tchap.services.world import World

_HTTPS_PORT = 443


async def client(world: World, request: Request) -> dict[str, Any]:
    """The same address serves as identity server, as today's clients expect."""
    base_url = base_url_of(world, request)
    transport = find_transport(world, base_url)
    return {
        **({"org.matrix.msc4143.rtc_foci": [transport]} if transport is not None else {}),
        "m.homeserver": {"base_url": base_url},
        "m.identity_server": {"base_url": base_url},
        # How clients found the OAuth 2.0 API before Matrix 1.15 (MSC2965).
        "org.matrix.msc2965.authentication": {
            "issuer": f"{base_url}/",
            "account": f"{base_url}{ACCOUNT}",
        },
    }


async def server(world: World, request: Request) -> dict[str, Any]:
    """Where the instance named by the Host receives federation."""
    instance = world.settings.find_instance(request.instance)
    delegated = instance.delegated_host if instance is not None else ""
    if not delegated:
        raise NotFound("This name delegates to no other.", "Ce nom ne délègue à aucun autre.")
    return {"m.server": delegated if ":" in delegated else f"{delegated}:{_HTTPS_PORT}"}


async def support(world: World, _request: Request) -> dict[str, Any]:
    page = world.settings.registration.request_form_url
    if not page:
        raise NotFound("No contact was named.", "Aucun contact n'est renseigné.")
    return {"support_page": page}


async def policy_server(_world: World, _request: Request) -> dict[str, Any]:
    """No policy server is run here: rooms choose one elsewhere (client-server API, "Policy Servers")."""
    raise NotFound("No policy server is run here.", "Aucun serveur de modération n'est tenu ici.")


def base_url_of(world: World, request: Request) -> str:
    """The public address, or the delegated host of the instance the Host names."""
    instance = world.settings.find_instance(request.host_instance or "")
    if instance is None or not instance.delegated_host:
        return world.settings.public_url
    return f"{urlsplit(world.settings.public_url).scheme}://{instance.delegated_host}"


ROUTES = (
    Route("GET", "/.well-known/matrix/client", client, auth="none"),
    Route("GET", "/.well-known/matrix/server", server, auth="none"),
    Route("GET", "/.well-known/matrix/support", support, auth="none"),
    Route("GET", "/.well-known/matrix/policy_server", policy_server, auth="none"),
)
