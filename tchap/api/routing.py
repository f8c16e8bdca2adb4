"""The route table compiled into a tree over the raw path.

Identifiers contain ``/`` and ``+``, so a path is split first and each segment decoded once.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import unquote

from tchap.api.http import Request, Response
from tchap.base import limits
from tchap.base.errors import InvalidParam
from tchap.services.world import World

Handler = Callable[[World, Request], Awaitable[Response | dict[str, Any] | list[Any]]]
Auth = Literal["none", "optional", "user", "expired_ok"]

# Old clients call r0, and what became v3 was first offered under unstable (client-server API, "API Versioning").
_ALIASES = (
    ("/_matrix/client/v3/", ("/_matrix/client/r0/", "/_matrix/client/unstable/")),
    ("/_matrix/media/v3/", ("/_matrix/media/r0/", "/_matrix/media/v1/")),
)


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. ``limit`` names the rate-limit bucket; ``max_body`` bounds the request's body in bytes."""

    method: str
    path: str
    handler: Handler
    auth: Auth = "user"
    limit: str | None = None
    max_body: int = limits.MAX_JSON_BODY


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    routes: dict[str, tuple[Route, tuple[str, ...]]] = field(default_factory=dict)


class Router:
    """Finds the route of a method and raw path in one walk of its segments; literals win over parameters."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        self.routes = tuple(aliased for route in routes for aliased in with_aliases(route))
        for route in self.routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node, names = self._root, []
        for segment in route.path.strip().split("/")[1:]:
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment, _Node())
        if route.method in node.routes:
            raise ValueError(f"two routes for {route.method} {route.path}")
        node.routes[route.method] = (route, tuple(names))

    def find(self, method: str, raw_path: str) -> tuple[Route, dict[str, str]] | set[str] | None:
        """The route and its decoded parameters; else the methods the path does answer; else None."""
        values: list[str] = []
        node = _walk(self._root, raw_path.split("/"), 1, values)
        if node is None:
            return None
        found = node.routes.get(method)
        if found is None:
            return set(node.routes)
        route, names = found
        return route, dict(zip(names, map(_decode, values), strict=True))


def _walk(node: _Node, segments: list[str], index: int, values: list[str]) -> _Node | None:
    if index == len(segments):
        return node if node.routes else None
    segment = segments[index]
    child = node.literals.get(segment)
    if child is not None:
        found = _walk(child, segments, index + 1, values)
        if found is not None:
            return found
    if node.parameter is None:
        return None
    values.append(segment)
    found = _walk(node.parameter, segments, index + 1, values)
    if found is None:
        values.pop()
    return found


def _decode(segment: str) -> str:
    if "%" not in segment:
        return segment
    try:
        value = unquote(segment, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidParam("The path is not valid UTF-8.") from error
    # No identifier holds a NUL, and PostgreSQL keeps no text with one.
    if "\0" in value:
        raise InvalidParam("The path holds a NUL character.")
    return value


def with_aliases(route: Route) -> tuple[Route, ...]:
    """The route itself and the same under the older prefixes."""
    return (route, *(replace(route, path=path) for path in with_path_aliases(route.path)[1:]))


def with_path_aliases(path: str) -> tuple[str, ...]:
    """The path itself and the same under the older prefixes."""
    for prefix, others in _ALIASES:
        if path.startswith(prefix):
            rest = path[len(prefix) :]
            return (path, *(other + rest for other in others))
    return (path,)
