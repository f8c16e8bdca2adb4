"""What older clients send the identity service: forms in place of JSON."""

from typing import Any
from urllib.parse import parse_qsl

from tchap.api.http import Request


def form_or_json(request: Request) -> dict[str, Any]:
    """The fields of the body, whichever way they were sent (identity API, `submitToken` and `bind`)."""
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(request.body.decode("utf-8", "replace"), max_num_fields=20))
    return request.json()
