"""Signed-in sessions: a device and the tokens that speak for it."""

import hashlib
from dataclasses import dataclass, replace

from tchap.base import limits
from tchap.base.errors import Forbidden
from tchap.services.devices import Ended, end_devices
from tchap.services.refusals import unknown_token, user_locked
from tchap.services.world import World
from tchap.storage import accounts, cross_signing, devices, tokens
from tchap.storage.database import Tx

_DEVICE_ID_LETTERS = 10


@dataclass(frozen=True, slots=True)
class SessionWish:
    """What a client asks when it signs in; `client` is its address, `oauth_client` the application that was allowed
    to, None for a session of the older API."""

    device_id: str | None = None
    device_name: str | None = None
    wants_refresh: bool = False
    client: str = ""
    oauth_client: str | None = None


@dataclass(frozen=True, slots=True)
class NewSession:
    """Everything drawn by lot or read from the clock before the transaction; tokens in clear live only here."""

    device_id: str
    device_name: str | None
    client: str
    access_token: str
    refresh_token: str | None
    expires_in_ms: int | None
    now_ms: int
    oauth_client: str | None = None

    @property
    def expires_ts(self) -> int | None:
        return None if self.expires_in_ms is None else self.now_ms + self.expires_in_ms


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The answer to a sign-in; `session` is None where the client wanted the account alone."""

    user_id: str
    session: NewSession | None


def hash_token(token: str) -> bytes:
    """What the database keeps of a token: it has 256 random bits, so a plain SHA-256 tells nothing of it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def plan_session(world: World, wish: SessionWish) -> NewSession:
    """Access tokens end only where the client can refresh them (client-server API, "Refreshing access tokens")."""
    return NewSession(
        device_id=wish.device_id or world.entropy.letters(_DEVICE_ID_LETTERS).upper(),
        device_name=wish.device_name[: limits.MAX_DEVICE_NAME] if wish.device_name else None,
        client=wish.client,
        access_token=world.entropy.token(),
        refresh_token=world.entropy.token() if wish.wants_refresh else None,
        expires_in_ms=world.settings.tokens.access_lifetime_s * 1000 if wish.wants_refresh else None,
        now_ms=world.clock.now_ms(),
        oauth_client=wish.oauth_client,
    )


async def open_session(tx: Tx, user_id: str, session: NewSession) -> Ended:
    """Adds or takes over the device, whose former tokens end; the devices that gave way to it, if there were too many.

    M_FORBIDDEN where the device id is that of a cross-signing key (client-server API, `POST /login`).
    """
    if session.device_id in {key.public_key for key in (await cross_signing.find_keys(tx, user_id)).values()}:
        raise Forbidden("This device id is taken.", "Cet identifiant d'appareil est déjà pris.")
    device = devices.Device(
        user_id, session.device_id, session.device_name, session.now_ms, session.now_ms, session.client
    )
    is_new = await devices.add_device(tx, device)
    await tokens.remove_tokens(tx, user_id, session.device_id)
    await _add_tokens(tx, user_id, session)
    crowd = await devices.find_unseen(tx, user_id, limits.MAX_DEVICES) if is_new else []
    return await end_devices(tx, user_id, crowd)


async def refresh_session(world: World, refresh_token: str, oauth_client: str | None = None) -> NewSession:
    """New tokens for a refresh token (client-server API, `POST /refresh`).

    M_UNKNOWN_TOKEN when it is not lawful, M_USER_LOCKED while the account is.

    A token whose successor was used already is being used a second time, by its thief or by its owner: every token of
    the device ends. The token of an application serves that application alone, and no other token does.
    """
    session = plan_session(world, SessionWish(wants_refresh=True, oauth_client=oauth_client))
    found, is_lawful = await world.store.write(_rotate, hash_token(refresh_token), session)
    if found is not None and not is_lawful:
        world.live.tokens.forget_user(found.user_id, found.device_id)
    if found is None or not is_lawful:
        raise unknown_token(soft_logout=found is not None)
    return replace(session, device_id=found.device_id)


async def _rotate(tx: Tx, token_hash: bytes, session: NewSession) -> tuple[tokens.RefreshToken | None, bool]:
    old = await tokens.find_refresh_token(tx, token_hash)
    if old is None or old.oauth_client != session.oauth_client:
        return None, False
    account = await accounts.find_account(tx, old.user_id)
    if account is not None and account.locked_ts is not None:
        raise user_locked()
    if old.is_spent:
        await tokens.set_family_ended(tx, old.user_id, old.device_id)
        return old, False
    await tokens.set_predecessor_spent(tx, old.refresh_id)
    if old.replaced_by is not None:
        # The answer that carried the successor was lost: it was never used, and nobody will miss it.
        await tokens.remove_refresh_token(tx, old.replaced_by)
    new_id = await _add_tokens(tx, old.user_id, session, old.device_id)
    await tokens.set_replaced(tx, old.refresh_id, new_id or 0)
    before_ts = session.now_ms - limits.SPENT_REFRESH_TOKEN_MS
    await tokens.remove_old_refresh_tokens(tx, old.user_id, old.device_id, before_ts)
    return old, True


async def _add_tokens(tx: Tx, user_id: str, session: NewSession, device_id: str | None = None) -> int | None:
    """Keeps the session's tokens; the refresh token's id, if there is one."""
    device_id = device_id or session.device_id
    refresh_id = None
    if session.refresh_token is not None:
        refresh_hash = hash_token(session.refresh_token)
        new = tokens.NewRefreshToken(refresh_hash, user_id, device_id, session.now_ms, session.oauth_client)
        refresh_id = await tokens.add_refresh_token(tx, new)
    token_hash = hash_token(session.access_token)
    await tokens.add_access_token(
        tx,
        tokens.NewAccessToken(
            token_hash, user_id, device_id, session.now_ms, session.expires_ts, refresh_id, session.oauth_client
        ),
    )
    return refresh_id
