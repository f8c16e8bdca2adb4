"""Tokens of applications: for a code, for a refresh token, for a device that was allowed; and taking them back.

Source: client-server API, "Grant types", "Token revocation"; RFC 6749, RFC 7009, RFC 8628.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from tchap.base import limits
from tchap.base.errors import MatrixError
from tchap.protocol.oauth import OAuthError, is_verified, scope_of
from tchap.services.devices import Ended, forget_ended, sign_out
from tchap.services.oauth_clients import Client, get_client
from tchap.services.sessions import NewSession, SessionWish, hash_token, open_session, plan_session, refresh_session
from tchap.services.world import World
from tchap.storage import accounts, oauth, tokens
from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Granted:
    """What the token endpoint answers."""

    session: NewSession
    scope: str


@dataclass(frozen=True, slots=True)
class CodeProof:
    """What an application brings with a code to prove that it is the one who asked for it."""

    client_id: str
    code: str
    redirect_uri: str
    verifier: str


_NOTHING = Ended((), 0)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one transaction came to: a session for somebody, or a refusal, and whose sessions ended meanwhile."""

    user_id: str = ""
    device_id: str = ""
    scope: str = ""
    ended: Ended = _NOTHING
    refusal: tuple[str, str] | None = None


_Job = Callable[..., Coroutine[Any, Any, _Outcome]]


async def exchange_code(world: World, proof: CodeProof, address: str) -> Granted:
    """The tokens a code stands for; OAuthError `invalid_grant` for any doubt. A code used twice ends what it gave."""
    client = await get_client(world, proof.client_id)
    return await _open(world, client, address, (_redeem_code, proof))


async def poll_device(world: World, client_id: str, device_code: str, address: str) -> Granted:
    """The tokens of a device somebody allowed; OAuthError `authorization_pending`, `slow_down`, `access_denied`,
    `expired_token` or `invalid_grant` (RFC 8628, section 3.5)."""
    client = await get_client(world, client_id)
    return await _open(world, client, address, (_redeem_device, device_code))


async def refresh(world: World, client_id: str, refresh_token: str) -> Granted:
    """New tokens for a refresh token of this application; OAuthError `invalid_grant`, `invalid_client`.

    M_USER_LOCKED is told as everywhere, so that the application keeps its data ("Account locking").
    """
    try:
        session = await refresh_session(world, refresh_token, client_id)
    except MatrixError as error:
        if error.errcode != "M_UNKNOWN_TOKEN":
            raise
        await get_client(world, client_id)
        raise OAuthError("invalid_grant", "The refresh token is not valid any more.") from error
    return Granted(session, scope_of(session.device_id))


async def revoke(world: World, token: str) -> None:
    """Ends the session of an access or a refresh token, whoever asks: who holds a leaked token may only end it.

    An unknown token is already ended (RFC 7009, section 2.2).
    """
    owner = await world.store.read(tokens.find_owner, hash_token(token))
    if owner is not None:
        user_id, device_id = owner
        await sign_out(world, user_id, [device_id])


async def _open(world: World, client: Client, address: str, grant: tuple[_Job, Any]) -> Granted:
    job, proof = grant
    name = client.name_in("")
    wish = SessionWish(None, name, wants_refresh=True, client=address, oauth_client=client.client_id)
    session = plan_session(world, wish)
    outcome = await world.store.write(job, session, proof)
    if outcome.user_id:
        # The device's former tokens are ended, whether it was taken over or its code came twice.
        world.live.tokens.forget_user(outcome.user_id, outcome.device_id)
        await forget_ended(world, outcome.user_id, outcome.ended)
    if outcome.refusal is not None:
        raise OAuthError(*outcome.refusal)
    return Granted(replace(session, device_id=outcome.device_id), outcome.scope)


async def _redeem_code(tx: Tx, session: NewSession, proof: CodeProof) -> _Outcome:
    code = await oauth.find_code(tx, hash_token(proof.code))
    if code is None or code.client_id != proof.client_id:
        return _invalid("This code is not known.")
    if code.is_spent:
        return await _end_what_it_gave(tx, code)
    # Whatever is wrong with it, a code that was shown once is worth nothing any more.
    await oauth.set_code_spent(tx, code.code_hash)
    if code.expires_ts <= session.now_ms:
        return _invalid("This code is too old.")
    if code.redirect_uri != proof.redirect_uri:
        return _invalid("The redirect URI is not the one the code was sent to.")
    if not is_verified(code.challenge, proof.verifier):
        return _invalid("The code verifier is not the one the code was asked with.")
    await oauth.remove_other_codes(tx, code.user_id, code.device_id, code.code_hash)
    return await _open_device(tx, session, code.user_id, (code.device_id, code.scope))


async def _end_what_it_gave(tx: Tx, code: oauth.Code) -> _Outcome:
    """ "If an authorization code is used more than once, the authorization server … SHOULD revoke … all tokens
    previously issued based on that authorization code" (RFC 6749, section 4.1.2). The device keeps its keys."""
    if await tokens.find_oauth_client(tx, code.user_id, code.device_id) == code.client_id:
        await tokens.set_family_ended(tx, code.user_id, code.device_id)
    refusal = ("invalid_grant", "This code was used already.")
    return _Outcome(code.user_id, code.device_id, refusal=refusal)


async def _redeem_device(tx: Tx, session: NewSession, device_code: str) -> _Outcome:
    grant = await oauth.find_device_grant(tx, hash_token(device_code))
    if grant is None or grant.client_id != session.oauth_client:
        return _invalid("This device code is not known.")
    if grant.expires_ts <= session.now_ms:
        return _Outcome(refusal=("expired_token", "Nobody answered in time."))
    if session.now_ms < grant.next_poll_ts:
        # "The interval MUST be increased by 5 seconds" (RFC 8628, section 3.5).
        slower_s = grant.interval_s + limits.DEVICE_GRANT_INTERVAL_S
        await oauth.set_next_poll(tx, grant.code_hash, slower_s, session.now_ms + slower_s * 1000)
        return _Outcome(refusal=("slow_down", "Ask less often."))
    if grant.is_allowed is None:
        # The network may bring two questions closer together than they were asked.
        next_poll_ts = session.now_ms + (grant.interval_s - limits.DEVICE_GRANT_JITTER_S) * 1000
        await oauth.set_next_poll(tx, grant.code_hash, grant.interval_s, next_poll_ts)
        return _Outcome(refusal=("authorization_pending", "Nobody has answered yet."))
    await oauth.remove_device_grant(tx, grant.code_hash)
    if not grant.is_allowed or grant.user_id is None:
        return _Outcome(refusal=("access_denied", "This was refused."))
    await oauth.remove_other_codes(tx, grant.user_id, grant.device_id, b"")
    return await _open_device(tx, session, grant.user_id, (grant.device_id, grant.scope))


async def _open_device(tx: Tx, session: NewSession, user_id: str, wanted: tuple[str, str]) -> _Outcome:
    """Opens the session on the device the client named: a new one, or one of the same person's whose former tokens
    end ("Relationship between access tokens and devices")."""
    device_id, scope = wanted
    account = await accounts.find_account(tx, user_id)
    if account is None or account.deactivated_ts is not None or account.locked_ts is not None:
        return _invalid("The account is closed or locked.")
    try:
        ended = await open_session(tx, user_id, replace(session, device_id=device_id))
    except MatrixError:
        return _invalid("This device id is taken.")
    return _Outcome(user_id, device_id, scope, ended)


def _invalid(description: str) -> _Outcome:
    return _Outcome(refusal=("invalid_grant", description))
