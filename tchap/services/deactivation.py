"""Closing an account for ever (client-server API, "Account deactivation")."""

import contextlib

from tchap.base.errors import MatrixError
from tchap.base.identity import Requester
from tchap.services import memberships
from tchap.services.devices import Ended, end_all_devices, end_browsers, forget_ended
from tchap.services.world import World
from tchap.storage import (
    accounts,
    delayed_events,
    directory,
    emails,
    proconnect,
    profiles,
    pushers,
    thread_subscriptions,
)
from tchap.storage.database import Tx
from tchap.storage.memberships import find_rooms_of


async def deactivate(world: World, requester: Requester, erase: bool) -> None:
    """Leaves every room; then devices, tokens and addresses go, and the user id is never given again.

    `erase` also takes the profile away.
    """
    for stay in await world.store.read(find_rooms_of, requester.user_id, ("join", "invite", "knock")):
        # A room that cannot be left keeps nobody's account open.
        with contextlib.suppress(MatrixError):
            await memberships.leave(world, requester, stay.room_id)
    ended = await world.store.write(_deactivate, requester.user_id, world.clock.now_ms(), erase)
    world.live.tokens.forget_user(requester.user_id)
    await forget_ended(world, requester.user_id, ended)


async def _deactivate(tx: Tx, user_id: str, now_ms: int, erase: bool) -> Ended:
    for address in await accounts.find_emails_of(tx, user_id):
        await emails.remove_invitations(tx, address.email, now_ms)
    await accounts.set_deactivated(tx, user_id, now_ms, erase)
    await accounts.remove_emails(tx, user_id)
    await end_browsers(tx, user_id)
    await proconnect.remove_links_of(tx, user_id)
    await directory.remove_people(tx, [user_id])
    await pushers.remove_pushers_of(tx, user_id)
    await delayed_events.remove_delayed_of(tx, user_id)
    await thread_subscriptions.remove_subscriptions_of(tx, user_id)
    if erase:
        await profiles.remove_profile(tx, user_id)
    return await end_all_devices(tx, user_id, None)
