"""Profiles (client-server API, "Profiles")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.base.errors import InvalidParam, MissingParam, NotFound
from tchap.protocol.identifiers import parse_user_id
from tchap.services import profiles
from tchap.services.world import World


async def get_profile(world: World, request: Request) -> dict[str, Any]:
    return await _profile(world, request)


async def get_field(world: World, request: Request) -> dict[str, Any]:
    profile, key = await _profile(world, request), request.params["keyName"]
    profiles.check_key(key)
    if key not in profile:
        # An unset name or picture was always an empty object; other fields are simply not there.
        if key in (profiles.DISPLAY_NAME, profiles.AVATAR):
            return {}
        raise NotFound("This field is not set.", "Ce champ n'est pas renseigné.")
    return {key: profile[key]}


async def set_field(world: World, request: Request) -> dict[str, Any]:
    body, key = request.json(), request.params["keyName"]
    profiles.check_key(key)
    if key not in body:
        raise MissingParam(key)
    await profiles.set_field(world, request.requester, request.params["userId"], key, body[key])
    return {}


async def remove_field(world: World, request: Request) -> dict[str, Any]:
    await profiles.set_field(world, request.requester, request.params["userId"], request.params["keyName"], None)
    return {}


async def _profile(world: World, request: Request) -> dict[str, Any]:
    user_id = request.params["userId"]
    try:
        parse_user_id(user_id)
    except ValueError as error:
        raise InvalidParam("This is not a user id.", "Ce n'est pas un identifiant.") from error
    return await profiles.get_profile(world, getattr(request, "requester", None), user_id)


ROUTES = (
    Route("GET", "/_matrix/client/v3/profile/{userId}", get_profile, auth="optional"),
    Route("GET", "/_matrix/client/v3/profile/{userId}/{keyName}", get_field, auth="optional"),
    Route("PUT", "/_matrix/client/v3/profile/{userId}/{keyName}", set_field),
    Route("DELETE", "/_matrix/client/v3/profile/{userId}/{keyName}", remove_field),
)
