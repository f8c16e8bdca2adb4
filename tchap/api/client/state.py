"""The state of a room (client-server API, "Getting events for a room", "State event fields")."""

from typing import Any

from tchap.api.client.messages import delay_of, origin_ts
from tchap.api.http import Request, Response, json_response
from tchap.api.routing import Route
from tchap.base.errors import InvalidParam
from tchap.services import state
from tchap.services.delayed_events import DelayedWish, schedule_event
from tchap.services.state import StateWish
from tchap.services.world import World


async def set_state(world: World, request: Request) -> dict[str, Any]:
    params, content = request.params, request.json()
    key, delay_ms = params.get("stateKey", ""), delay_of(request)
    if delay_ms is not None:
        later = DelayedWish(params["eventType"], content, delay_ms, key, None, origin_ts(request))
        return {"delay_id": await schedule_event(world, request.requester, params["roomId"], later)}
    wish = StateWish(params["eventType"], key, content, origin_ts(request))
    return {"event_id": await state.set_state(world, request.requester, params["roomId"], wish)}


async def get_state(world: World, request: Request) -> Response:
    events = await state.get_state(world, request.requester, request.params["roomId"])
    return json_response(events)


async def get_state_event(world: World, request: Request) -> Response:
    form = request.text("format", "content")
    if form not in ("content", "event"):
        raise InvalidParam("The format is 'content' or 'event'.", "Le format est « content » ou « event ».")
    key = (request.params["eventType"], request.params.get("stateKey", ""))
    event = await state.get_state_event(world, request.requester, request.params["roomId"], key)
    if form == "content":
        return json_response(event.client()["content"])
    return Response(body=event.client_json)


_ROOM = "/_matrix/client/v3/rooms/{roomId}"

ROUTES = (
    Route("PUT", f"{_ROOM}/state/{{eventType}}/{{stateKey}}", set_state, limit="message"),
    Route("PUT", f"{_ROOM}/state/{{eventType}}", set_state, limit="message"),
    # With an empty state key the path may end in a slash.
    Route("PUT", f"{_ROOM}/state/{{eventType}}/", set_state, limit="message"),
    Route("GET", f"{_ROOM}/state", get_state),
    Route("GET", f"{_ROOM}/state/{{eventType}}/{{stateKey}}", get_state_event),
    Route("GET", f"{_ROOM}/state/{{eventType}}", get_state_event),
    Route("GET", f"{_ROOM}/state/{{eventType}}/", get_state_event),
)
