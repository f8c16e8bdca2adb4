"""Invitations of addresses without account, and the keys that vouch for them (identity API, "Invitation storage")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.identity.access import owner_of
from tchap.api.parse import need_str
from tchap.api.routing import Route
from tchap.base.errors import MissingParam, NotFound
from tchap.services import email_invitations
from tchap.services import identity_invites as invites
from tchap.services.identity import find_public_key
from tchap.services.identity_invites import StoreInvite
from tchap.services.world import World


async def store_invite(world: World, request: Request) -> dict[str, Any]:
    user_id, body = await owner_of(world, request), request.json()
    invites.read_medium(need_str(body, "medium"))
    asked = StoreInvite(need_str(body, "address"), need_str(body, "room_id"), need_str(body, "sender"))
    kept = await invites.store_invite(world, user_id, asked)
    return {
        "token": kept.token,
        "display_name": kept.display_name,
        "public_key": kept.public_keys[0]["public_key"],
        "public_keys": list(kept.public_keys),
    }


async def sign(world: World, request: Request) -> dict[str, Any]:
    await owner_of(world, request)
    body = request.json()
    key = need_str(body, "private_key")
    return await invites.sign_acceptance(world, need_str(body, "mxid"), need_str(body, "token"), key)


async def public_key(world: World, request: Request) -> dict[str, Any]:
    found = await find_public_key(world, request.params["keyId"])
    if found is None:
        raise NotFound("This key is not known.", "Cette clé n'est pas connue.")
    return {"public_key": found}


def _key_of(request: Request) -> str:
    key = request.text("public_key")
    if key is None:
        raise MissingParam("public_key")
    return key


async def is_valid_key(world: World, request: Request) -> dict[str, Any]:
    """Whether a key named by an invitation is one of our long-term ones."""
    return {"valid": await email_invitations.is_valid_key(world, _key_of(request))}


async def is_valid_ephemeral_key(world: World, request: Request) -> dict[str, Any]:
    return {"valid": await invites.is_valid_ephemeral_key(world, _key_of(request))}


_V2 = "/_matrix/identity/v2"

ROUTES = (
    Route("POST", f"{_V2}/store-invite", store_invite, auth="none", limit="identity"),
    Route("POST", f"{_V2}/sign-ed25519", sign, auth="none", limit="identity"),
    Route("GET", email_invitations.KEY_PATH, is_valid_key, auth="none"),
    Route("GET", email_invitations.EPHEMERAL_KEY_PATH, is_valid_ephemeral_key, auth="none"),
    Route("GET", f"{_V2}/pubkey/{{keyId}}", public_key, auth="none"),
)
