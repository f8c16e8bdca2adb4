"""Making rooms: `POST /createRoom`."""

from typing import Any

from tchap.api.client.memberships import read_address
from tchap.api.http import Request
from tchap.api.parse import maybe_bool, maybe_dict, maybe_list, maybe_str, maybe_strs, need_dict, need_str
from tchap.api.routing import Route
from tchap.base.errors import BadJson, InvalidParam
from tchap.services.email_invitations import invite_all
from tchap.services.rooms import PRESETS, InitialState, RoomRequest, create_room
from tchap.services.world import World


async def create(world: World, request: Request) -> dict[str, Any]:
    body = request.json()
    addresses = [_parse_address(each) for each in maybe_list(body, "invite_3pid") or []]
    room_id = await create_room(world, request.requester, _parse_wish(body))
    await invite_all(world, request.requester, room_id, addresses)
    return {"room_id": room_id}


def _parse_address(value: object) -> str:
    if not isinstance(value, dict):
        raise BadJson("The field 'invite_3pid' must be an array of objects.")
    return read_address(value)


def _parse_wish(body: dict[str, Any]) -> RoomRequest:
    preset, visibility = maybe_str(body, "preset"), maybe_str(body, "visibility")
    if preset is not None and preset not in PRESETS:
        raise InvalidParam("This preset does not exist.", "Ce modèle de salon n'existe pas.")
    if visibility not in (None, "public", "private"):
        raise InvalidParam("This visibility does not exist.", "Cette visibilité n'existe pas.")
    return RoomRequest(
        preset=preset,
        visibility=visibility,
        name=maybe_str(body, "name"),
        topic=maybe_str(body, "topic"),
        alias_localpart=maybe_str(body, "room_alias_name"),
        invite=tuple(maybe_strs(body, "invite")),
        version=maybe_str(body, "room_version"),
        creation_content=maybe_dict(body, "creation_content") or {},
        initial_state=tuple(_parse_state(each) for each in maybe_list(body, "initial_state") or []),
        is_direct=maybe_bool(body, "is_direct"),
        power_levels=maybe_dict(body, "power_level_content_override") or {},
    )


def _parse_state(value: object) -> InitialState:
    if not isinstance(value, dict):
        raise BadJson("The field 'initial_state' must be an array of objects.")
    return InitialState(need_str(value, "type"), maybe_str(value, "state_key") or "", need_dict(value, "content"))


ROUTES = (Route("POST", "/_matrix/client/v3/createRoom", create, limit="room"),)
