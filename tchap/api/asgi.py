"""The one door of HTTP: finds the route, bounds the body, knows who asks, calls the handler, shapes the answer."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from tchap.api.errors import error_body, status_of
from tchap.api.http import Request, Response, json_response, preferred_language
from tchap.api.routing import Route, Router
from tchap.api.suspension import check_while_suspended
from tchap.base import limits
from tchap.base.errors import InteractiveAuthNeeded, LimitExceeded, MatrixError
from tchap.services.accounts import authenticate
from tchap.services.appservices import act_as, is_unlimited
from tchap.services.devices import note_visit
from tchap.services.world import World

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Static = Callable[[str], Response | None]

log = structlog.get_logger(__name__)

# Client-server API, "Web Browser Clients": the headers every answer carries. The rendezvous of devices (MSC4108) has
# its conditions in headers of HTTP.
_CORS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, POST, PUT, DELETE, OPTIONS"),
    (b"access-control-allow-headers", b"X-Requested-With, Content-Type, Authorization, If-Match, If-None-Match"),
    (b"access-control-expose-headers", b"ETag, Retry-After"),
]


class Application:
    """The ASGI application of one World."""

    def __init__(self, world: World, router: Router, static: Static) -> None:
        self.world = world
        self.router = router
        self.static = static
        self._hosts = _host_table(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            response = await self._answer(scope, headers, receive)
        except MatrixError as error:
            language = preferred_language(headers.get("accept-language", ""))
            response = error_response(error, language, scope["path"])
        except InteractiveAuthNeeded as needed:
            response = json_response(needed.body, 401)
        except _Gone:
            return
        except Exception:
            # Ours: the request crashes, the log hears it once, the caller learns nothing of the inside.
            log.exception("request failed", method=scope["method"], route=_template(self.router, scope))
            response = json_response({"errcode": "M_UNKNOWN", "error": "Internal error"}, 500)
        self.world.metrics.answers.labels(scope["method"], response.status).inc()
        await _send(send, response)

    async def _answer(self, scope: Scope, headers: dict[str, str], receive: Receive) -> Response:
        method = scope["method"]
        if method == "OPTIONS":
            return Response(204, b"", "text/plain")
        raw_path = scope["raw_path"].decode("latin-1")
        if len(raw_path) > limits.MAX_PATH or len(scope["query_string"]) > limits.MAX_QUERY:
            raise MatrixError("M_TOO_LARGE", "The address is too long.", "L'adresse est trop longue.")
        found = self.router.find("GET" if method == "HEAD" else method, raw_path)
        if not isinstance(found, tuple):
            return self._unrecognised(method, raw_path, found)
        route, params = found
        request = Request(method, raw_path, params, headers, scope["query_string"].decode("latin-1"))
        request.peer = scope["client"][0] if scope.get("client") else ""
        request.client = self._client_address(request.peer, headers)
        request.scheme = scope["scheme"]
        await self._identify(route, request)
        self._check_rate(route, request)
        if method not in ("GET", "HEAD"):
            request.body = await _read_body(receive, headers, route.max_body)
        answer = await route.handler(self.world, request)
        return answer if isinstance(answer, Response) else json_response(answer)

    def _unrecognised(self, method: str, raw_path: str, methods: set[str] | None) -> Response:
        static = self.static(raw_path) if method in ("GET", "HEAD") and not methods else None
        if static is not None:
            return static
        hint = 405 if methods else 404
        raise MatrixError("M_UNRECOGNIZED", "Unrecognised request.", "Requête inconnue.", status_hint=hint)

    def _client_address(self, address: str, headers: dict[str, str]) -> str:
        forwarded = headers.get("x-forwarded-for")
        if forwarded and address in self.world.settings.http.trusted_proxies:
            return forwarded.split(",")[-1].strip()
        return address

    async def _identify(self, route: Route, request: Request) -> None:
        """Sets the requester and which instance is served: the token's user, else the Host, else the first."""
        request.host_instance = self._hosts.get(request.host)
        request.instance = request.host_instance or self.world.settings.instances[0].name
        if route.auth == "none":
            return
        token = request.access_token(self.world.settings.test_profile)
        if token is None:
            if route.auth == "optional":
                return
            raise MatrixError("M_MISSING_TOKEN", "Missing access token.", "Connectez-vous pour continuer.")
        service = self.world.appservices.by_token.get(token)
        if service is not None:
            # Application-service API, "Identity assertion".
            request.requester = await act_as(self.world, service, request.text("user_id"), request.text("device_id"))
        else:
            request.requester = await authenticate(self.world, token, expired_ok=route.auth == "expired_ok")
            note_visit(self.world, request.requester, request.client)
        request.instance = request.requester.instance
        if request.requester.is_suspended:
            check_while_suspended(route)

    def _check_rate(self, route: Route, request: Request) -> None:
        if route.limit is None:
            return
        requester = getattr(request, "requester", None)
        if requester is not None and is_unlimited(self.world, requester):
            return
        key = requester.user_id if requester else request.client
        wait_ms = self.world.live.rate_limits.take(route.limit, key, self.world.clock.monotonic())
        if wait_ms:
            raise LimitExceeded(wait_ms)


class _Gone(Exception):
    """The caller left before the request was whole."""


async def _read_body(receive: Receive, headers: dict[str, str], max_body: int) -> bytes:
    declared = headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_body:
        raise _too_large()
    message = await receive()
    body: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body"):
        if len(body) > max_body:
            raise _too_large()
        return body
    chunks, size = [body], len(body)
    while message.get("more_body"):
        if message["type"] == "http.disconnect":
            raise _Gone
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > max_body:
            raise _too_large()
    if message["type"] == "http.disconnect":
        raise _Gone
    return b"".join(chunks)


def _too_large() -> MatrixError:
    return MatrixError("M_TOO_LARGE", "The request is too large.", "La demande est trop volumineuse.")


def error_response(error: MatrixError, language: str, path: str) -> Response:
    response = json_response(error_body(error, language, path), status_of(error))
    if isinstance(error, LimitExceeded):
        # Client-server API, "Rate limiting": Retry-After in seconds, rounded up.
        response.headers.append(("Retry-After", str(-(-error.retry_after_ms // 1000))))
    return response


async def _send(send: Send, response: Response) -> None:
    body = response.body
    headers = [
        (b"content-type", response.content_type.encode("latin-1")),
        (b"content-length", b"%d" % len(body)),
        *_CORS,
    ]
    headers.extend((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers)
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _host_table(world: World) -> dict[str, str]:
    """Which instance a Host header names: its own name, ``matrix.`` before it, or the host it delegates to."""
    table: dict[str, str] = {}
    for instance in world.settings.instances:
        for host in (instance.name, f"matrix.{instance.name}", instance.delegated_host):
            if host:
                table[host] = instance.name
    return table


def _template(router: Router, scope: Scope) -> str:
    """The route's path with its holes, since a path may hold what a log must not."""
    found = router.find(scope["method"], scope["raw_path"].decode("latin-1"))
    return found[0].path if isinstance(found, tuple) else "?"
