"""Rooms shared with somebody (client-server API, "Mutual rooms"), also under the names of MSC2666."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.base.errors import InvalidParam, MissingParam
from tchap.services.mutual_rooms import MutualRooms, list_mutual_rooms
from tchap.services.world import World


async def get_mutual_rooms(world: World, request: Request) -> dict[str, Any]:
    found = await _find(world, request, request.text("from"))
    body: dict[str, Any] = {"joined": found.room_ids, "count": found.count}
    if found.last:
        body["next_batch"] = _token(found.last)
    return body


async def get_mutual_rooms_msc2666(world: World, request: Request) -> dict[str, Any]:
    """As first proposed: the tokens have other names."""
    found = await _find(world, request, request.text("batch_token") or request.text("from"))
    body: dict[str, Any] = {"joined": found.room_ids, "count": found.count}
    if found.last:
        body["next_batch_token"] = body["next_batch"] = _token(found.last)
    return body


async def _find(world: World, request: Request, token: str | None) -> MutualRooms:
    user_id = request.params.get("userId") or request.text("user_id")
    if user_id is None:
        raise MissingParam("user_id")
    return await list_mutual_rooms(world, request.requester, user_id, "" if token is None else _parse(token))


def _token(room_id: str) -> str:
    return urlsafe_b64encode(room_id.encode()).decode()


def _parse(token: str) -> str:
    try:
        room_id = urlsafe_b64decode(token.encode("ascii")).decode()
    except ValueError:
        room_id = ""
    if not room_id.startswith("!") or "\0" in room_id:
        raise InvalidParam("This token was not given by this server.", "Ce jeton ne vient pas de ce serveur.")
    return room_id


_MSC2666 = "/_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms"

ROUTES = (
    Route("GET", "/_matrix/client/v1/mutual_rooms", get_mutual_rooms, limit="search"),
    Route("GET", _MSC2666, get_mutual_rooms_msc2666, limit="search"),
    # The form before it was given a query.
    Route("GET", f"{_MSC2666}/{{userId}}", get_mutual_rooms_msc2666, limit="search"),
)
