"""Where our OAuth 2.0 API is and what it knows (client-server API, "Server metadata discovery"; RFC 8414)."""

from typing import Any

from tchap.api.http import Request, Response, json_response
from tchap.api.public.browser import ACCOUNT
from tchap.api.public.origin import base_url
from tchap.api.routing import Route
from tchap.protocol.oauth import API_SCOPE, GRANT_TYPES, RESPONSE_MODES
from tchap.services.world import World

AUTHORIZE, TOKEN, REVOKE = "/oauth2/authorize", "/oauth2/token", "/oauth2/revoke"
REGISTER, DEVICE, LINK = "/oauth2/register", "/oauth2/device", "/link"
_ACTIONS = (
    "org.matrix.profile",
    "org.matrix.devices_list",
    "org.matrix.device_view",
    "org.matrix.device_delete",
    "org.matrix.account_deactivate",
    "org.matrix.cross_signing_reset",
)
# Their names before Matrix 1.18 (MSC4191), for those who ask by the older address.
_OLDER_ACTIONS = ("org.matrix.sessions_list", "org.matrix.session_view", "org.matrix.session_end")
_CACHED = ("Cache-Control", "public, max-age=3600")


def issuer_of(world: World, request: Request) -> str:
    """Each instance is an issuer of its own, named by its address."""
    return f"{base_url(world, request)}/"


def account_uri(world: World, request: Request) -> str:
    return f"{base_url(world, request)}{ACCOUNT}"


async def metadata(world: World, request: Request) -> Response:
    return _answer(_body(world, request, _ACTIONS))


async def older_metadata(world: World, request: Request) -> Response:
    return _answer(_body(world, request, (*_ACTIONS, *_OLDER_ACTIONS)))


def _answer(body: dict[str, Any]) -> Response:
    response = json_response(body)
    response.headers.append(_CACHED)
    return response


def _body(world: World, request: Request, actions: tuple[str, ...]) -> dict[str, Any]:
    base = base_url(world, request)
    return {
        "issuer": issuer_of(world, request),
        "authorization_endpoint": f"{base}{AUTHORIZE}",
        "token_endpoint": f"{base}{TOKEN}",
        "registration_endpoint": f"{base}{REGISTER}",
        "revocation_endpoint": f"{base}{REVOKE}",
        "device_authorization_endpoint": f"{base}{DEVICE}",
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANT_TYPES),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "scopes_supported": [API_SCOPE],
        "prompt_values_supported": ["create"],
        "ui_locales_supported": ["fr", "en"],
        # RFC 9207: the answer says who gives it, so that an application of several servers takes none for another.
        "authorization_response_iss_parameter_supported": True,
        "account_management_uri": account_uri(world, request),
        "account_management_actions_supported": list(actions),
    }


ROUTES = (
    Route("GET", "/_matrix/client/v1/auth_metadata", metadata, auth="none"),
    Route("GET", "/_matrix/client/unstable/org.matrix.msc2965/auth_metadata", older_metadata, auth="none"),
    Route("GET", "/.well-known/oauth-authorization-server", metadata, auth="none"),
    Route("GET", "/.well-known/openid-configuration", older_metadata, auth="none"),
)
