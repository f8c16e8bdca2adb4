"""Changing a password, and what a password must be."""

from typing import Any

from tchap.api.client.register import ask_code, refuse_msisdn
from tchap.api.http import Request
from tchap.api.parse import maybe_bool, need_str
from tchap.api.routing import Route
from tchap.policy.passwords import policy_body
from tchap.services import passwords
from tchap.services.accounts import get_user_of_email
from tchap.services.interactive_auth import EMAIL, PASSWORD, AuthAttempt, check_auth, require
from tchap.services.world import World


async def policy(world: World, _request: Request) -> dict[str, Any]:
    """The criteria of a password (MSC2000)."""
    return policy_body(passwords.policy_in_force(world))


async def change(world: World, request: Request) -> dict[str, Any]:
    """Client-server API, `POST /account/password`: with the old password, or by a code sent to the address."""
    body = request.json()
    requester = getattr(request, "requester", None)
    flows = ((PASSWORD,), (EMAIL,)) if requester is not None else ((EMAIL,),)
    new_password = body.get("new_password")
    if new_password is not None:
        passwords.check_password(world, need_str(body, "new_password"))
    fields = {name: value for name, value in body.items() if name != "auth"}
    auth = check_auth(body.get("auth"))
    attempt = AuthAttempt(request.instance, requester, auth, fields, "password", "password")
    completed = await require(world, attempt, flows)
    new_password = need_str(body if new_password is not None else completed.fields, "new_password")
    user_id = requester.user_id if requester is not None else await get_user_of_email(world, completed.email)
    keep_device = requester.device_id if requester is not None else None
    sign_out = maybe_bool(body, "logout_devices", default=True)
    await passwords.change_password(world, user_id, new_password, keep_device, sign_out)
    return {}


async def request_email_token(world: World, request: Request) -> dict[str, Any]:
    return await ask_code(world, request, "password")


ROUTES = (
    Route("GET", "/_matrix/client/v3/password_policy", policy, auth="none"),
    Route("POST", "/_matrix/client/v3/account/password", change, auth="optional", limit="login"),
    Route(
        "POST", "/_matrix/client/v3/account/password/email/requestToken", request_email_token, auth="none", limit="mail"
    ),
    Route("POST", "/_matrix/client/v3/account/password/msisdn/requestToken", refuse_msisdn, auth="none"),
)
