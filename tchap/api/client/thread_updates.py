"""The threads that a sliding sync had no room for (MSC4360), under the unstable name."""

from collections.abc import Callable
from typing import Any, TypeVar

from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import InvalidParam, MissingParam
from tchap.protocol.sync_tokens import parse_position, parse_updates
from tchap.services import thread_updates
from tchap.services.thread_updates import PageAsk
from tchap.services.world import World

T = TypeVar("T")


async def get_updates(world: World, request: Request) -> dict[str, Any]:
    """Backwards, the thread written to last first; `to` may be a `pos` of sliding sync.

    The roots come along unless `include_roots` is false, which the proposal speaks of without saying where it stands.
    """
    if request.text("dir") is None:
        raise MissingParam("dir")
    if request.text("dir") != "b":
        raise InvalidParam("The direction is 'b'.", "La direction est « b ».")
    ask = PageAsk(
        since=_token(request, "to", parse_position) or 0,
        start=_token(request, "from", parse_updates),
        limit=request.number("limit", limits.THREAD_UPDATES, 1, limits.MAX_THREAD_UPDATES),
        include_roots=request.flag("include_roots", True),
    )
    return await thread_updates.read_updates(world, request.requester, ask)


def _token(request: Request, name: str, parse: Callable[[str], T]) -> T | None:
    text = request.text(name)
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise InvalidParam(f"The parameter '{name}' is not a token of this server.") from error


ROUTES = (Route("GET", "/_matrix/client/unstable/io.element.msc4360/thread_updates", get_updates, limit="search"),)
