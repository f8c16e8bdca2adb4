"""What today's clients ask before they know any server: where does this address belong?

Also the code of an address, submitted as to an identity server (identity API, `submitToken`).
"""

from typing import Any
from urllib.parse import parse_qsl

from tchap.api.client.register import SUBMIT_PATH
from tchap.api.http import Request
from tchap.api.parse import need_str
from tchap.api.routing import Route
from tchap.services import email_invitations
from tchap.services.emails import find_hosting_instance, submit_code
from tchap.services.world import World


async def info(world: World, request: Request) -> dict[str, Any]:
    """Always 200: the instance of the account, else of the domain, else of the guests."""
    return {"hs": await find_hosting_instance(world, request.text("address", "") or "")}


async def submit_token(world: World, request: Request) -> dict[str, Any]:
    """The code typed by the user; `success` false for a wrong one."""
    body = _form(request)
    sid, secret = need_str(body, "sid"), need_str(body, "client_secret")
    return {"success": await submit_code(world, sid, secret, need_str(body, "token"))}


async def versions(_world: World, _request: Request) -> dict[str, Any]:
    return {"versions": ["v1.1"]}


async def ping(_world: World, _request: Request) -> dict[str, Any]:
    return {}


async def is_valid_key(world: World, request: Request) -> dict[str, Any]:
    """Whether a key named by a third-party invitation is ours (identity API, `GET /pubkey/isvalid`)."""
    return {"valid": await email_invitations.is_valid_key(world, request.text("public_key", "") or "")}


def _form(request: Request) -> dict[str, Any]:
    """JSON, or the form older clients send (identity API, same endpoint)."""
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(request.body.decode("utf-8", "replace"), max_num_fields=20))
    return request.json()


ROUTES = (
    Route("GET", "/_matrix/identity/api/v1/info", info, auth="none", limit="identity"),
    Route("GET", "/_matrix/identity/v2", ping, auth="none"),
    Route("GET", "/_matrix/identity/api/v1", ping, auth="none"),
    Route("GET", "/_matrix/identity/versions", versions, auth="none"),
    Route("GET", email_invitations.KEY_PATH, is_valid_key, auth="none"),
    Route("POST", SUBMIT_PATH, submit_token, auth="none", limit="login"),
    Route("POST", "/_matrix/identity/api/v1/validate/email/submitToken", submit_token, auth="none", limit="login"),
)
