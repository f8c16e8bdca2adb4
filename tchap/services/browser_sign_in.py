"""Signing in, signing up and proving again who one is, in a browser on our own pages."""

import contextlib
from dataclasses import dataclass
from typing import Any

from tchap.base import limits
from tchap.base.errors import Forbidden, LimitExceeded, MatrixError
from tchap.services import registration
from tchap.services.accounts import account_expired, find_account, get_user_of_email
from tchap.services.browser_sessions import BrowserSession, find_browser_session, open_browser_session, set_proven
from tchap.services.emails import find_proven
from tchap.services.login import check_credentials
from tchap.services.passwords import change_password, verify_password
from tchap.services.refusals import user_locked
from tchap.services.renewals import send_renewal_mail
from tchap.services.world import World


@dataclass(frozen=True, slots=True)
class EmailProof:
    """An address proven by a code, as `request_code` and `submit_code` name it."""

    sid: str
    secret: str


@dataclass(frozen=True, slots=True)
class Browser:
    """The browser that asks: the instance it is served, the one its Host names, the session it came with."""

    instance: str
    host_instance: str | None
    former: str | None


async def sign_in(world: World, typed: str, password: str, browser: Browser) -> str:
    """The cookie of a new session, for an address or a user id and its password.

    M_FORBIDDEN tells not which of them is wrong; M_LIMIT_EXCEEDED after a few guesses; ORG_MATRIX_EXPIRED_ACCOUNT or
    M_USER_LOCKED for an account that may not be used, told only to who knows its password.
    """
    account = await check_credentials(world, identifier_of(typed), password, browser.instance)
    return await _open(world, account.user_id, browser)


def identifier_of(typed: str) -> dict[str, Any]:
    """What a person typed as the identifier of `POST /login`: a user id, an e-mail address or a localpart."""
    name = typed.strip()[: limits.MAX_ID_BYTES]
    if name.startswith("@") or "@" not in name:
        return {"identifier": {"type": "m.id.user", "user": name}}
    return {"identifier": {"type": "m.id.thirdparty", "medium": "email", "address": name}}


async def prove_again(world: World, session: BrowserSession, password: str) -> None:
    """The person in front of the browser knows the password; M_FORBIDDEN, M_LIMIT_EXCEEDED."""
    account = await find_account(world, session.user_id)
    if not await verify_password(world, account, session.user_id, password):
        raise Forbidden("Wrong password.", "Mot de passe incorrect.")
    await set_proven(world, session)


async def sign_up(world: World, proof: EmailProof, password: str, browser: Browser) -> str:
    """Opens the account of a proven address; the cookie of its first browser session.

    Raises what `registration.register_by_email` does.
    """
    email = await _get_proven(world, proof, "register")
    given = (browser.instance, browser.host_instance)
    user_id = await registration.register_by_email(world, email, password, given)
    return await _open(world, user_id, browser)


async def reset_password(world: World, proof: EmailProof, password: str, browser: Browser) -> str:
    """Sets the password of the account of a proven address and ends its devices; the cookie of a new session."""
    user_id = await get_user_of_email(world, await _get_proven(world, proof, "password"))
    await change_password(world, user_id, password, None, sign_out=True)
    return await _open(world, user_id, browser)


async def _get_proven(world: World, proof: EmailProof, purpose: str) -> str:
    email = await find_proven(world, proof.sid, proof.secret, purpose)
    if email is None:
        raise MatrixError(
            "M_UNAUTHORIZED",
            "Your address is not proven any more: ask for a new code.",
            "Votre adresse n'est plus vérifiée : demandez un nouveau code.",
        )
    return email


async def _open(world: World, user_id: str, browser: Browser) -> str:
    cookie = await open_browser_session(world, user_id, "password", former=browser.former)
    if await find_browser_session(world, cookie) is None:
        account = await find_account(world, user_id)
        if account is not None and account.locked_ts is not None:
            raise user_locked()
        await _offer_renewal(world, user_id)
        raise account_expired()
    return cookie


async def _offer_renewal(world: World, user_id: str) -> None:
    """Whoever proved to be the owner of an expired account is sent the mail that renews it, without having to ask."""
    # One sent a moment ago does as well.
    with contextlib.suppress(LimitExceeded):
        await send_renewal_mail(world, user_id)
