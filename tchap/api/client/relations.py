"""Children of events and threads (client-server API, "Relationships API", "Threading")."""

from typing import Any

from tchap.api.http import Request, Response, json_response
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import InvalidParam
from tchap.services import relations
from tchap.services.relations import Children, RelationsAsk
from tchap.services.world import World


async def get_relations(world: World, request: Request) -> Response:
    direction = request.text("dir", "b")
    if direction not in ("f", "b"):
        raise InvalidParam("The parameter 'dir' is 'f' or 'b'.", "Le paramètre « dir » est « f » ou « b ».")
    params = request.params
    ask = RelationsAsk(
        room_id=params["roomId"],
        event_id=params["eventId"],
        rel_type=params.get("relType", ""),
        event_type=params.get("eventType", ""),
        since=request.text("from"),
        upto=request.text("to"),
        backwards=direction == "b",
        limit=_limit(request),
        recurse=request.flag("recurse"),
    )
    return _answer(await relations.read_relations(world, request.requester, ask), ask.since)


async def get_threads(world: World, request: Request) -> Response:
    include = request.text("include", "all")
    if include not in ("all", "participated"):
        raise InvalidParam("The parameter 'include' is 'all' or 'participated'.")
    ask = (request.text("from"), _limit(request), include == "participated")
    return _answer(await relations.read_threads(world, request.requester, request.params["roomId"], ask))


def _limit(request: Request) -> int:
    return request.number("limit", limits.DEFAULT_PAGE, 1, limits.MAX_PAGE)


def _answer(found: Children, since: str | None = None) -> Response:
    body: dict[str, Any] = {"chunk": found.chunk}
    if found.next_batch is not None:
        body["next_batch"] = found.next_batch
    if since is not None:
        body["prev_batch"] = since
    if found.depth is not None:
        body["recursion_depth"] = found.depth
    return json_response(body)


_RELATIONS = "/_matrix/client/v1/rooms/{roomId}/relations/{eventId}"

ROUTES = (
    Route("GET", _RELATIONS, get_relations),
    Route("GET", f"{_RELATIONS}/{{relType}}", get_relations),
    Route("GET", f"{_RELATIONS}/{{relType}}/{{eventType}}", get_relations),
    Route("GET", "/_matrix/client/v1/rooms/{roomId}/threads", get_threads),
)
