"""Accounts made with a shared secret: what public black-box suites expect of a homeserver. Test profile alone."""

import hashlib
import hmac
from typing import Any

from tchap.api.client.login import session_body, session_wish
from tchap.api.http import Request
from tchap.api.parse import maybe_bool, maybe_str, need_str
from tchap.api.routing import Route
from tchap.base.errors import Forbidden, MatrixError
from tchap.services import registration
from tchap.services.world import World

PATH = "/_synapse/admin/v1/register"
_NONCE_MS = 60_000


async def nonce(world: World, _request: Request) -> dict[str, Any]:
    """Signed instead of remembered: the moment it was given, under the shared secret."""
    now = str(world.clock.now_ms())
    return {"nonce": f"{now}.{_mac(_secret(world), 'nonce', now)}"}


async def register(world: World, request: Request) -> dict[str, Any]:
    """`mac` is the HMAC-SHA1 of nonce, username, password and `admin` or `notadmin`, separated by NUL."""
    body = request.json()
    secret = _secret(world)
    given, username, password = need_str(body, "nonce"), need_str(body, "username"), need_str(body, "password")
    is_admin = maybe_bool(body, "admin")
    _check_nonce(world, secret, given)
    signed = (given, username, password, "admin" if is_admin else "notadmin")
    if not hmac.compare_digest(_mac(secret, *signed).encode(), need_str(body, "mac").encode()):
        raise Forbidden("The MAC is wrong.", "Le MAC est incorrect.")
    await registration.check_available(world, username, request.instance)
    account = await registration.plan_plain(world, request.instance, username, password, is_admin)
    display_name = maybe_str(body, "displayname")
    wish = session_wish(request, body)
    return session_body(await registration.open_account(world, registration.named(account, display_name), wish))


def _secret(world: World) -> str:
    test = world.settings.test
    if test is None or not test.shared_secret:
        raise MatrixError("M_UNRECOGNIZED", "Unrecognised request.", "Requête inconnue.")
    return test.shared_secret


def _check_nonce(world: World, secret: str, given: str) -> None:
    at, _, mac = given.partition(".")
    is_ours = at.isdigit() and hmac.compare_digest(mac.encode(), _mac(secret, "nonce", at).encode())
    if not is_ours or world.clock.now_ms() - int(at) > _NONCE_MS:
        raise MatrixError("M_UNKNOWN", "Unrecognised nonce.", "Nonce inconnu.")


def _mac(secret: str, *parts: str) -> str:
    return hmac.new(secret.encode(), b"\0".join(part.encode() for part in parts), hashlib.sha1).hexdigest()


ROUTES = (
    Route("GET", PATH, nonce, auth="none"),
    Route("POST", PATH, register, auth="none"),
)
