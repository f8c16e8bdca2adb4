"""What applications ask of the OAuth 2.0 API without a browser: registering, tokens, revoking, signing in a device.

Source: client-server API, "OAuth 2.0 API"; RFC 6749, RFC 7009, RFC 7591, RFC 8628.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tchap.api.client.auth_metadata import DEVICE, LINK, REGISTER, REVOKE, TOKEN
from tchap.api.http import Request, Response, json_response
from tchap.api.public.origin import base_url
from tchap.api.routing import Handler, Route
from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.protocol.oauth import AUTHORIZATION_CODE, DEVICE_CODE, REFRESH_TOKEN, OAuthError
from tchap.services import oauth_clients, oauth_devices, oauth_tokens
from tchap.services.oauth_tokens import CodeProof, Granted
from tchap.services.world import World

Endpoint = Callable[[World, Request], Awaitable[Response]]
# RFC 6749, section 5.1: what holds a token is kept by no cache.
_PRIVATE = [("Cache-Control", "no-store"), ("Pragma", "no-cache")]


def told(endpoint: Endpoint) -> Handler:
    """The endpoint; its refusals are told in the words of RFC 6749, section 5.2."""

    async def answer(world: World, request: Request) -> Response:
        try:
            response = await endpoint(world, request)
        except OAuthError as error:
            response = json_response({"error": error.code, "error_description": error.description}, _status(error))
        response.headers.extend(_PRIVATE)
        return response

    return answer


def _status(error: OAuthError) -> int:
    if error.code == "invalid_client":
        return 401
    return 503 if error.code == "temporarily_unavailable" else 400


async def register(world: World, request: Request) -> Response:
    try:
        body = decode_json(request.body)
    except ValueError as error:
        raise OAuthError("invalid_client_metadata", "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise OAuthError("invalid_client_metadata", "The body must be a JSON object.")
    client = await oauth_clients.register_client(world, body)
    return json_response({"client_id": client.client_id, **client.metadata.json}, 201)


async def give_token(world: World, request: Request) -> Response:
    form = _form(request)
    kind = _need(form, "grant_type")
    if kind == AUTHORIZATION_CODE:
        names = ("client_id", "code", "redirect_uri", "code_verifier")
        proof = CodeProof(*(_need(form, name) for name in names))
        return _tokens(await oauth_tokens.exchange_code(world, proof, request.client))
    if kind == REFRESH_TOKEN:
        return _tokens(await oauth_tokens.refresh(world, _need(form, "client_id"), _need(form, "refresh_token")))
    if kind == DEVICE_CODE:
        client_id, device_code = _need(form, "client_id"), _need(form, "device_code")
        return _tokens(await oauth_tokens.poll_device(world, client_id, device_code, request.client))
    raise OAuthError("unsupported_grant_type", "This grant type is not known here.")


def _tokens(granted: Granted) -> Response:
    session = granted.session
    return json_response(
        {
            "access_token": session.access_token,
            "token_type": "Bearer",
            "expires_in": (session.expires_in_ms or 0) // 1000,
            "refresh_token": session.refresh_token,
            "scope": granted.scope,
        }
    )


async def revoke(world: World, request: Request) -> Response:
    await oauth_tokens.revoke(world, _need(_form(request), "token"))
    return json_response({})


async def start_device(world: World, request: Request) -> Response:
    form = _form(request)
    started = await oauth_devices.start(world, _need(form, "client_id"), form.get("scope", ""))
    page = f"{base_url(world, request)}{LINK}"
    return json_response(
        {
            "device_code": started.device_code,
            "user_code": started.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?{urlencode({'user_code': started.user_code})}",
            "expires_in": limits.DEVICE_GRANT_MS // 1000,
            "interval": limits.DEVICE_GRANT_INTERVAL_S,
        }
    )


def _form(request: Request) -> dict[str, str]:
    """The fields of a form-encoded body; OAuthError where one is there twice (RFC 6749, section 3.2)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "The body must be application/x-www-form-urlencoded.")
    try:
        pairs = parse_qsl(
            request.body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=limits.MAX_FORM_FIELDS
        )
    except ValueError as error:
        raise OAuthError("invalid_request", "The body cannot be read.") from error
    fields: dict[str, Any] = dict(pairs)
    if len(fields) < len(pairs):
        raise OAuthError("invalid_request", "A parameter is there twice.")
    # PostgreSQL keeps no text with a NUL.
    if any("\0" in value for value in fields.values()):
        raise OAuthError("invalid_request", "A parameter holds a NUL character.")
    return fields


def _need(form: dict[str, str], name: str) -> str:
    """A parameter sent without a value is as one left out (RFC 6749, section 3.2)."""
    value = form.get(name)
    if not value:
        raise OAuthError("invalid_request", f"The parameter '{name}' is missing.")
    return value


def _route(path: str, endpoint: Endpoint, limit: str | None) -> Route:
    return Route("POST", path, told(endpoint), auth="none", limit=limit, max_body=limits.MAX_OAUTH_BODY)


ROUTES = (
    _route(REGISTER, register, "oauth"),
    # Not limited by address: thousands of devices of one administration refresh behind a single one.
    _route(TOKEN, give_token, None),
    _route(REVOKE, revoke, None),
    _route(DEVICE, start_device, "oauth"),
)
