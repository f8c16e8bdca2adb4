"""What today's clients ask before they know any server: where does this address belong?

Also the code of an address, submitted as to an identity server (identity API, `submitToken`).
"""

from typing import Any

from tchap.api.client.register import SUBMIT_PATH
from tchap.api.http import Request, Response
from tchap.api.identity.access import is_internal
from tchap.api.identity.forms import form_or_json
from tchap.api.parse import need_str
from tchap.api.public.pages import page, said
from tchap.api.routing import Route
from tchap.base.errors import MatrixError
from tchap.policy.instances import Whereabouts
from tchap.services.emails import find_standing, find_whereabouts, submit_code
from tchap.services.world import World


async def info(world: World, request: Request) -> dict[str, Any]:
    """Always 200: the instance of the account, else of the domain, else of the guests; `new_hs` where it moved to."""
    return _whereabouts(await find_whereabouts(world, request.text("address", "") or ""))


def _whereabouts(found: Whereabouts) -> dict[str, Any]:
    return {"hs": found.hs} if found.new_hs is None else {"hs": found.hs, "new_hs": found.new_hs}


async def internal_info(world: World, request: Request) -> dict[str, Any]:
    """The same, for servers of the operator's own: also whether an invitation is needed, and is there.

    Elsewhere there is no such thing: it would tell anybody who was invited.
    """
    if not is_internal(world, request):
        raise MatrixError("M_UNRECOGNIZED", "Unrecognised request.", "Requête inconnue.")
    found = await find_standing(world, request.text("address", "") or "")
    return {
        **_whereabouts(found.whereabouts),
        "invited": found.invited,
        "requires_invite": found.requires_invite,
    }


async def submit_token(world: World, request: Request) -> dict[str, Any]:
    """The code typed by the user; `success` false for a wrong one."""
    body = form_or_json(request)
    sid, secret = need_str(body, "sid"), need_str(body, "client_secret")
    return {"success": await submit_code(world, sid, secret, need_str(body, "token"))}


async def versions(_world: World, _request: Request) -> dict[str, Any]:
    return {"versions": ["v1.1"]}


async def ping(_world: World, _request: Request) -> dict[str, Any]:
    return {}


async def open_token_link(world: World, request: Request) -> Response:
    """The same with everything in the address (identity API, `GET /validate/email/submitToken`)."""
    sid, secret, token = (request.text(name, "") or "" for name in ("sid", "client_secret", "token"))
    if await submit_code(world, sid, secret, token):
        sentence = said(request, "Votre adresse est confirmée.", "Your address is confirmed.")
        return page(request, said(request, "Adresse confirmée", "Address confirmed"), f"<p>{sentence}</p>")
    sentence = said(request, "Ce code n'est pas le bon, ou n'est plus valable.", "This code is wrong, or too old.")
    return page(request, said(request, "Adresse non confirmée", "Address not confirmed"), f"<p>{sentence}</p>", 400)


ROUTES = (
    Route("GET", "/_matrix/identity/api/v1/info", info, auth="none", limit="identity"),
    Route("GET", "/_matrix/identity/v2", ping, auth="none"),
    Route("GET", "/_matrix/identity/api/v1", ping, auth="none"),
    Route("GET", "/_matrix/identity/versions", versions, auth="none"),
    Route("GET", "/_matrix/identity/api/v1/internal-info", internal_info, auth="none", limit="identity"),
    Route("POST", SUBMIT_PATH, submit_token, auth="none", limit="login"),
    Route("GET", SUBMIT_PATH, open_token_link, auth="none", limit="login"),
    Route("POST", "/_matrix/identity/api/v1/validate/email/submitToken", submit_token, auth="none", limit="login"),
)
