"""`/register` and what surrounds it."""

from typing import Any

from tchap.api.client.login import APPSERVICE, session_body, session_wish
from tchap.api.http import Request, Response, json_response
from tchap.api.parse import maybe_bool, maybe_str, need_int, need_str
from tchap.api.routing import Route
from tchap.base.errors import Forbidden, InvalidParam, MatrixError, MissingParam
from tchap.services import registration
from tchap.services.appservices import get_service
from tchap.services.emails import CodeRequest, request_code
from tchap.services.interactive_auth import AuthAttempt, check_auth
from tchap.services.world import World

SUBMIT_PATH = "/_matrix/identity/v2/validate/email/submitToken"


async def register(world: World, request: Request) -> dict[str, Any]:
    """Opens an account (client-server API, `POST /register`)."""
    body = request.json()
    if body.get("type") == APPSERVICE:
        return await _register_for_service(world, request, body)
    if request.text("kind", "user") != "user":
        raise Forbidden("Guests are not admitted.", "Les comptes invités anonymes ne sont pas admis.")
    fields = {name: value for name, value in body.items() if name != "auth"}
    auth = check_auth(body.get("auth"))
    attempt = AuthAttempt(request.instance, None, auth, fields, "register", "register")
    inhibit_login = maybe_bool(body, "inhibit_login")
    wish = registration.Wish(
        maybe_str(body, "username"),
        maybe_str(body, "password"),
        None if inhibit_login else session_wish(request, body),
    )
    signed_in = await registration.register(world, attempt, wish, request.host_instance)
    return session_body(signed_in)


async def _register_for_service(world: World, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Application-service API, "Server admin style permissions"."""
    service = get_service(world, request.access_token(world.settings.test_profile))
    wish = None if maybe_bool(body, "inhibit_login") else session_wish(request, body)
    return session_body(await registration.register_for_service(world, service, need_str(body, "username"), wish))


async def available(world: World, request: Request) -> dict[str, Any]:
    """Whether a user name is free (client-server API, `GET /register/available`)."""
    if not world.settings.test_profile:
        # Ids are made from addresses: saying which are taken would only help to list the agents.
        raise Forbidden("User names are not chosen here.", "Les identifiants ne se choisissent pas ici.")
    username = request.text("username")
    if username is None:
        raise MissingParam("username")
    await registration.check_available(world, username, request.instance)
    return {"available": True}


async def request_email_token(world: World, request: Request) -> dict[str, Any]:
    return await ask_code(world, request, "register")


async def ask_code(world: World, request: Request, purpose: str) -> dict[str, Any]:
    """The body of every `…/email/requestToken`: sends a code and a link, answers the session id."""
    body = request.json()
    asked = CodeRequest(
        purpose,
        need_str(body, "email"),
        need_str(body, "client_secret"),
        need_int(body, "send_attempt", 0, 2**53),
        maybe_str(body, "next_link"),
        request.host_instance,
    )
    sid = await request_code(world, asked)
    return {"sid": sid, "submit_url": f"{world.settings.public_url}{SUBMIT_PATH}"}


async def refuse_msisdn(_world: World, _request: Request) -> dict[str, Any]:
    raise MatrixError(
        "M_THREEPID_DENIED",
        "Phone numbers are not used here.",
        "Les numéros de téléphone ne sont pas utilisés ici.",
    )


async def token_validity(_world: World, request: Request) -> Response:
    """No registration token is ever given out (client-server API, `registration_token/validity`)."""
    if request.text("token") is None:
        raise InvalidParam("The parameter 'token' is missing.")
    return json_response({"valid": False})


ROUTES = (
    Route("POST", "/_matrix/client/v3/register", register, auth="none", limit="register"),
    Route("GET", "/_matrix/client/v3/register/available", available, auth="none", limit="register"),
    Route("POST", "/_matrix/client/v3/register/email/requestToken", request_email_token, auth="none", limit="mail"),
    Route("POST", "/_matrix/client/v3/register/msisdn/requestToken", refuse_msisdn, auth="none"),
    Route("GET", "/_matrix/client/v1/register/m.login.registration_token/validity", token_validity, auth="none"),
)
