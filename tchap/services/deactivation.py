"""Closing an account (client-server API, "Account deactivation").

Its id is never given to anybody else, and its address is free for another account at once. Unless it was erased, what
opens it again for the same person is kept (`services/reactivation`).
"""

from dataclasses import dataclass
from typing import Literal

from tchap.services.devices import Ended, end_all_devices, end_browsers, forget_ended
from tchap.services.succession import leave_all_rooms
from tchap.services.world import World
from tchap.storage import (
    account_closings,
    accounts,
    delayed_events,
    delegates,
    directory,
    emails,
    identity,
    proconnect,
    profiles,
    pushers,
    thread_subscriptions,
    tokens,
    validity,
)
from tchap.storage.database import Tx

ClosedBy = Literal["owner", "admin", "term"]


@dataclass(frozen=True, slots=True)
class _Closing:
    user_id: str
    now_ms: int
    erase: bool
    closed_by: ClosedBy


async def deactivate(world: World, user_id: str, erase: bool, closed_by: ClosedBy = "owner") -> None:
    """Leaves every room; then devices, tokens and addresses go.

    `erase` also takes the profile away, and all that could open the account again.
    """
    await leave_all_rooms(world, user_id)
    closing = _Closing(user_id, world.clock.now_ms(), erase, closed_by)
    ended = await world.store.write(_deactivate, closing)
    world.live.tokens.forget_user(user_id)
    await forget_ended(world, user_id, ended)


async def _deactivate(tx: Tx, closing: _Closing) -> Ended:
    user_id, now_ms = closing.user_id, closing.now_ms
    known = await accounts.find_emails_of(tx, user_id)
    for address in known:
        await emails.remove_invitations(tx, address.email, now_ms)
        if closing.erase:
            await identity.remove_unbound(tx, address.email)
    await accounts.set_deactivated(tx, user_id, now_ms, closing.erase)
    await accounts.remove_emails(tx, user_id)
    await end_browsers(tx, user_id)
    former = None if closing.erase or not known else known[0].email
    await account_closings.set_closed_by(tx, user_id, closing.closed_by, former)
    # Whom an administrator shut out does not open the door again by signing in.
    if closing.erase or closing.closed_by == "admin":
        await proconnect.remove_links_of(tx, user_id)
    # Should the account open again, nothing that was given out before opens it.
    await validity.remove_links_of(tx, user_id)
    await tokens.remove_login_tokens_of(tx, user_id)
    await directory.remove_people(tx, [user_id])
    await delegates.remove_delegations(tx, user_id)
    await pushers.remove_pushers_of(tx, user_id)
    await delayed_events.remove_delayed_of(tx, user_id)
    await thread_subscriptions.remove_subscriptions_of(tx, user_id)
    if closing.erase:
        await profiles.remove_profile(tx, user_id)
    return await end_all_devices(tx, user_id, None)
