"""Entering and leaving rooms."""

from collections.abc import Awaitable, Callable
from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_dict, maybe_str, need_str
from tchap.api.routing import Handler, Route
from tchap.base.errors import MatrixError
from tchap.base.identity import Requester
from tchap.services import memberships
from tchap.services.email_invitations import accept_signed, invite_by_email
from tchap.services.world import World


def _reason(body: dict[str, Any]) -> dict[str, Any]:
    reason = maybe_str(body, "reason")
    return {} if reason is None else {"reason": reason}


async def join_by_id(world: World, request: Request) -> dict[str, Any]:
    return await _join(world, request, request.params["roomId"])


async def join(world: World, request: Request) -> dict[str, Any]:
    return await _join(world, request, request.params["roomIdOrAlias"])


async def _join(world: World, request: Request, where: str) -> dict[str, Any]:
    body = request.json()
    signed = maybe_dict(body, "third_party_signed")
    if signed is not None:
        await accept_signed(world, request.requester, await memberships.resolve_room(world, where), signed)
    return {"room_id": await memberships.join(world, request.requester, where, _reason(body))}


async def knock(world: World, request: Request) -> dict[str, Any]:
    where, reason = request.params["roomIdOrAlias"], maybe_str(request.json(), "reason")
    return {"room_id": await memberships.knock(world, request.requester, where, reason)}


async def invite(world: World, request: Request) -> dict[str, Any]:
    body = request.json()
    if "user_id" not in body and "address" in body:
        await invite_by_email(world, request.requester, request.params["roomId"], read_address(body))
        return {}
    user_id = need_str(body, "user_id")
    await memberships.invite(world, request.requester, request.params["roomId"], user_id, _reason(body))
    return {}


def read_address(body: dict[str, Any]) -> str:
    """The address of a third-party invitation (client-server API, `POST /rooms/{roomId}/invite`): e-mail alone."""
    if need_str(body, "medium") != "email":
        raise MatrixError(
            "M_THREEPID_DENIED", "Only e-mail addresses can be invited.", "Seule une adresse de courriel s'invite."
        )
    return need_str(body, "address")


async def leave(world: World, request: Request) -> dict[str, Any]:
    await memberships.leave(world, request.requester, request.params["roomId"], maybe_str(request.json(), "reason"))
    return {}


async def forget(world: World, request: Request) -> dict[str, Any]:
    await memberships.forget(world, request.requester, request.params["roomId"])
    return {}


_Removal = Callable[[World, Requester, str, str, str | None], Awaitable[None]]


def _removal(act: _Removal) -> Handler:
    """Kick, ban and unban read the same body."""

    async def handler(world: World, request: Request) -> dict[str, Any]:
        body = request.json()
        user_id, reason = need_str(body, "user_id"), maybe_str(body, "reason")
        await act(world, request.requester, request.params["roomId"], user_id, reason)
        return {}

    return handler


async def joined_rooms(world: World, request: Request) -> dict[str, Any]:
    return {"joined_rooms": await memberships.find_joined_rooms(world, request.requester)}


ROUTES = (
    Route("POST", "/_matrix/client/v3/rooms/{roomId}/join", join_by_id, limit="join"),
    Route("POST", "/_matrix/client/v3/join/{roomIdOrAlias}", join, limit="join"),
    Route("POST", "/_matrix/client/v3/knock/{roomIdOrAlias}", knock, limit="join"),
    Route("POST", "/_matrix/client/v3/rooms/{roomId}/invite", invite, limit="invite"),
    Route("POST", "/_matrix/client/v3/rooms/{roomId}/leave", leave),
    Route("POST", "/_matrix/client/v3/rooms/{roomId}/forget", forget),
    Route("POST", "/_matrix/client/v3/rooms/{roomId}/kick", _removal(memberships.kick)),
    Route("POST", "/_matrix/client/v3/rooms/{roomId}/ban", _removal(memberships.ban)),
    Route("POST", "/_matrix/client/v3/rooms/{roomId}/unban", _removal(memberships.unban)),
    Route("GET", "/_matrix/client/v3/joined_rooms", joined_rooms),
)
