"""Rendezvous of two devices: the form of 2024 (MSC4108, plain text and ETags) and that of now (MSC4388, JSON)."""

from email.utils import formatdate
from typing import Any

from tchap.api.http import Request, Response, json_response
from tchap.api.parse import need_str
from tchap.api.public.well_known import base_url_of
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import Forbidden, InvalidParam, MatrixError, MissingParam
from tchap.services import rendezvous
from tchap.services.rendezvous import ConcurrentWrite
from tchap.services.world import World
from tchap.storage.rendezvous import Session, Write

_PLAIN, _JSON = "plain", "json"
_TEXT = "text/plain"
_2024 = "/_matrix/client/unstable/org.matrix.msc4108/rendezvous"
_NOW = "/_matrix/client/unstable/io.element.msc4388/rendezvous"

# Anybody may leave anything here: no browser may take it for a page (MSC4388, "Unsafe content").
_GUARDS = [
    ("Cache-Control", "no-store, no-transform"),
    ("Pragma", "no-cache"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
]


async def open_plain(world: World, request: Request) -> Response:
    session = await rendezvous.open_rendezvous(world, _PLAIN, _plain_body(request))
    url = f"{base_url_of(world, request)}{_2024}/{session.session_id}"
    answer = json_response({"url": url}, 201)
    answer.headers += [*_plain_headers(session), ("Location", url)]
    return answer


async def read_plain(world: World, request: Request) -> Response:
    _check_no_page(request)
    session = await rendezvous.get_rendezvous(world, _PLAIN, request.params["rendezvousId"])
    if request.headers.get("if-none-match") is not None and _etag_of(request, "if-none-match") == session.sequence:
        return Response(304, b"", _TEXT, _plain_headers(session))
    return Response(200, session.data, _TEXT, _plain_headers(session))


async def write_plain(world: World, request: Request) -> Response:
    data = _plain_body(request)
    if "if-match" not in request.headers:
        raise MissingParam("If-Match")
    session = await rendezvous.get_rendezvous(world, _PLAIN, request.params["rendezvousId"])
    try:
        written = await rendezvous.write_rendezvous(world, session, Write(data, _etag_of(request, "if-match")))
    except ConcurrentWrite as error:
        raise MatrixError(
            "M_CONCURRENT_WRITE",
            "The ETag does not match.",
            "L'ETag ne correspond pas.",
            status_hint=412,
            **{"org.matrix.msc4108.errcode": "M_CONCURRENT_WRITE"},
        ) from error
    return Response(202, b"", _TEXT, _plain_headers(written))


async def close_plain(world: World, request: Request) -> Response:
    await rendezvous.close_rendezvous(world, _PLAIN, request.params["rendezvousId"])
    return Response(204, b"", _TEXT)


def _plain_body(request: Request) -> bytes:
    if not request.headers.get("content-type", "").startswith(_TEXT):
        raise InvalidParam("The Content-Type must be text/plain.", "Le Content-Type doit être text/plain.")
    return request.body


def _plain_headers(session: Session) -> list[tuple[str, str]]:
    expires = formatdate(session.expires_ts / 1000, usegmt=True)
    written = formatdate((session.expires_ts - limits.RENDEZVOUS_MS) / 1000, usegmt=True)
    return [("ETag", f'"{session.sequence}"'), ("Expires", expires), ("Last-Modified", written), *_GUARDS]


def _etag_of(request: Request, header: str) -> int:
    """The write an ETag names; 0, which none has, for anything else. A proxy may have weakened it."""
    text = request.headers[header].strip().removeprefix("W/").strip('"')
    return _sequence(text)


def _sequence(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def _check_no_page(request: Request) -> None:
    """ "Identify top-level navigation requests and return a 403" (MSC4388)."""
    if request.headers.get("sec-fetch-mode") == "navigate":
        raise Forbidden("This is not a page.", "Ceci n'est pas une page.")


async def discover(_world: World, _request: Request) -> dict[str, Any]:
    return {"create_available": True}


async def open_json(world: World, request: Request) -> Response:
    session = await rendezvous.open_rendezvous(world, _JSON, _json_data(request))
    return _guarded({"id": session.session_id, **_state(world, session)})


async def read_json(world: World, request: Request) -> Response:
    _check_no_page(request)
    session = await rendezvous.get_rendezvous(world, _JSON, request.params["rendezvousId"])
    return _guarded({"data": session.data.decode(), **_state(world, session)})


async def write_json(world: World, request: Request) -> Response:
    data, sequence = _json_data(request), _sequence(need_str(request.json(), "sequence_token"))
    session = await rendezvous.get_rendezvous(world, _JSON, request.params["rendezvousId"])
    txn_id = request.params.get("txnId")
    try:
        written = await rendezvous.write_rendezvous(world, session, Write(data, sequence, txn_id))
    except ConcurrentWrite as error:
        raise MatrixError(
            "IO_ELEMENT_MSC4388_CONCURRENT_WRITE",
            "The sequence token does not match.",
            "Le jeton de séquence ne correspond pas.",
            status_hint=409,
        ) from error
    return _guarded({"sequence_token": str(written.sequence)})


async def close_json(world: World, request: Request) -> dict[str, Any]:
    await rendezvous.close_rendezvous(world, _JSON, request.params["rendezvousId"])
    return {}


def _json_data(request: Request) -> bytes:
    data = need_str(request.json(), "data")
    if len(data) > limits.MAX_RENDEZVOUS_DATA:
        raise MatrixError("M_TOO_LARGE", "The data is too large.", "Les données sont trop volumineuses.")
    return data.encode()


def _state(world: World, session: Session) -> dict[str, Any]:
    """Both forms of the end: the time, and how long it still is."""
    left_ms = max(session.expires_ts - world.clock.now_ms(), 0)
    return {"sequence_token": str(session.sequence), "expires_ts": session.expires_ts, "expires_in_ms": left_ms}


def _guarded(body: dict[str, Any]) -> Response:
    answer = json_response(body)
    answer.headers += _GUARDS
    return answer


def _plain(method: str, path: str, handler: Any, limit: str = "rendezvous") -> Route:
    return Route(method, path, handler, auth="none", limit=limit, max_body=limits.MAX_RENDEZVOUS_DATA)


def _json(method: str, path: str, handler: Any, limit: str = "rendezvous") -> Route:
    return Route(method, path, handler, auth="optional", limit=limit, max_body=limits.MAX_RENDEZVOUS_BODY)


ROUTES = (
    _plain("POST", _2024, open_plain, "rendezvous_new"),
    _plain("GET", f"{_2024}/{{rendezvousId}}", read_plain),
    _plain("PUT", f"{_2024}/{{rendezvousId}}", write_plain),
    _plain("DELETE", f"{_2024}/{{rendezvousId}}", close_plain),
    _json("GET", _NOW, discover),
    _json("POST", _NOW, open_json, "rendezvous_new"),
    _json("GET", f"{_NOW}/{{rendezvousId}}", read_json),
    _json("PUT", f"{_NOW}/{{rendezvousId}}", write_json),
    _json("PUT", f"{_NOW}/{{rendezvousId}}/{{txnId}}", write_json),
    _json("DELETE", f"{_NOW}/{{rendezvousId}}", close_json),
)
