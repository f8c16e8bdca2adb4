"""HTTP in and out: the request a handler reads and the response it gives. No route, no rule."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from tchap.base.encoding import decode_json, encode_json
from tchap.base.errors import BadJson, InvalidParam, MatrixError
from tchap.base.identity import Requester

JSON = "application/json"


@dataclass(slots=True)
class Response:
    """What goes back. ``body`` is bytes already encoded."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = JSON
    headers: list[tuple[str, str]] = field(default_factory=list)


def json_response(body: object, status: int = 200) -> Response:
    return Response(status, encode_json(body))


class Request:
    """One request, parsed lazily.

    ``params`` are the path's parameters, percent-decoded once; header names are lower case.

    ``instance`` is the server name being served; ``host_instance`` is set where the Host header itself
    names an instance. ``client`` is the caller's address, ``peer`` that of who connected: a proxy's, if there is one.
    """

    requester: Requester

    def __init__(self, method: str, path: str, params: dict[str, str], headers: dict[str, str], query: str) -> None:
        self.method = method
        self.path = path
        self.params = params
        self.headers = headers
        self.raw_query = query
        self.body = b""
        self.client = ""
        self.peer = ""
        self.scheme = "http"
        self.instance = ""
        self.host_instance: str | None = None

    @property
    def host(self) -> str:
        return self.headers.get("host", "")

    @property
    def language(self) -> str:
        """``fr`` unless the caller prefers English."""
        return preferred_language(self.headers.get("accept-language", ""))

    def access_token(self, in_query: bool) -> str | None:
        """The caller's token: from the header, else where allowed from the query."""
        authorization = self.headers.get("authorization", "")
        if authorization[:7].lower() == "bearer ":
            return authorization[7:].strip() or None
        # A token in an address ends up in logs and histories: only black-box suites may send one so.
        return self.text("access_token") if in_query else None

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """Query parameters; a value that is not UTF-8 is refused."""
        found: dict[str, list[str]] = {}
        try:
            for name, value in parse_qsl(self.raw_query, keep_blank_values=True, errors="strict", max_num_fields=200):
                if "\0" in value:
                    raise InvalidParam(f"The parameter '{name}' holds a NUL character.")
                found.setdefault(name, []).append(value)
        except ValueError as error:
            raise InvalidParam("The query string cannot be read.") from error
        return found

    def json(self) -> dict[str, Any]:
        """The body as an object; an empty body is an empty object. Raises M_NOT_JSON or M_BAD_JSON."""
        value = self.json_value()
        if not isinstance(value, dict):
            raise BadJson("The body must be a JSON object.", "Le corps doit être un objet JSON.")
        return value

    def json_value(self) -> object:
        """The body as any JSON value; an empty body is an empty object."""
        if not self.body:
            return {}
        try:
            return decode_json(self.body)
        except ValueError as error:
            raise MatrixError("M_NOT_JSON", f"The body is not JSON: {error}", "Le corps n'est pas du JSON.") from error

    def text(self, name: str, default: str | None = None) -> str | None:
        values = self.query.get(name)
        return values[0] if values else default

    def texts(self, name: str) -> list[str]:
        return self.query.get(name, [])

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """An integer parameter: below ``low`` is refused, above ``high`` is lowered to it (a limit is a wish)."""
        value = self.text(name)
        if value is None:
            return default
        if not (value.isascii() and value.removeprefix("-").isdigit() and len(value) < 20) or int(value) < low:
            raise InvalidParam(f"The parameter '{name}' must be a whole number of at least {low}.")
        return min(int(value), high)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.text(name)
        if value is None:
            return default
        if value not in ("true", "false"):
            raise InvalidParam(f"The parameter '{name}' must be true or false.")
        return value == "true"


def preferred_language(accept: str) -> str:
    """French or English, whichever an Accept-Language header wants more; French when it names neither.

    Of equal wishes the first named wins (RFC 9110, "Accept-Language").
    """
    best, weight = "fr", 0.0
    for part in accept.lower().split(","):
        tag, _, parameter = part.partition(";")
        language, wish = tag.strip()[:2], _weight(parameter)
        if language in ("fr", "en") and wish > weight:
            best, weight = language, wish
    return best


def _weight(parameter: str) -> float:
    """The `q` of a header's part: 1 where it is absent or makes no sense."""
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 1.0
