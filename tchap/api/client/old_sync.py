"""Operations of before /sync: the state of everything, and the stream of events (client-server API, deprecated)."""

from typing import Any

from tchap.api.http import Request, Response, json_response
from tchap.api.routing import Route
from tchap.base import limits
from tchap.services import old_sync
from tchap.services.old_sync import EventsAsk, OldRoom
from tchap.services.world import World


async def initial_sync(world: World, request: Request) -> Response:
    limit, with_left = _limit(request), request.flag("archived")
    found = await old_sync.take_snapshot(world, request.requester, limit, with_left)
    # Presence is not followed here: there is nothing to say of anybody.
    body = {
        "end": found.end,
        "rooms": [_room(each) for each in found.rooms],
        "presence": [],
        "account_data": found.account_data,
    }
    return json_response(body)


async def room_initial_sync(world: World, request: Request) -> Response:
    return json_response(
        _room(await old_sync.show_room(world, request.requester, request.params["roomId"], _limit(request)))
    )


def _limit(request: Request) -> int:
    return request.number("limit", limits.DEFAULT_PAGE, 0, limits.MAX_PAGE)


def _room(room: OldRoom) -> dict[str, Any]:
    body: dict[str, Any] = {"room_id": room.room_id, "visibility": "public" if room.is_public else "private"}
    if room.membership is not None:
        body["membership"] = room.membership
    if room.membership == "invite":
        return {**body, "invite": room.invite} if room.invite is not None else body
    messages: dict[str, Any] = {"chunk": room.messages, "end": room.end}
    if room.start is not None:
        messages["start"] = room.start
    return {**body, "messages": messages, "state": room.state, "account_data": room.account_data}


async def events(world: World, request: Request) -> Response:
    """Also those of one room that the caller need not be in ("`room_id`")."""
    asked = EventsAsk(
        since=request.text("from"),
        timeout_ms=request.number("timeout", limits.OLD_EVENTS_TIMEOUT_MS, 0, limits.MAX_SYNC_TIMEOUT_MS),
        room_id=request.text("room_id"),
    )
    page = await old_sync.listen(world, request.requester, asked)
    return json_response({"start": page.start, "end": page.end, "chunk": page.chunk})


async def event(world: World, request: Request) -> Response:
    return Response(body=await old_sync.read_event(world, request.requester, request.params["eventId"]))


_V3 = "/_matrix/client/v3"

ROUTES = (
    Route("GET", f"{_V3}/initialSync", initial_sync),
    Route("GET", f"{_V3}/rooms/{{roomId}}/initialSync", room_initial_sync),
    Route("GET", f"{_V3}/events", events),
    Route("GET", f"{_V3}/events/{{eventId}}", event),
)
