"""Pushers: GET /pushers, POST /pushers/set."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_bool, maybe_str, need_dict, need_str
from tchap.api.routing import Route
from tchap.base.encoding import encode_json
from tchap.base.errors import MissingParam
from tchap.services.pushers import list_pushers, remove_pusher, set_pusher
from tchap.services.world import World
from tchap.storage.pushers import Pusher


async def get_pushers(world: World, request: Request) -> dict[str, Any]:
    return {"pushers": await list_pushers(world, request.requester.user_id)}


async def post_pusher(world: World, request: Request) -> dict[str, Any]:
    body, requester = request.json(), request.requester
    if "kind" not in body:
        raise MissingParam("kind")
    kind = maybe_str(body, "kind")
    app_id, pushkey = need_str(body, "app_id"), need_str(body, "pushkey")
    if kind is None:
        await remove_pusher(world, requester.user_id, app_id, pushkey)
        return {}
    pusher = Pusher(
        user_id=requester.user_id,
        app_id=app_id,
        pushkey=pushkey,
        kind=kind,
        app_display_name=need_str(body, "app_display_name"),
        device_display_name=need_str(body, "device_display_name"),
        profile_tag=maybe_str(body, "profile_tag"),
        lang=need_str(body, "lang"),
        data=encode_json(need_dict(body, "data")),
        device_id=requester.device_id,
    )
    await set_pusher(world, pusher, maybe_bool(body, "append"))
    return {}


ROUTES = (
    Route("GET", "/_matrix/client/v3/pushers", get_pushers),
    Route("POST", "/_matrix/client/v3/pushers/set", post_pusher),
)
