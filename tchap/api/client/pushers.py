"""Pushers: GET /pushers, POST /pushers/set."""

from typing import Any

from tchap.api.http import Request, Response
from tchap.api.parse import maybe_bool, maybe_str, need_dict, need_str
from tchap.api.routing import Route
from tchap.base.encoding import encode_json
from tchap.base.errors import MissingParam
from tchap.services.pushers import activate, list_pushers, remove_pusher, set_pusher
from tchap.services.world import World
from tchap.storage.pushers import Pusher


async def get_pushers(world: World, request: Request) -> dict[str, Any]:
    return {"pushers": await list_pushers(world, request.requester.user_id)}


async def post_pusher(world: World, request: Request) -> Response | dict[str, Any]:
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
        is_enabled=maybe_bool(body, "org.matrix.msc3881.enabled", True),
    )
    is_active = await set_pusher(world, pusher, maybe_bool(body, "append"))
    # MSC4174: "The pusher is set but needs to be activated".
    return {} if is_active else Response(201, b"{}", "application/json")


async def post_ack(world: World, request: Request) -> dict[str, Any]:
    body = request.json()
    await activate(world, request.requester, need_str(body, "app_id"), need_str(body, "ack_token"))
    return {}


ROUTES = (
    Route("GET", "/_matrix/client/v3/pushers", get_pushers),
    Route("POST", "/_matrix/client/v3/pushers/set", post_pusher),
    Route("POST", "/_matrix/client/unstable/org.matrix.msc4174/pushers/ack", post_ack),
)
