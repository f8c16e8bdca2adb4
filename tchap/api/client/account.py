"""The account itself: who am I, its addresses, closing it."""

from typing import Any

from tchap.api.client.register import ask_code, refuse_msisdn
from tchap.api.http import Request
from tchap.api.parse import maybe_bool
from tchap.api.routing import Route
from tchap.base.errors import Forbidden
from tchap.services import accounts
from tchap.services.deactivation import deactivate as deactivate_account
from tchap.services.interactive_auth import AuthAttempt, check_auth, flows_again, require
from tchap.services.world import World


async def whoami(_world: World, request: Request) -> dict[str, Any]:
    """Client-server API, `GET /account/whoami`."""
    requester = request.requester
    body: dict[str, Any] = {"user_id": requester.user_id, "is_guest": False}
    # An application service may act without a device (application-service API, "Identity assertion").
    return body | ({"device_id": requester.device_id} if requester.device_id else {})


async def third_party_ids(world: World, request: Request) -> dict[str, Any]:
    """The e-mail addresses of the account (client-server API, `GET /account/3pid`)."""
    found = await accounts.find_emails(world, request.requester.user_id)
    return {
        "threepids": [
            {"medium": "email", "address": e.email, "added_at": e.added_ts, "validated_at": e.validated_ts}
            for e in found
        ]
    }


async def refuse_change(_world: World, _request: Request) -> dict[str, Any]:
    """The address decides rights and names: it is not the user's to change (`m.3pid_changes` is false)."""
    raise Forbidden(
        "The e-mail address of an account cannot be changed here.",
        "L'adresse de courriel d'un compte ne peut pas être changée ici.",
    )


async def unbind(_world: World, _request: Request) -> dict[str, Any]:
    """No identity server is ever told of an address, so there is nothing to undo there."""
    return {"id_server_unbind_result": "no-support"}


async def request_email_token(world: World, request: Request) -> dict[str, Any]:
    if not world.settings.test_profile:
        return await refuse_change(world, request)
    return await ask_code(world, request, "add")


async def deactivate(world: World, request: Request) -> dict[str, Any]:
    """Client-server API, `POST /account/deactivate`."""
    body, requester = request.json(), request.requester
    auth = check_auth(body.get("auth"))
    erase = maybe_bool(body, "erase")
    await require(
        world, AuthAttempt(requester.instance, requester, auth, {}, "deactivate"), await flows_again(world, requester)
    )
    await deactivate_account(world, requester.user_id, erase)
    return {"id_server_unbind_result": "success"}


ROUTES = (
    Route("GET", "/_matrix/client/v3/account/whoami", whoami),
    Route("GET", "/_matrix/client/v3/account/3pid", third_party_ids),
    Route("POST", "/_matrix/client/v3/account/3pid", refuse_change),
    Route("POST", "/_matrix/client/v3/account/3pid/add", refuse_change),
    Route("POST", "/_matrix/client/v3/account/3pid/bind", refuse_change),
    Route("POST", "/_matrix/client/v3/account/3pid/delete", refuse_change),
    Route("POST", "/_matrix/client/v3/account/3pid/unbind", unbind),
    Route("POST", "/_matrix/client/v3/account/3pid/email/requestToken", request_email_token, auth="none", limit="mail"),
    Route("POST", "/_matrix/client/v3/account/3pid/msisdn/requestToken", refuse_msisdn, auth="none"),
    Route("POST", "/_matrix/client/v3/account/deactivate", deactivate, limit="login"),
)
