"""Sending and redacting (client-server API, "Sending events to a room", "Redactions")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_str
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import InvalidParam
from tchap.protocol.canonical import MAX_INTEGER
from tchap.services import messages
from tchap.services.messages import MessageWish
from tchap.services.world import World


async def send(world: World, request: Request) -> dict[str, Any]:
    params = request.params
    wish = MessageWish(params["eventType"], request.json(), origin_ts(request))
    txn_id = _txn_id(params["txnId"])
    return {"event_id": await messages.send_event(world, request.requester, params["roomId"], wish, txn_id)}


def origin_ts(request: Request) -> int | None:
    """When an application service says the event was written (application-service API, "Timestamp massaging")."""
    if not request.requester.is_appservice or request.text("ts") is None:
        return None
    return request.number("ts", 0, 0, MAX_INTEGER)


async def redact(world: World, request: Request) -> dict[str, Any]:
    params, body = request.params, request.json()
    maybe_str(body, "reason")
    wish = (params["eventId"], body)
    return {
        "event_id": await messages.redact_event(
            world, request.requester, params["roomId"], wish, _txn_id(params["txnId"])
        )
    }


def _txn_id(text: str) -> str:
    if len(text) > limits.MAX_TXN_ID:
        raise InvalidParam("The transaction id is too long.", "L'identifiant de transaction est trop long.")
    return text


ROUTES = (
    Route("PUT", "/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}", send, limit="message"),
    Route("PUT", "/_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}", redact, limit="message"),
)
