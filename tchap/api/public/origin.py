"""Under which address we are reached: what links, issuers and redirects of one request are built on."""

from urllib.parse import urlsplit

from tchap.api.http import Request
from tchap.services.world import World


def base_url(world: World, request: Request) -> str:
    """The address of the Host where it names an instance, else the public address; without a slash at the end."""
    if request.host_instance is None:
        return world.settings.public_url
    return f"{_scheme(world, request)}://{request.host}"


def _scheme(world: World, request: Request) -> str:
    """As the proxy in front says, where it is trusted; else that of the port, or of the public address."""
    forwarded = request.headers.get("x-forwarded-proto", "").split(",")[-1].strip()
    if forwarded in ("http", "https") and request.peer in world.settings.http.trusted_proxies:
        return forwarded
    return "https" if request.scheme == "https" else urlsplit(world.settings.public_url).scheme
