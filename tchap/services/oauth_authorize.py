"""Letting an application into one's account: the request it comes with, and the code it leaves with.

Source: client-server API, "Authorisation code flow"; RFC 6749, section 4.1; RFC 9700.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tchap.base import limits
from tchap.base.errors import InvalidParam
from tchap.protocol.oauth import (
    AUTHORIZATION_CODE,
    AuthorizationRequest,
    OAuthError,
    ReturnAddress,
    parse_authorization,
    parse_return_address,
)
from tchap.protocol.oauth_clients import is_redirect_uri_of
from tchap.services.oauth_clients import Client, find_client
from tchap.services.sessions import hash_token
from tchap.services.world import World
from tchap.storage import cross_signing, oauth, tokens
from tchap.storage.database import Tx

Query = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Caller:
    """An application known here and the address of its own that any answer goes to."""

    client: Client
    back: ReturnAddress


async def find_caller(world: World, query: Query) -> Caller:
    """Who asks and where to answer. M_INVALID_PARAM where that is not certain: nothing is then told to any address
    (RFC 6749, section 4.1.2.1)."""
    ids, uris = query.get("client_id", ()), query.get("redirect_uri", ())
    client = await find_client(world, ids[0]) if len(ids) == 1 else None
    if client is None:
        raise InvalidParam(
            "This application is not known here: go back to it and sign in again.",
            "Cette application n'est pas connue ici : revenez-y et reconnectez-vous.",
        )
    if len(uris) != 1 or not is_redirect_uri_of(client.metadata, uris[0]):
        raise InvalidParam(
            "The application asks to send you to an address that is not its own.",
            "L'application demande de vous envoyer à une adresse qui n'est pas la sienne.",
        )
    return Caller(client, parse_return_address(uris[0], query))


def parse_request(caller: Caller, query: Query) -> AuthorizationRequest:
    """What it asks for; OAuthError is told to its address."""
    if AUTHORIZATION_CODE not in caller.client.metadata.grant_types:
        raise OAuthError("unauthorized_client", "The application has not registered for this grant.")
    return parse_authorization(query)


async def has_let_in(world: World, user_id: str, client: Client) -> bool:
    """Whether the person is signed in with the application already."""
    return await world.store.read(tokens.has_session_with, user_id, client.client_id)


async def give_code(world: World, caller: Caller, request: AuthorizationRequest, user_id: str) -> str:
    """A code for what the person has just allowed; it serves once, within a minute, the one who asked."""
    secret = world.entropy.token()
    now_ms = world.clock.now_ms()
    code = oauth.Code(
        code_hash=hash_token(secret),
        client_id=caller.client.client_id,
        redirect_uri=caller.back.redirect_uri,
        user_id=user_id,
        device_id=request.scope.device_id,
        scope=request.scope.text,
        challenge=request.challenge,
        expires_ts=now_ms + limits.AUTHORIZATION_CODE_MS,
    )
    await world.store.write(_add_code, code, now_ms)
    return secret


async def _add_code(tx: Tx, code: oauth.Code, now_ms: int) -> None:
    await check_device_free(tx, code.user_id, code.device_id)
    await oauth.set_client_used(tx, code.client_id, now_ms)
    await oauth.add_code(tx, code)


async def check_device_free(tx: Tx, user_id: str, device_id: str) -> None:
    """OAuthError where the device id is that of a cross-signing key (client-server API, "Cross-signing")."""
    if device_id in {key.public_key for key in (await cross_signing.find_keys(tx, user_id)).values()}:
        raise OAuthError("invalid_scope", "This device id is taken.")
