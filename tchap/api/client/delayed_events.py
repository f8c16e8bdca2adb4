"""Delayed events (MSC4140), under the unstable name that clients use."""

from collections.abc import Sequence
from typing import Any

import msgspec

from tchap.api.client.messages import checked_txn_id, origin_ts
from tchap.api.http import Request
from tchap.api.parse import maybe_str, need_dict, need_int, need_str
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import InvalidParam
from tchap.services import delayed_events
from tchap.services.delayed_events import DelayedWish
from tchap.services.world import World
from tchap.storage.delayed_events import CANCELLED, FAILED, SCHEDULED, DelayedEvent, Wanted


async def schedule(world: World, request: Request) -> dict[str, Any]:
    params, body = request.params, request.json()
    wish = DelayedWish(
        params["eventType"],
        need_dict(body, "content"),
        # Named `delay` while the proposal was open.
        need_int(body, "delay_ms" if "delay_ms" in body else "delay"),
        maybe_str(body, "state_key"),
        checked_txn_id(params["txnId"]),
        origin_ts(request),
    )
    return {"delay_id": await delayed_events.schedule_event(world, request.requester, params["roomId"], wish)}


async def manage(world: World, request: Request) -> dict[str, Any]:
    await delayed_events.manage_delayed(world, request.params["delayId"], request.params["action"])
    return {}


async def manage_by_body(world: World, request: Request) -> dict[str, Any]:
    """The older form ("Management endpoint action in request body")."""
    await delayed_events.manage_delayed(world, request.params["delayId"], need_str(request.json(), "action"))
    return {}


async def get_one(world: World, request: Request) -> dict[str, Any]:
    return _shape(await delayed_events.get_delayed(world, request.requester, request.params["delayId"]))


async def get_list(world: World, request: Request) -> dict[str, Any]:
    """The requester's own: `scheduled` and `finalised` by themselves, and together as `delayed_events`."""
    status = request.text("status") or ""
    if status not in ("", "scheduled", "finalised"):
        raise InvalidParam("The status is scheduled or finalised.", "Le statut est scheduled ou finalised.")
    ids = tuple(request.texts("delay_id")[: limits.MAX_DELAYED_EVENTS])
    wanted = Wanted(status, ids, request.number("from", 0, 0, limits.MAX_FINALISED + limits.MAX_DELAYED_EVENTS))
    found, next_offset = await delayed_events.list_delayed(world, request.requester, wanted)
    return {"delayed_events": [_shape(event) for event in found], **_by_status(found, status), **_next(next_offset)}


def _next(offset: int | None) -> dict[str, str]:
    return {} if offset is None else {"next_batch": str(offset)}


def _by_status(found: Sequence[DelayedEvent], status: str) -> dict[str, Any]:
    """The form of the proposal that clients of today read."""
    lists = {
        "scheduled": [_shape(event) for event in found if event.outcome == SCHEDULED],
        "finalised": [_shape_ended(event) for event in found if event.outcome != SCHEDULED],
    }
    return {name: part for name, part in lists.items() if status in ("", name)}


def _shape(event: DelayedEvent) -> dict[str, Any]:
    """One delayed event, under the names of both forms of the proposal."""
    shape: dict[str, Any] = {
        "delay_id": event.delay_id,
        "room_id": event.room_id,
        "type": event.type,
        "delay": event.delay_ms,
        "delay_ms": event.delay_ms,
        "running_since": event.since_ts,
        "delayed_since_ts": event.since_ts,
        "content": msgspec.Raw(event.content),
    }
    if event.state_key is not None:
        shape["state_key"] = event.state_key
    if event.outcome != SCHEDULED:
        shape["finalised"] = {"finalised_ts": event.finalised_ts, **_result(event)}
    return shape


def _shape_ended(event: DelayedEvent) -> dict[str, Any]:
    return {
        "delayed_event": _shape(event),
        "outcome": "cancel" if event.outcome in (CANCELLED, FAILED) else "send",
        "reason": "error" if event.outcome == FAILED else event.reason,
        "origin_server_ts": event.finalised_ts,
        **_result(event),
    }


def _result(event: DelayedEvent) -> dict[str, Any]:
    if event.event_id is not None:
        return {"event_id": event.event_id}
    return {} if event.error is None else {"error": msgspec.Raw(event.error)}


_UNSTABLE = "/_matrix/client/unstable/org.matrix.msc4140"
_ROOM = f"{_UNSTABLE}/rooms/{{roomId}}"

ROUTES = (
    Route("PUT", f"{_ROOM}/delayed_event/{{eventType}}/{{txnId}}", schedule, limit="message"),
    Route("GET", f"{_UNSTABLE}/delayed_events", get_list, limit="delayed_event"),
    Route("GET", f"{_UNSTABLE}/delayed_events/{{delayId}}", get_one, limit="delayed_event"),
    # "These endpoints are unauthenticated"; a client that says who it is is counted for itself.
    Route("POST", f"{_UNSTABLE}/delayed_events/{{delayId}}", manage_by_body, auth="optional", limit="delayed_event"),
    Route("POST", f"{_UNSTABLE}/delayed_events/{{delayId}}/{{action}}", manage, auth="optional", limit="delayed_event"),
)
