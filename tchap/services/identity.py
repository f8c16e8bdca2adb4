"""The identity service's own accounts: who may ask it anything (identity service API, "Authentication", "Terms").

It is this very server, for the addresses of its accounts alone: an agent shows who she is with an OpenID token of hers.
"""

from __future__ import annotations

from tchap.base import limits
from tchap.base.errors import InvalidParam, MatrixError
from tchap.services import openid
from tchap.services.accounts import account_expired
from tchap.services.sessions import hash_token
from tchap.services.terms import policies
from tchap.services.world import World
from tchap.storage import accounts, identity


async def open_identity_account(world: World, openid_token: str, server: str) -> str:
    """A token of the identity service for whoever the OpenID token vouches for (`POST /account/register`).

    M_UNAUTHORIZED for a token that vouches for nobody, and for a server that is not ours.
    """
    if server not in world.settings.instance_names:
        raise unauthorised()
    try:
        user_id = await openid.get_owner(world, openid_token, server)
    except MatrixError as error:
        raise unauthorised() from error
    token = world.entropy.token()
    now_ms = world.clock.now_ms()
    await world.store.write(identity.add_token, hash_token(token), user_id, now_ms, limits.MAX_IDENTITY_TOKENS)
    return token


async def get_identity_owner(world: World, token: str | None) -> str:
    """Whose token it is. M_UNAUTHORIZED, or ORG_MATRIX_EXPIRED_ACCOUNT."""
    found = await world.store.read(identity.find_token_owner, hash_token(token)) if token else None
    if found is None:
        raise unauthorised()
    user_id, expires_ts = found
    if expires_ts is not None and expires_ts <= world.clock.now_ms():
        raise account_expired()
    return user_id


async def end_identity_token(world: World, token: str | None) -> None:
    """`POST /account/logout`; M_UNKNOWN_TOKEN for one that is not known."""
    if token is None or not await world.store.write(identity.remove_token, hash_token(token)):
        raise MatrixError("M_UNKNOWN_TOKEN", "Unknown token.", "Jeton inconnu.")


def unauthorised() -> MatrixError:
    return MatrixError(
        "M_UNAUTHORIZED", "The identity service does not know you: sign in to it first.", "Identification nécessaire."
    )


async def accept_terms(world: World, user_id: str, urls: list[str]) -> None:
    """Remembers that these terms were accepted. M_INVALID_PARAM for an address that is none of ours."""
    for policy in policies(world)["policies"].values():
        known = {text["url"] for text in policy.values() if isinstance(text, dict)}
        if not set(urls) <= known:
            raise InvalidParam("These are not the terms of this service.", "Ces conditions ne sont pas les nôtres.")
        if urls:
            await world.store.write(accounts.set_terms, user_id, policy["version"])


async def find_public_key(world: World, key_id: str) -> str | None:
    """The long-term key of this id, of whichever of our names (`GET /pubkey/{keyId}`)."""
    return next((key.public for key in world.keys.values() if key.key_id == key_id), None)
