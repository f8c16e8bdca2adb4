"""Which operations of the client-server API a test calls, seen at the door of the server in this process."""

import json
import os
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tchap.api.routes import ROUTES
from tchap.api.routing import Route, Router
from tchap.base.errors import MatrixError

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "coverage.md"
ROUTER = Router(ROUTES)
_GROWN = {(alias.method, alias.path): route for route in ROUTES for alias in Router([route]).routes}

Scope = dict[str, Any]
Call = Callable[[Scope, Any, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True, order=True)
class Operation:
    """One of the specification's operations: `operation_id` tells apart two that share a method and a path."""

    path: str
    method: str
    operation_id: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the page: the operation, the module that answers it, and the tests that call it."""

    operation: Operation
    module: str
    tests: tuple[str, ...]


# Refused to everybody, each with its sentence: the address of an account is its administration's to change, and
# telephone numbers are not used. A test that meets the refusal is what there is to see.
REFUSED = frozenset(
    (
        "post3PIDs",
        "add3PID",
        "bind3PID",
        "delete3pidFromAccount",
        "requestTokenTo3PIDMSISDN",
        "requestTokenToResetPasswordMSISDN",
        "requestTokenToRegisterMSISDN",
    )
)

# No policy server is run here, and its address says so (404).
ABSENT = frozenset(("getWellknownPolicy",))

# What was called, by the test that runs: operation ids, and whether an answer was a success.
CALLS: dict[str, dict[str, bool]] = defaultdict(dict)


def find_route(method: str, path: str) -> Route | None:
    """The route of our table that answers a path of the specification."""
    found = ROUTER.find(method, path.replace("{", "").replace("}", ""))
    return _GROWN[found[0].method, found[0].path] if isinstance(found, tuple) else None


def read_page(text: str) -> list[Row]:
    """The rows of `docs/coverage.md`."""
    rows = []
    for line in text.splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[0] in ("GET", "PUT", "POST", "DELETE"):
            tests = tuple(name.strip().strip("`") for name in cells[4].split(",") if name.strip())
            rows.append(Row(Operation(cells[1], cells[0], cells[2]), cells[3], tests))
    return rows


OPERATIONS = [row.operation for row in read_page(PAGE.read_text(encoding="utf-8"))] if PAGE.exists() else []


def _by_route() -> dict[tuple[str, str], list[str]]:
    known: dict[tuple[str, str], list[str]] = defaultdict(list)
    for operation in OPERATIONS:
        route = find_route(operation.method, operation.path)
        if route is not None:
            known[route.method, route.path].append(operation.operation_id)
    return known


_IDS = _by_route()


def witness(application: Call) -> Call:
    """The application, with every call noted under the test that makes it."""

    async def watched(scope: Scope, receive: Any, send: Any) -> None:
        body = bytearray()
        status = 0

        async def receive_and_keep() -> Any:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def send_and_see(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        await application(scope, receive_and_keep, send_and_see)
        _note(scope, bytes(body), status)

    return watched


def _note(scope: Scope, body: bytes, status: int) -> None:
    try:
        found = ROUTER.find(scope["method"], scope["raw_path"].decode("latin-1"))
    except MatrixError:  # a path that is no text
        return
    if not isinstance(found, tuple):
        return
    route = _GROWN[found[0].method, found[0].path]
    calls = CALLS[running_test()]
    for operation_id in _IDS.get((route.method, route.path), ()):
        if _is_meant(operation_id, scope["query_string"], body):
            calls[operation_id] = calls.get(operation_id, False) or status < 400 or operation_id in REFUSED | ABSENT


def _is_meant(operation_id: str, query: bytes, body: bytes) -> bool:
    """Two pairs of operations share their method and path; what is sent tells which is meant."""
    if operation_id in ("getEvents", "peekEvents"):
        return (b"room_id=" in query) == (operation_id == "peekEvents")
    if operation_id in ("inviteUser", "inviteBy3PID"):
        return ("medium" in _object(body)) == (operation_id == "inviteBy3PID")
    return True


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def running_test() -> str:
    """`tests/api/test_x.py::test_y[param]`, as pytest tells it."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
