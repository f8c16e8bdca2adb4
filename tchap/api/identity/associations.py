"""Proving an address, and letting it be looked up (identity API, "Establishing associations")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.identity.access import owner_of
from tchap.api.identity.forms import form_or_json
from tchap.api.parse import maybe_str, need_dict, need_int, need_str
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import MissingParam
from tchap.services import identity_binding as binding
from tchap.services.emails import CodeRequest, read_email, request_code
from tchap.services.identity_binding import Session
from tchap.services.identity_invites import read_medium
from tchap.services.world import World


async def request_token(world: World, request: Request) -> dict[str, Any]:
    await owner_of(world, request)
    body = request.json()
    email = str(read_email(need_str(body, "email")))
    secret, attempt = need_str(body, "client_secret"), need_int(body, "send_attempt", 0, limits.MAX_TIMESTAMP)
    asked = CodeRequest(binding.PURPOSE, email, secret, attempt, maybe_str(body, "next_link"), None)
    return {"sid": await request_code(world, asked)}


async def show_validated(world: World, request: Request) -> dict[str, Any]:
    await owner_of(world, request)
    email, proven_ts = await binding.get_proven(world, _session_of(request))
    return {"medium": "email", "address": email, "validated_at": proven_ts}


def _session_of(request: Request) -> Session:
    sid, secret = request.text("sid"), request.text("client_secret")
    if sid is None or secret is None:
        raise MissingParam("sid" if sid is None else "client_secret")
    return Session(sid, secret)


async def bind(world: World, request: Request) -> dict[str, Any]:
    user_id, body = await owner_of(world, request), form_or_json(request)
    session = Session(need_str(body, "sid"), need_str(body, "client_secret"))
    return await binding.bind(world, user_id, session, need_str(body, "mxid"))


async def unbind(world: World, request: Request) -> dict[str, Any]:
    user_id, body = await owner_of(world, request), request.json()
    threepid = need_dict(body, "threepid")
    read_medium(need_str(threepid, "medium"))
    await binding.unbind(world, user_id, need_str(threepid, "address"), need_str(body, "mxid"))
    return {}


_V2 = "/_matrix/identity/v2"

ROUTES = (
    Route("POST", f"{_V2}/validate/email/requestToken", request_token, auth="none", limit="mail"),
    Route("GET", f"{_V2}/3pid/getValidated3pid", show_validated, auth="none", limit="identity"),
    Route("POST", f"{_V2}/3pid/bind", bind, auth="none", limit="identity"),
    Route("POST", f"{_V2}/3pid/unbind", unbind, auth="none", limit="identity"),
)
