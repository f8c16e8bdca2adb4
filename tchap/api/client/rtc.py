"""Group calls: where they are carried (MSC4143), and the passes to go there (MSC4195)."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_str, need_dict, need_str
from tchap.api.public.well_known import base_url_of
from tchap.api.routing import Route
from tchap.base.errors import BadJson
from tchap.services import rtc
from tchap.services.rtc import Seat
from tchap.services.world import World


async def get_transports(world: World, request: Request) -> dict[str, Any]:
    """None at all is an empty list, which clients take more quietly than a 404."""
    found = rtc.find_transport(world, base_url_of(world, request))
    return {"rtc_transports": [found] if found is not None else []}


async def get_token(world: World, request: Request) -> dict[str, Any]:
    """For whoever is signed in."""
    body, user_id = request.json(), request.requester.user_id
    member = need_dict(body, "member")
    device_id = maybe_str(member, "claimed_device_id") or request.requester.device_id
    identity = rtc.member_identity(user_id, device_id, need_str(member, "id"))
    seat = Seat(user_id, need_str(body, "room_id"), need_str(body, "slot_id"), identity)
    rtc.check_server(world, user_id, maybe_str(body, "url"), maybe_str(body, "server_name"))
    return {"jwt": await rtc.make_pass(world, seat)}


async def get_token_by_openid(world: World, request: Request) -> dict[str, Any]:
    """The same for a client that shows an OpenID token instead."""
    body = request.json()
    member, room_id, slot_id = need_dict(body, "member"), need_str(body, "room_id"), need_str(body, "slot_id")
    user_id = await _owner(world, body)
    rtc.check_claim(user_id, need_str(member, "claimed_user_id"))
    identity = rtc.member_identity(user_id, need_str(member, "claimed_device_id"), need_str(member, "id"))
    return await _answer(world, Seat(user_id, room_id, slot_id, identity))


async def get_sfu(world: World, request: Request) -> dict[str, Any]:
    """The older form, which names the device alone."""
    body = request.json()
    room_id, device_id = need_str(body, "room"), need_str(body, "device_id")
    user_id = await _owner(world, body)
    return await _answer(world, Seat(user_id, room_id, rtc.ROOM_CALL, rtc.device_identity(user_id, device_id)))


async def _owner(world: World, body: dict[str, Any]) -> str:
    url = rtc.get_livekit_url(world)
    if url and "delay_id" in body:
        # The client goes on restarting its delayed event by itself, as it does where nobody takes it over.
        raise BadJson("Delayed events are not taken over here.", "Les messages différés ne sont pas repris ici.")
    token = need_dict(body, "openid_token")
    return await rtc.get_openid_user(world, need_str(token, "access_token"), need_str(token, "matrix_server_name"))


async def _answer(world: World, seat: Seat) -> dict[str, Any]:
    return {"url": rtc.get_livekit_url(world), "jwt": await rtc.make_pass(world, seat)}


_CLIENT = "/_matrix/client/unstable"

ROUTES = (
    Route("GET", f"{_CLIENT}/org.matrix.msc4143/rtc/transports", get_transports),
    Route("POST", f"{_CLIENT}/io.element.msc4195/rtc/livekit/get_token", get_token, limit="rtc"),
    Route("POST", "/livekit/jwt/get_token", get_token_by_openid, auth="none", limit="rtc"),
    Route("POST", "/livekit/jwt/sfu/get", get_sfu, auth="none", limit="rtc"),
)
