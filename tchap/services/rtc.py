"""Group calls: the LiveKit server that carries them, and the passes our people enter it with.

Sources: MSC4143 (transports), MSC4195 (LiveKit). The LiveKit server makes a room when the first member comes
(`room.auto_create`, its default); what is said there is sealed by the clients.
"""

import hashlib
from dataclasses import dataclass

from joserfc import jwt
from joserfc.jwk import OctKey

from tchap.base import limits
from tchap.base.encoding import unpadded_base64
from tchap.base.errors import Forbidden, MatrixError, NotFound
from tchap.protocol.canonical import encode_canonical
from tchap.protocol.identifiers import server_of
from tchap.services.live_rooms import find_live_room
from tchap.services.openid import get_owner
from tchap.services.world import World

# The one slot there was before calls named theirs (MSC4195, for clients of the older form).
ROOM_CALL = "m.call#ROOM"


@dataclass(frozen=True, slots=True)
class Seat:
    """A place in a call: the room, its slot, and who sits there as they will be named to the others."""

    user_id: str
    room_id: str
    slot_id: str
    identity: str


def find_transport(world: World, base_url: str) -> dict[str, str] | None:
    """Where calls are carried, as clients read it; None where no LiveKit server is configured.

    Without its `url`: that would tell clients that we send their delayed leaves for them too (MSC4195).
    """
    if not world.settings.rtc.is_ready:
        return None
    return {"type": "livekit", "livekit_service_url": f"{base_url}/livekit/jwt"}


def member_identity(user_id: str, device_id: str, member_id: str) -> str:
    """The name of a member at the LiveKit server, which says nothing of who they are (MSC4195, "Identity")."""
    return _digest([user_id, device_id, member_id])


def device_identity(user_id: str, device_id: str) -> str:
    """The same for clients of the older form, which look for `@user:device`."""
    return f"{user_id}:{device_id}"


def _digest(parts: list[str]) -> str:
    return unpadded_base64(hashlib.sha256(encode_canonical(parts)).digest())


async def get_openid_user(world: World, token: str, server_name: str) -> str:
    """Whose OpenID token this is; M_UNAUTHORIZED for any that is not of our people under that name."""
    try:
        user_id = await get_owner(world, token, server_name)
    except MatrixError as error:
        raise _unauthorised() from error
    return user_id


def check_claim(user_id: str, claimed: str) -> None:
    """A member says who they are beside the token that proves it."""
    if user_id != claimed:
        raise _unauthorised()


def _unauthorised() -> MatrixError:
    return MatrixError("M_UNAUTHORIZED", "The request could not be authorised.", "La demande n'a pu être autorisée.")


def check_server(world: World, user_id: str, url: str | None, server_name: str | None) -> None:
    """M_INVALID_PARAM for a LiveKit server that is not ours."""
    get_livekit_url(world)
    is_ours = server_name in (None, server_of(user_id)) or server_name in world.settings.instance_names
    if not is_ours or url not in (None, world.settings.rtc.livekit_url):
        raise MatrixError(
            "M_INVALID_PARAM", "This is not a call server of ours.", "Ce serveur d'appels n'est pas le nôtre."
        )


def get_livekit_url(world: World) -> str:
    """NotFound where none is configured."""
    if not world.settings.rtc.is_ready:
        raise NotFound("This server carries no calls.", "Ce serveur ne porte pas d'appels.")
    return world.settings.rtc.livekit_url


async def make_pass(world: World, seat: Seat) -> str:
    """A token (JWT) with which the LiveKit server lets the member in, for a short time; Forbidden for anybody else."""
    get_livekit_url(world)
    room = await find_live_room(world, seat.room_id)
    if room is None or seat.user_id not in room.joined:
        raise Forbidden("You are not in this room.", "Vous ne faites pas partie de ce salon.")
    rtc, now_s = world.settings.rtc, world.clock.now_ms() // 1000
    grant = {
        "room": _digest([seat.room_id, seat.slot_id]),
        "roomJoin": True,
        "roomCreate": False,
        "canPublish": True,
        "canPublishData": True,
        "canSubscribe": True,
        "canUpdateOwnMetadata": False,
    }
    claims = {
        "iss": rtc.api_key,
        "sub": seat.identity,
        "nbf": now_s - limits.RTC_CLOCK_SKEW_S,
        "exp": now_s + limits.RTC_PASS_S,
        "video": grant,
    }
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(rtc.api_secret))
