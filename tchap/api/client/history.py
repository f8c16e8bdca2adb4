"""Reading a room (client-server API, "Getting events for a room", "Event context", "Jump to event by timestamp")."""

from typing import Any, Literal

from msgspec import Raw

from tchap.api.http import Request, Response, json_response
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.base.errors import InvalidParam, MissingParam
from tchap.protocol.filters import EventFilter, parse_event_filter
from tchap.services import history
from tchap.services.history import ContextAsk, MembersAsk, PageAsk
from tchap.services.world import World

_MEMBERSHIPS = ("join", "invite", "knock", "leave", "ban")


async def get_messages(world: World, request: Request) -> Response:
    direction = need_direction(request)
    wanted = _filter(request)
    ask = PageAsk(
        room_id=request.params["roomId"],
        since=request.text("from"),
        upto=request.text("to"),
        backwards=direction == "b",
        limit=_limit(request, wanted),
        filter=wanted,
    )
    page = await history.read_messages(world, request.requester, ask)
    body: dict[str, Any] = {"chunk": page.chunk, "start": page.start}
    if page.end is not None:
        body["end"] = page.end
    if page.state:
        body["state"] = page.state
    return json_response(body)


def need_direction(request: Request) -> Literal["f", "b"]:
    """The `dir` of a request that must have one."""
    direction = request.text("dir")
    if direction is None:
        raise MissingParam("dir")
    match direction:
        case "f" | "b":
            return direction
        case _:
            raise InvalidParam("The parameter 'dir' is 'f' or 'b'.", "Le paramètre « dir » est « f » ou « b ».")


def _filter(request: Request) -> EventFilter:
    text = request.text("filter")
    if text is None:
        return EventFilter()
    try:
        return parse_event_filter(decode_json(text.encode()))
    except ValueError as error:
        raise InvalidParam(f"The filter cannot be used: {error}.", "Ce filtre ne peut pas être utilisé.") from error


def _limit(request: Request, wanted: EventFilter) -> int:
    limit = request.number("limit", limits.DEFAULT_PAGE, 0, limits.MAX_PAGE)
    return limit if wanted.limit is None else min(limit, wanted.limit)


async def get_event(world: World, request: Request) -> Response:
    params = request.params
    return Response(body=await history.read_event(world, request.requester, params["roomId"], params["eventId"]))


async def get_context(world: World, request: Request) -> Response:
    wanted = _filter(request)
    ask = ContextAsk(request.params["roomId"], request.params["eventId"], _limit(request, wanted), wanted)
    found = await history.read_context(world, request.requester, ask)
    event = {"event": Raw(found.event)}
    return json_response(
        {
            **event,
            "events_before": found.before.chunk,
            "events_after": found.after.chunk,
            "start": found.before.end,
            "end": found.after.end,
            "state": found.state,
        }
    )


async def get_members(world: World, request: Request) -> Response:
    for name in ("membership", "not_membership"):
        if request.text(name) not in (None, *_MEMBERSHIPS):
            raise InvalidParam("This membership does not exist.", "Cette appartenance n'existe pas.")
    ask = MembersAsk(
        request.params["roomId"], request.text("at"), request.text("membership"), request.text("not_membership")
    )
    return json_response({"chunk": await history.read_members(world, request.requester, ask)})


async def get_joined_members(world: World, request: Request) -> dict[str, Any]:
    members = await history.read_joined_members(world, request.requester, request.params["roomId"])
    return {"joined": {each.user_id: _profile(each.display_name, each.avatar_url) for each in members}}


def _profile(display_name: str | None, avatar_url: str | None) -> dict[str, str]:
    shown = {"display_name": display_name, "avatar_url": avatar_url}
    return {key: value for key, value in shown.items() if value is not None}


async def get_event_near(world: World, request: Request) -> dict[str, Any]:
    if request.text("ts") is None:
        raise MissingParam("ts")
    when = (request.number("ts", 0, 0, 2**53), need_direction(request))
    event_id, ts = await history.find_event_near(world, request.requester, request.params["roomId"], when)
    return {"event_id": event_id, "origin_server_ts": ts}


_ROOM = "/_matrix/client/v3/rooms/{roomId}"

ROUTES = (
    Route("GET", f"{_ROOM}/messages", get_messages),
    Route("GET", f"{_ROOM}/event/{{eventId}}", get_event),
    Route("GET", f"{_ROOM}/context/{{eventId}}", get_context),
    Route("GET", f"{_ROOM}/members", get_members),
    Route("GET", f"{_ROOM}/joined_members", get_joined_members),
    Route("GET", "/_matrix/client/v1/rooms/{roomId}/timestamp_to_event", get_event_near),
)
