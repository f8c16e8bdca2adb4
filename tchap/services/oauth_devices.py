"""Signing in a device that has no browser, with the browser of another one.

Source: client-server API, "Device authorisation flow"; RFC 8628.
"""

from dataclasses import dataclass

from tchap.base import limits
from tchap.base.errors import InvalidParam, LimitExceeded
from tchap.protocol.oauth import DEVICE_CODE, OAuthError, Scope, parse_scope
from tchap.services.oauth_authorize import check_device_free
from tchap.services.oauth_clients import Client, find_client, get_client
from tchap.services.sessions import hash_token
from tchap.services.world import World
from tchap.storage import oauth
from tchap.storage.database import Tx

# No vowel, so that no word comes out, and no letter that looks like another (RFC 8628, section 6.1).
_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
_HALF = limits.USER_CODE_LETTERS // 2
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Started:
    """What the device is told: its own secret, and the code its owner types elsewhere."""

    device_code: str
    user_code: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A device that waits for an answer, as shown to the person who typed its code."""

    client: Client
    user_code: str
    scope: Scope


async def start(world: World, client_id: str, scope_text: str) -> Started:
    """A device asks to be let in; OAuthError where it may not."""
    client = await get_client(world, client_id)
    if DEVICE_CODE not in client.metadata.grant_types:
        raise OAuthError("unauthorized_client", "The application has not registered for this grant.")
    scope, now_ms = parse_scope(scope_text), world.clock.now_ms()
    secret = world.entropy.token()
    for _ in range(_ATTEMPTS):
        grant = oauth.DeviceGrant(
            code_hash=hash_token(secret),
            user_code=world.entropy.spell(_ALPHABET, limits.USER_CODE_LETTERS),
            client_id=client.client_id,
            device_id=scope.device_id,
            scope=scope.text,
            interval_s=limits.DEVICE_GRANT_INTERVAL_S,
            next_poll_ts=now_ms,
            expires_ts=now_ms + limits.DEVICE_GRANT_MS,
        )
        if await world.store.write(_start, grant, now_ms):
            return Started(secret, shown_code(grant.user_code))
    raise OAuthError("temporarily_unavailable", "Too many devices are waiting: try again in a moment.")


def shown_code(user_code: str) -> str:
    """In two halves, easier to read and to copy."""
    return f"{user_code[:_HALF]}-{user_code[_HALF:]}"


def parse_user_code(typed: str) -> str:
    """However it was typed: with or without its dash, in small letters, with spaces (RFC 8628, section 6.1)."""
    return "".join(letter for letter in typed.upper() if letter in _ALPHABET)[: limits.USER_CODE_LETTERS]


async def get_waiting(world: World, user_id: str, typed: str) -> Waiting:
    """The device behind a code somebody typed; M_INVALID_PARAM where none waits, after few tries M_LIMIT_EXCEEDED."""
    # Counted before it is known to be wrong, and given back: a code must not be found by trying.
    now_s = world.clock.monotonic()
    wait_ms = world.live.rate_limits.take("user_code", user_id, now_s)
    if wait_ms:
        raise LimitExceeded(wait_ms)
    grant = await world.store.read(oauth.find_grant_by_user_code, parse_user_code(typed))
    is_waiting = grant is not None and grant.is_allowed is None and grant.expires_ts > world.clock.now_ms()
    client = await find_client(world, grant.client_id) if grant is not None and is_waiting else None
    if grant is None or client is None:
        raise _unknown_code()
    world.live.rate_limits.give_back("user_code", user_id, now_s)
    return Waiting(client, shown_code(grant.user_code), Scope(grant.device_id, grant.scope))


async def answer(world: World, user_id: str, waiting: Waiting, is_allowed: bool) -> None:
    """Lets the device in, or refuses it; M_INVALID_PARAM where somebody answered first."""
    user_code = parse_user_code(waiting.user_code)
    was_waiting = await world.store.write(_answer, (user_code, user_id, waiting.scope.device_id), is_allowed)
    if not was_waiting:
        raise _unknown_code()


def _unknown_code() -> InvalidParam:
    return InvalidParam(
        "No device is waiting with this code: check it, or ask the device for a new one.",
        "Aucun appareil n'attend avec ce code : vérifiez-le, ou demandez-en un nouveau à l'appareil.",
    )


async def _start(tx: Tx, grant: oauth.DeviceGrant, now_ms: int) -> bool:
    if await oauth.count_device_grants(tx) >= limits.MAX_DEVICE_GRANTS:
        await oauth.remove_old_grants(tx, now_ms, now_ms - limits.SPENT_CODE_MS)
        if await oauth.count_device_grants(tx) >= limits.MAX_DEVICE_GRANTS:
            return False
    await oauth.set_client_used(tx, grant.client_id, now_ms)
    return await oauth.add_device_grant(tx, grant)


async def _answer(tx: Tx, who: tuple[str, str, str], is_allowed: bool) -> bool:
    user_code, user_id, device_id = who
    if is_allowed:
        await check_device_free(tx, user_id, device_id)
    return await oauth.set_device_answer(tx, user_code, user_id, is_allowed)
