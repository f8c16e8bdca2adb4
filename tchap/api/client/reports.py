"""Reporting content (client-server API, module "Reporting Content")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_int, maybe_str, need_str
from tchap.api.routing import Route
from tchap.base.errors import InvalidParam
from tchap.protocol.identifiers import parse_user_id
from tchap.services import reports
from tchap.services.reports import Complaint
from tchap.services.world import World


async def report_event(world: World, request: Request) -> dict[str, Any]:
    body, params = request.json(), request.params
    # The score was taken out of the specification in 1.18; clients older than that still give one.
    complaint = Complaint(maybe_str(body, "reason") or "", maybe_int(body, "score", -100, 0))
    await reports.report_event(world, request.requester, (params["roomId"], params["eventId"]), complaint)
    return {}


async def report_room(world: World, request: Request) -> dict[str, Any]:
    complaint = Complaint(need_str(request.json(), "reason"))
    await reports.report_room(world, request.requester, request.params["roomId"], complaint)
    return {}


async def report_user(world: World, request: Request) -> dict[str, Any]:
    complaint = Complaint(need_str(request.json(), "reason"))
    user_id = request.params["userId"]
    try:
        parse_user_id(user_id)
    except ValueError as error:
        raise InvalidParam("This is not a user id.", "Ce n'est pas un identifiant de personne.") from error
    await reports.report_user(world, request.requester, user_id, complaint)
    return {}


_ROOM = "/_matrix/client/v3/rooms/{roomId}/report"

ROUTES = (
    Route("POST", _ROOM, report_room, limit="report"),
    Route("POST", f"{_ROOM}/{{eventId}}", report_event, limit="report"),
    Route("POST", "/_matrix/client/v3/users/{userId}/report", report_user, limit="report"),
)
