"""Who is asking, and what an account is."""

from tchap.base.errors import MatrixError
from tchap.base.identity import Requester
from tchap.services.refusals import unknown_token, user_locked
from tchap.services.sessions import hash_token
from tchap.services.world import World
from tchap.storage import accounts, tokens
from tchap.storage.accounts import Account, AccountEmail


async def authenticate(world: World, token: str, expired_ok: bool = False) -> Requester:
    """The owner of an access token.

    M_UNKNOWN_TOKEN, with `soft_logout` where only the token's time is over; M_USER_LOCKED for a locked account and
    ORG_MATRIX_EXPIRED_ACCOUNT for one that was not renewed, unless `expired_ok`.
    """
    token_hash, now_ms = hash_token(token), world.clock.now_ms()
    known = world.live.tokens.find(token_hash, now_ms)
    if known is not None:
        return known
    epoch = world.live.tokens.epoch
    row = await world.store.read(tokens.find_access_token, token_hash)
    if row is None:
        raise unknown_token(soft_logout=False)
    if row.is_locked and not expired_ok:
        raise user_locked()
    if row.expires_ts is not None and row.expires_ts <= now_ms:
        raise unknown_token(soft_logout=True)
    requester = _requester(world, row)
    if row.account_expires_ts is not None and row.account_expires_ts <= now_ms:
        return _expired(requester, expired_ok)
    if row.is_locked:
        return requester
    if row.refresh_id is not None and not row.is_used:
        await world.store.write(tokens.set_used, row.token_id, row.refresh_id)
        world.live.tokens.forget_user(row.user_id, row.device_id)
        epoch = world.live.tokens.epoch
    ends = [ts for ts in (row.expires_ts, row.account_expires_ts) if ts is not None]
    world.live.tokens.remember(token_hash, requester, min(ends, default=None), epoch)
    return requester


def _requester(world: World, row: tokens.AccessToken) -> Requester:
    instance = world.settings.find_instance(row.instance)
    return Requester(
        row.user_id,
        row.device_id,
        row.token_id,
        row.instance,
        is_admin=row.is_admin,
        is_external=instance is not None and instance.is_external and not world.settings.test_profile,
        is_oauth=row.oauth_client is not None,
        is_suspended=row.is_suspended,
        administration_id=row.administration_id,
        refuses_clear=row.refuses_clear,
    )


def _expired(requester: Requester, expired_ok: bool) -> Requester:
    if expired_ok:
        return requester
    raise account_expired()


def account_expired() -> MatrixError:
    return MatrixError(
        "ORG_MATRIX_EXPIRED_ACCOUNT",
        "Your account has expired: follow the link you were sent by e-mail to renew it.",
        "Votre compte a expiré : suivez le lien reçu par courriel pour le renouveler.",
    )


async def find_account(world: World, user_id: str) -> Account | None:
    return await world.store.read(accounts.find_account, user_id)


async def find_emails(world: World, user_id: str) -> list[AccountEmail]:
    """The addresses of an account, the oldest first."""
    return await world.store.read(accounts.find_emails_of, user_id)


async def get_user_of_email(world: World, email: str | None) -> str:
    """The user whose address this is, or M_THREEPID_NOT_FOUND."""
    found = await world.store.read(accounts.find_email, email) if email is not None else None
    if found is None:
        raise MatrixError("M_THREEPID_NOT_FOUND", "No account has this address.", "Aucun compte n'a cette adresse.")
    return found.user_id
