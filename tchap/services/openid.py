"""Proving to another service who one is, without giving it one's session (client-server API, module "OpenID")."""

from __future__ import annotations

from tchap.base import limits
from tchap.base.errors import Forbidden, MatrixError
from tchap.base.identity import Requester
from tchap.protocol.identifiers import server_of
from tchap.services.sessions import hash_token
from tchap.services.world import World
from tchap.storage import openid


async def request_token(world: World, requester: Requester, user_id: str) -> str:
    """A token that is good for one thing: telling who asked for it. Raises Forbidden for anybody else's name."""
    if user_id != requester.user_id:
        raise Forbidden("You may only vouch for yourself.", "Vous ne pouvez vous porter garant que de vous-même.")
    token, now_ms = world.entropy.token(), world.clock.now_ms()
    times = (now_ms, now_ms + limits.OPENID_TOKEN_S * 1000)
    await world.store.write(openid.add_token, hash_token(token), requester.user_id, times)
    return token


async def get_owner(world: World, token: str, served: str | None) -> str:
    """Whose token it is. `served` is the server name the service called by, None when it named none.

    Raises M_UNKNOWN_TOKEN, also for the token of somebody of another name: "the caller MUST validate that the returned
    user ID is on the server they called" (server-server API, "OpenID").
    """
    owner = await world.store.read(openid.find_owner, hash_token(token), world.clock.now_ms())
    if owner is None or served not in (None, server_of(owner)):
        raise MatrixError("M_UNKNOWN_TOKEN", "Access token unknown or expired.", "Jeton inconnu ou périmé.")
    return owner
