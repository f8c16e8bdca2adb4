"""Sending and redacting (client-server API, "Sending events to a room", "Redactions")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_str
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.errors import InvalidParam
from tchap.protocol.canonical import MAX_INTEGER
from tchap.protocol.identifiers import MediaUri, parse_mxc
from tchap.services import messages
from tchap.services.delayed_events import DelayedWish, schedule_event
from tchap.services.messages import MessageWish
from tchap.services.world import World

_DELAY = "org.matrix.msc4140.delay"
_MEDIA = "fr.tchap.attach_media"


async def send(world: World, request: Request) -> dict[str, Any]:
    params = request.params
    txn_id = checked_txn_id(params["txnId"])
    delay_ms = delay_of(request)
    if delay_ms is not None:
        later = DelayedWish(
            params["eventType"], request.json(), delay_ms, None, txn_id, origin_ts(request), attached_media(request)
        )
        return {"delay_id": await schedule_event(world, request.requester, params["roomId"], later)}
    wish = MessageWish(params["eventType"], request.json(), origin_ts(request), attached_media(request))
    return {"event_id": await messages.send_event(world, request.requester, params["roomId"], wish, txn_id)}


def attached_media(request: Request) -> tuple[MediaUri, ...]:
    """The files declared with the event, so that they go when it goes: `fr.tchap.attach_media`, repeated.

    Ids alone: of an encrypted file the server learns which message it belongs to, and nothing that opens it.
    """
    if not request.raw_query:
        return ()
    named = request.texts(_MEDIA)
    if len(named) > limits.MAX_ATTACHED_MEDIA:
        raise InvalidParam(
            f"An event has at most {limits.MAX_ATTACHED_MEDIA} files.",
            f"Un message porte {limits.MAX_ATTACHED_MEDIA} fichiers au plus.",
        )
    try:
        return tuple(map(parse_mxc, named))
    except ValueError as error:
        raise InvalidParam(
            "A file is named by its mxc:// address.", "Un fichier se nomme par son adresse mxc://."
        ) from error


def origin_ts(request: Request) -> int | None:
    """When an application service says the event was written (application-service API, "Timestamp massaging")."""
    if not request.requester.is_appservice or request.text("ts") is None:
        return None
    return request.number("ts", 0, 0, MAX_INTEGER)


def delay_of(request: Request) -> int | None:
    """How long the event is to wait, in milliseconds (MSC4140 as clients of today ask it)."""
    if not request.raw_query or request.text(_DELAY) is None:
        return None
    return request.number(_DELAY, 0, 0, MAX_INTEGER)


async def redact(world: World, request: Request) -> dict[str, Any]:
    params, body = request.params, request.json()
    maybe_str(body, "reason")
    wish = (params["eventId"], body)
    return {
        "event_id": await messages.redact_event(
            world, request.requester, params["roomId"], wish, checked_txn_id(params["txnId"])
        )
    }


def checked_txn_id(text: str) -> str:
    if len(text) > limits.MAX_TXN_ID:
        raise InvalidParam("The transaction id is too long.", "L'identifiant de transaction est trop long.")
    return text


ROUTES = (
    Route("PUT", "/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}", send, limit="message"),
    Route("PUT", "/_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}", redact, limit="message"),
)
