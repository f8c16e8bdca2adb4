"""Signing in, with a password or a token from another device."""

from typing import Any

from tchap.base import limits
from tchap.base.errors import Forbidden, MatrixError
from tchap.protocol.appservices import AppService
from tchap.protocol.identifiers import server_of
from tchap.services.appservices import check_user_free
from tchap.services.devices import forget_ended
from tchap.services.identifiers import find_user_id
from tchap.services.passwords import verify_password
from tchap.services.refusals import user_locked
from tchap.services.sessions import SessionWish, SignedIn, hash_token, open_session, plan_session
from tchap.services.world import World
from tchap.storage import accounts, tokens
from tchap.storage.accounts import Account


async def sign_in_with_password(
    world: World, body: dict[str, Any], password: str, instance: str, wish: SessionWish
) -> SignedIn:
    """The identifier of `body` and its password; M_FORBIDDEN tells not which of them is wrong."""
    return await _open(world, await check_credentials(world, body, password, instance), wish)


async def check_credentials(world: World, body: dict[str, Any], password: str, instance: str) -> Account:
    """The account that the identifier of `body` names and the password opens; M_FORBIDDEN, M_LIMIT_EXCEEDED."""
    user_id = await find_user_id(world, body, instance)
    account = await _find(world, user_id) if user_id else None
    name = account.user_id if account is not None else user_id or _typed(body)
    if not await verify_password(world, account, name, password) or account is None:
        raise Forbidden("Wrong identifier or password.", "Identifiant ou mot de passe incorrect.")
    return account


def _typed(body: dict[str, Any]) -> str:
    """What was typed for an address without account: failures are counted for each, as for those who have one."""
    identifier = body.get("identifier")
    address = identifier.get("address") if isinstance(identifier, dict) else body.get("address")
    return str(address).lower()[: limits.MAX_ID_BYTES]


async def sign_in_for_service(world: World, service: AppService, body: dict[str, Any], wish: SessionWish) -> SignedIn:
    """A user of an application service, without password; M_EXCLUSIVE outside its namespaces."""
    user_id = await find_user_id(world, body, server_of(service.sender), default=service.sender)
    check_user_free(world, user_id or "", service)
    account = await _find(world, user_id) if user_id else None
    if account is None:
        raise Forbidden("The application service has not registered this user.")
    return await _open(world, account, wish)


async def sign_in_with_token(world: World, token: str, wish: SessionWish) -> SignedIn:
    """A token of `create_login_token`, which serves once."""
    user_id = await world.store.write(tokens.remove_login_token, hash_token(token), world.clock.now_ms())
    account = await _find(world, user_id) if user_id else None
    if account is None:
        raise Forbidden("This login token is not valid any more.", "Ce jeton de connexion n'est plus valable.")
    return await _open(world, account, wish)


async def create_login_token(world: World, user_id: str) -> str:
    """A token that signs another device in, once and for two minutes (client-server API, `POST /login/get_token`, and
    "Handling the callback from the Authentication server")."""
    token, now_ms = world.entropy.token(), world.clock.now_ms()
    expires_ts = now_ms + limits.LOGIN_TOKEN_MS
    await world.store.write(tokens.add_login_token, hash_token(token), user_id, now_ms, expires_ts)
    return token


async def _find(world: World, user_id: str) -> Account | None:
    """The account, whatever the case it was typed in: ids made here are in lower case."""
    return await world.store.read(accounts.find_account, user_id) or (
        await world.store.read(accounts.find_account, user_id.lower()) if user_id != user_id.lower() else None
    )


async def _open(world: World, account: Account, wish: SessionWish) -> SignedIn:
    if account.deactivated_ts is not None:
        raise MatrixError("M_USER_DEACTIVATED", "This account is closed.", "Ce compte est fermé.")
    if account.locked_ts is not None:
        raise user_locked()
    session = plan_session(world, wish)
    ended = await world.store.write(open_session, account.user_id, session)
    if wish.device_id is not None:
        world.live.tokens.forget_user(account.user_id, session.device_id)
    await forget_ended(world, account.user_id, ended)
    return SignedIn(account.user_id, session)
