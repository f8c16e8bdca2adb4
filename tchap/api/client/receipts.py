"""POST /rooms/{roomId}/receipt/{receiptType}/{eventId}."""

from typing import Any

from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.base.errors import InvalidParam
from tchap.services.receipts import Marks, set_marks
from tchap.services.world import World


async def post_receipt(world: World, request: Request) -> dict[str, Any]:
    thread_id = request.json().get("thread_id", None)
    if thread_id is not None and (not isinstance(thread_id, str) or not thread_id):
        raise InvalidParam("thread_id field must be a non-empty string")
    mark = (request.params["receiptType"], request.params["eventId"])
    await set_marks(world, request.requester, Marks(request.params["roomId"], (mark,), thread_id or ""))
    return {}


ROUTES = (Route("POST", "/_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}", post_receipt),)
