"""Closing an account (client-server API, "Account deactivation").

Its id is never given to anybody else, and its address is free for another account at once. Unless it was erased, what
opens it again for the same person is kept (`services/reactivation`).
"""

import contextlib
from dataclasses import dataclass
from typing import Literal

from tchap.base.errors import MatrixError
from tchap.base.identity import Requester
from tchap.services import memberships
from tchap.services.devices import Ended, end_all_devices, end_browsers, forget_ended
from tchap.services.world import World
from tchap.storage import (
    account_closings,
    accounts,
    delayed_events,
    delegates,
    directory,
    emails,
    proconnect,
    profiles,
    pushers,
    thread_subscriptions,
    validity,
)
from tchap.storage.database import Tx
from tchap.storage.memberships import find_rooms_of

ClosedBy = Literal["owner", "admin", "term"]


@dataclass(frozen=True, slots=True)
class _Closing:
    user_id: str
    now_ms: int
    erase: bool
    closed_by: ClosedBy


async def deactivate(world: World, requester: Requester, erase: bool, closed_by: ClosedBy = "owner") -> None:
    """Leaves every room; then devices, tokens and addresses go.

    `erase` also takes the profile away, and all that could open the account again.
    """
    await _leave_rooms(world, requester)
    closing = _Closing(requester.user_id, world.clock.now_ms(), erase, closed_by)
    ended = await world.store.write(_deactivate, closing)
    world.live.tokens.forget_user(requester.user_id)
    await forget_ended(world, requester.user_id, ended)


async def _leave_rooms(world: World, requester: Requester) -> None:
    """Who is gone is in no room, invited to none and asks to enter none."""
    for stay in await world.store.read(find_rooms_of, requester.user_id, ("join", "invite", "knock")):
        # A room that cannot be left keeps nobody's account open.
        with contextlib.suppress(MatrixError):
            await memberships.leave(world, requester, stay.room_id)


async def _deactivate(tx: Tx, closing: _Closing) -> Ended:
    user_id, now_ms = closing.user_id, closing.now_ms
    known = await accounts.find_emails_of(tx, user_id)
    for address in known:
        await emails.remove_invitations(tx, address.email, now_ms)
    await accounts.set_deactivated(tx, user_id, now_ms, closing.erase)
    await accounts.remove_emails(tx, user_id)
    await end_browsers(tx, user_id)
    former = None if closing.erase or not known else known[0].email
    await account_closings.set_closed_by(tx, user_id, closing.closed_by, former)
    # Whom an administrator shut out does not open the door again by signing in.
    if closing.erase or closing.closed_by == "admin":
        await proconnect.remove_links_of(tx, user_id)
    await validity.remove_links_of(tx, user_id)
    await directory.remove_person(tx, user_id)
    await delegates.remove_delegations(tx, user_id)
    await pushers.remove_pushers_of(tx, user_id)
    await delayed_events.remove_delayed_of(tx, user_id)
    await thread_subscriptions.remove_subscriptions_of(tx, user_id)
    if closing.erase:
        await profiles.remove_profile(tx, user_id)
    return await end_all_devices(tx, user_id, None)
