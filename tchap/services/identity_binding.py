"""What ties an address to an account, in the words of the identity service (identity API, "Establishing associations").

Here an address is tied to an account when the account opens, by the code it received. Binding and unbinding say only
whether that may be looked up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tchap.base import limits
from tchap.base.errors import Forbidden, MatrixError
from tchap.protocol.identifiers import server_of
from tchap.protocol.signing import sign_json
from tchap.services.emails import find_session, read_email
from tchap.services.world import World
from tchap.storage import accounts, identity
from tchap.storage.accounts import AccountEmail
from tchap.storage.database import Tx
from tchap.storage.emails import Validation

PURPOSE = "bind"


@dataclass(frozen=True, slots=True)
class Session:
    """One attempt to prove an address, as its client names it."""

    sid: str
    client_secret: str


async def get_proven(world: World, session: Session) -> tuple[str, int]:
    """The address a session has proven, and when (ms).

    M_NO_VALID_SESSION, M_SESSION_NOT_VALIDATED, M_SESSION_EXPIRED.
    """
    found = await find_session(world, session.sid, session.client_secret)
    if found is None or found.purpose != PURPOSE:
        raise MatrixError("M_NO_VALID_SESSION", "There is no such session.", "Cette session n'existe pas.")
    return found.email, _validated_ts(world, found)


def _validated_ts(world: World, found: Validation) -> int:
    now_ms = world.clock.now_ms()
    if found.validated_ts is None and found.expires_ts > now_ms:
        raise MatrixError("M_SESSION_NOT_VALIDATED", "The code was not given yet.", "Le code n'a pas été saisi.")
    if found.validated_ts is None or found.validated_ts + limits.VALIDATED_EMAIL_MS <= now_ms:
        raise MatrixError("M_SESSION_EXPIRED", "This session is over: ask for a new code.", "Cette session a expiré.")
    return found.validated_ts


async def bind(world: World, user_id: str, session: Session, mxid: str) -> dict[str, Any]:
    """Lets the proven address of one's account be looked up; the signed association."""
    email, proven_ts = await get_proven(world, session)
    if mxid != user_id:
        raise Forbidden("One binds one's own account alone.", "Seul votre propre compte peut être associé.")
    await world.store.write(_bind, email, user_id)
    association = {
        "address": email,
        "medium": "email",
        "mxid": user_id,
        "not_before": proven_ts,
        "not_after": proven_ts + limits.ASSOCIATION_MS,
        "ts": proven_ts,
    }
    name = server_of(user_id)
    return sign_json(association, name, world.keys[name])


async def _bind(tx: Tx, email: str, user_id: str) -> None:
    await _get_own(tx, email, user_id)
    await identity.remove_unbound(tx, email)
    await identity.add_hashes(tx, [email], await identity.find_peppers(tx))


async def unbind(world: World, user_id: str, address: str, mxid: str) -> None:
    """One's address is looked up no more; signing in and invitations by that address go on."""
    if mxid != user_id:
        raise Forbidden("One unbinds one's own account alone.", "Seul votre propre compte peut être dissocié.")
    await world.store.write(_unbind, str(read_email(address)), user_id, world.clock.now_ms())


async def _unbind(tx: Tx, email: str, user_id: str, now_ms: int) -> None:
    await _get_own(tx, email, user_id)
    await identity.set_unbound(tx, email, user_id, now_ms)


async def _get_own(tx: Tx, email: str, user_id: str) -> AccountEmail:
    """The address of one's own account. Forbidden also where it is somebody else's: nobody learns whose."""
    known = await accounts.find_email(tx, email)
    if known is None or known.user_id != user_id:
        raise Forbidden(
            "This is not the address of your account, and that is not yours to change.",
            "Cette adresse n'est pas celle de votre compte, et elle ne se change pas ici.",
        )
    return known
