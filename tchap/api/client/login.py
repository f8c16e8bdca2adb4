"""`/login`: signing in."""

from typing import Any

from tchap.api.client.sso import PROVIDER
from tchap.api.http import Request
from tchap.api.parse import maybe_bool, maybe_str, need_str
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import InvalidParam, MatrixError
from tchap.protocol.identifiers import server_of
from tchap.services import login
from tchap.services.appservices import get_service
from tchap.services.interactive_auth import PASSWORD, AuthAttempt, check_auth, flows_again, require
from tchap.services.proconnect import is_offered
from tchap.services.sessions import SessionWish, SignedIn
from tchap.services.world import World

TOKEN = "m.login.token"
SSO = "m.login.sso"
APPSERVICE = "m.login.application_service"


async def flows(world: World, _request: Request) -> dict[str, Any]:
    """How one may sign in (client-server API, `GET /login`)."""
    services = [{"type": APPSERVICE}] if world.appservices.all else []
    return {"flows": [{"type": PASSWORD}, {"type": TOKEN, "get_login_token": True}, _sso(world), *services]}


def _sso(world: World) -> dict[str, Any]:
    """By the browser; applications that know OAuth do better to use that ("m.login.sso flow schema")."""
    flow: dict[str, Any] = {
        "type": SSO,
        "oauth_aware_preferred": True,
        # Its name before Matrix 1.18 (MSC3824), which applications still look for.
        "org.matrix.msc3824.delegated_oidc_compatibility": True,
    }
    if is_offered(world):
        flow["identity_providers"] = [{"id": PROVIDER, "name": "ProConnect"}]
    return flow


async def sign_in(world: World, request: Request) -> dict[str, Any]:
    """Client-server API, `POST /login`."""
    body = request.json()
    kind = need_str(body, "type")
    wish = session_wish(request, body)
    if kind == PASSWORD:
        password = need_str(body, "password")
        return session_body(await login.sign_in_with_password(world, body, password, request.instance, wish))
    if kind == TOKEN:
        return session_body(await login.sign_in_with_token(world, need_str(body, "token"), wish))
    if kind == APPSERVICE:
        service = get_service(world, request.access_token(world.settings.test_profile))
        return session_body(await login.sign_in_for_service(world, service, body, wish))
    raise MatrixError("M_UNKNOWN", "Unknown login type.", "Type de connexion inconnu.")


async def get_token(world: World, request: Request) -> dict[str, Any]:
    """A token that signs another device in (client-server API, `POST /login/get_token`)."""
    requester = request.requester
    auth = check_auth(request.json().get("auth"))
    await require(
        world, AuthAttempt(requester.instance, requester, auth, {}, "get_token"), await flows_again(world, requester)
    )
    token = await login.create_login_token(world, requester.user_id)
    return {"login_token": token, "expires_in_ms": limits.LOGIN_TOKEN_MS}


def session_wish(request: Request, body: dict[str, Any]) -> SessionWish:
    device_id = maybe_str(body, "device_id")
    if device_id is not None and not 0 < len(device_id) <= limits.MAX_ID_BYTES:
        raise InvalidParam("The device id must have 1 to 255 characters.")
    return SessionWish(
        device_id,
        maybe_str(body, "initial_device_display_name"),
        maybe_bool(body, "refresh_token"),
        request.client,
    )


def session_body(signed_in: SignedIn) -> dict[str, Any]:
    """The answer of `/login` and `/register`."""
    body: dict[str, Any] = {"user_id": signed_in.user_id, "home_server": server_of(signed_in.user_id)}
    session = signed_in.session
    if session is None:
        return body
    body |= {"access_token": session.access_token, "device_id": session.device_id}
    if session.refresh_token is not None:
        body |= {"refresh_token": session.refresh_token, "expires_in_ms": session.expires_in_ms}
    return body


ROUTES = (
    Route("GET", "/_matrix/client/v3/login", flows, auth="none"),
    Route("POST", "/_matrix/client/v3/login", sign_in, auth="none", limit="login"),
    Route("POST", "/_matrix/client/v1/login/get_token", get_token, limit="login"),
)
