"""Replacing rooms: `POST /rooms/{roomId}/upgrade`."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_strs, need_str
from tchap.api.routing import Route
from tchap.services.room_upgrades import UpgradeWish, upgrade_room
from tchap.services.world import World


async def upgrade(world: World, request: Request) -> dict[str, Any]:
    body = request.json()
    wish = UpgradeWish(need_str(body, "new_version"), tuple(maybe_strs(body, "additional_creators")))
    return {"replacement_room": await upgrade_room(world, request.requester, request.params["roomId"], wish)}


ROUTES = (Route("POST", "/_matrix/client/v3/rooms/{roomId}/upgrade", upgrade, limit="room"),)
