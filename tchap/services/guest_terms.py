"""The duty that follows externals: warns before the end, takes those nobody vouches for out of all rooms, closes their
accounts some time after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from tchap.base import limits
from tchap.gateways import external_mails
from tchap.services.accounts import account_expired
from tchap.services.administrations import externals_of
from tchap.services.deactivation import deactivate
from tchap.services.emails import post
from tchap.services.externals import Ended, follow_sponsors, shown_name, tell_ended, warning_mails
from tchap.services.succession import leave_all_rooms
from tchap.services.world import World
from tchap.storage import accounts, sponsorships
from tchap.storage.database import Tx
from tchap.storage.mail_outbox import OutgoingMail
from tchap.storage.sponsorships import Sponsorship

log = structlog.get_logger(__name__)


async def follow_guests(world: World) -> None:
    """Runs until cancelled."""
    while True:
        world.live.guests.clear()
        while await look_at_guests(world):
            continue
        try:
            async with asyncio.timeout(limits.GUESTS_LOOK_EVERY_S):
                await world.live.guests.wait()
        except TimeoutError:
            continue


async def look_at_guests(world: World) -> bool:
    """A little of what is due; False when nothing is."""
    instance = externals_of(world.settings)
    if instance is None or world.settings.test_profile:
        return False
    now_ms = world.clock.now_ms()
    steps = (
        await _end_with_administrations(world, now_ms),
        await _warn(world, now_ms),
        await _take_out(world, instance, now_ms),
        await _close(world, now_ms),
    )
    return any(steps)


async def _end_with_administrations(world: World, now_ms: int) -> bool:
    """An administration that is suspended vouches for nobody."""
    ended = await world.store.write(_end_some, now_ms, externals_of(world.settings))
    for each in ended:
        tell_ended(world, each)
    return bool(ended)


async def _end_some(tx: Tx, now_ms: int, externals: str | None) -> list[Ended]:
    addresses = await sponsorships.end_with_administrations(tx, now_ms, limits.GUESTS_BATCH)
    return [await follow_sponsors(tx, address, now_ms, externals) for address in addresses]


async def _warn(world: World, now_ms: int) -> bool:
    before_ts = now_ms + world.settings.externals.warn_days * limits.DAY_MS
    due = await world.store.read(sponsorships.find_to_warn, before_ts, now_ms, limits.GUESTS_BATCH)
    for guest in due:
        addresses = await world.store.read(accounts.find_emails_of, guest.sponsorship.sponsor)
        name = await shown_name(world, guest.sponsorship.sponsor)
        mails = warning_mails(world, guest, addresses[0].email if addresses else None, name)
        await world.store.write(_set_warned, guest.sponsorship, mails, (now_ms, world.mailer.is_mailbox))
    if due:
        world.mailer.wake()
    return bool(due)


async def _set_warned(tx: Tx, told: Sponsorship, mails: list[OutgoingMail], how: tuple[int, bool]) -> None:
    if await sponsorships.set_warned(tx, told, how[0]):
        for mail in mails:
            await post(tx, mail, *how)


async def _take_out(world: World, instance: str, now_ms: int) -> bool:
    """Guests whose time is over leave every room, and are told so."""
    due = await world.store.read(sponsorships.find_over, instance, now_ms, limits.GUESTS_BATCH)
    done = await _follow_each(due, lambda user_id: _take_one_out(world, user_id, now_ms))
    if done:
        world.mailer.wake()
    return done


async def _take_one_out(world: World, user_id: str, now_ms: int) -> None:
    if not await _is_over(world, user_id, now_ms):
        return
    world.live.tokens.forget_user(user_id)
    world.live.notifier.refuse(user_id, account_expired())
    await leave_all_rooms(world, user_id)
    mails = [
        external_mails.ended_mail(known.email, world.settings.public_url)
        for known in await world.store.read(accounts.find_emails_of, user_id)
    ]
    await world.store.write(_set_out, user_id, mails, (now_ms, world.mailer.is_mailbox))
    log.info("a guest left all rooms")


async def _is_over(world: World, user_id: str, now_ms: int) -> bool:
    """Whether still nobody vouches: those before in the batch may have taken a minute to leave their rooms."""
    account = await world.store.read(accounts.find_account, user_id)
    return account is not None and account.expires_ts is not None and account.expires_ts <= now_ms


async def _follow_each(due: Sequence[str], follow: Callable[[str], Awaitable[None]]) -> bool:
    """Whether anything was done. Where one fails, the others do not wait for it: it is among them again next time."""
    done = 0
    for user_id in due:
        try:
            await follow(user_id)
            done += 1
        except Exception:
            log.exception("a guest's end failed", user_id=user_id)
    return done > 0


async def _set_out(tx: Tx, user_id: str, mails: list[OutgoingMail], how: tuple[int, bool]) -> None:
    if await sponsorships.set_out_of_rooms(tx, user_id, how[0]):
        for mail in mails:
            await post(tx, mail, *how)


async def _close(world: World, now_ms: int) -> bool:
    """Accounts nobody vouched for again are closed; nothing of them is erased."""
    days = world.settings.externals.close_after_days
    if days == 0:
        return False
    due = await world.store.read(sponsorships.find_to_close, now_ms - days * limits.DAY_MS, limits.GUESTS_BATCH)
    return await _follow_each(due, lambda user_id: _close_one(world, user_id, now_ms))


async def _close_one(world: World, user_id: str, now_ms: int) -> None:
    if await _is_over(world, user_id, now_ms):
        await deactivate(world, user_id, erase=False, closed_by="term")
