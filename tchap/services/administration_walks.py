"""Accounts follow what is done to their administrations and domains: a duty that goes through them, a few at a time.

A ministry has a hundred thousand accounts. How far a walk has come is written down with the mails of each batch, so
that a restart goes on where it stopped and nobody is written to twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from tchap.base import limits
from tchap.base.errors import MatrixError
from tchap.gateways import administration_mails as mails
from tchap.policy.domains import find_home, find_listed, listings_of
from tchap.policy.emails import Email, parse_email
from tchap.services.account_moves import follow_address
from tchap.services.administrations import externals_of
from tchap.services.deactivation import deactivate
from tchap.services.directory_listing import list_people
from tchap.services.emails import post
from tchap.storage import accounts, administration_people, administrations, identity, profiles
from tchap.storage import administration_walks as walks
from tchap.storage.administration_walks import Walk
from tchap.storage.administrations import CLOSED, CLOSING, ListedDomain

if TYPE_CHECKING:
    from tchap.services.world import World
    from tchap.storage.administration_people import Agent
    from tchap.storage.database import Tx
    from tchap.storage.mail_outbox import OutgoingMail

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Step:
    """One batch of a walk: whom it concerns, and what is known of their addresses' domains."""

    walk: Walk
    batch: list[Agent]
    listed: list[ListedDomain]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What is written with the progress of a batch: mails, and addresses that were renamed, `(old, new)`."""

    letters: list[OutgoingMail]
    renamed: list[tuple[str, str]]
    now_ms: int
    to_mailbox: bool


async def walk_administrations(world: World) -> None:
    """Runs until cancelled."""
    while True:
        world.live.walks.clear()
        while await walk_some(world):
            continue
        try:
            async with asyncio.timeout(limits.WALK_IDLE_S):
                await world.live.walks.wait()
        except TimeoutError:
            continue


async def walk_some(world: World) -> bool:
    """Takes care of the next few accounts; False when nothing is to be done now."""
    step = await world.store.read(_find_step, world.clock.now_ms())
    if step is None:
        return False
    if not step.batch:
        await world.store.write(_end, step.walk)
        return True
    if step.walk.kind == walks.PLACE:
        await _place(world, step)
    else:
        await _follow(world, step)
    return True


async def _find_step(tx: Tx, now_ms: int) -> _Step | None:
    walk = await walks.find_due(tx, now_ms)
    if walk is None:
        return None
    size = limits.PLACING_BATCH if walk.kind == walks.PLACE else limits.WALK_BATCH
    batch = await administration_people.find_people(tx, walk.administration_id, walk.after_user, size)
    domains = {parse_email(agent.email).domain for agent in batch if agent.email is not None}
    listed = await administrations.find_listed(tx, {name for domain in domains for name in listings_of(domain)})
    return _Step(walk, batch, listed)


async def _end(tx: Tx, walk: Walk) -> None:
    await walks.remove_walk(tx, walk.walk_id)
    if walk.kind == walks.CLOSE and walk.domain is not None:
        domain = await administrations.find_domain(tx, walk.domain)
        if domain is not None and domain.status == CLOSING:
            await administrations.set_domain(tx, replace(domain, status=CLOSED, closes_ts=None, is_held=False))


async def _place(world: World, step: _Step) -> None:
    """Whose agents they are, and so who may act on them, changes first and fast; names in rooms come after."""
    moved = [
        (agent.user_id, home.administration_id)
        for agent in step.batch
        if agent.email is not None
        and (home := find_home(parse_email(agent.email), step.listed, externals_of(world.settings))) is not None
        and home.administration_id is not None
    ]
    moved = [(user_id, of) for user_id, of in moved if of != step.walk.administration_id]
    await world.store.write(_keep_places, step, moved)
    for user_id, _ in moved:
        world.live.tokens.forget_user(user_id)


async def _keep_places(tx: Tx, step: _Step, moved: list[tuple[str, str]]) -> None:
    await administrations.set_administrations(tx, moved)
    await list_people(tx, [user_id for user_id, _ in moved])
    await walks.set_progress(tx, step.walk.walk_id, step.batch[-1].user_id, len(moved))


async def _follow(world: World, step: _Step) -> None:
    """Does to each account of the batch what the walk is for, then writes to them and keeps how far it came."""
    meant = [(agent, parse_email(agent.email)) for agent in step.batch if agent.email is not None]
    meant = [(agent, email) for agent, email in meant if _is_meant(step, email)]
    written = [await _follow_one(world, step.walk, agent, email) for agent, email in meant]
    letters = [mail for mail in written if mail is not None]
    former = step.walk.detail if step.walk.kind == walks.RENAME else None
    renamed = [(f"{email.local}@{former}", str(email)) for _, email in meant if former is not None]
    outcome = _Outcome(letters, renamed, world.clock.now_ms(), world.mailer.is_mailbox)
    await world.store.write(_keep_going, step, outcome)
    if letters:
        world.mailer.wake()


def _is_meant(step: _Step, email: Email) -> bool:
    """Whether the walk's listing is the one that decides on the address."""
    found = find_listed(email, step.listed)
    return step.walk.domain is None or (found is not None and found.domain == step.walk.domain)


async def _keep_going(tx: Tx, step: _Step, outcome: _Outcome) -> None:
    for letter in outcome.letters:
        await post(tx, letter, outcome.now_ms, outcome.to_mailbox)
    if outcome.renamed:
        await identity.rename_hashes(tx, outcome.renamed)
    await walks.set_progress(tx, step.walk.walk_id, step.batch[-1].user_id, len(step.batch))


async def _follow_one(world: World, walk: Walk, agent: Agent, email: Email) -> OutgoingMail | None:
    """The mail that the account is to get. What fails for one account is told to the log, and keeps nobody waiting."""
    try:
        if walk.kind == walks.CLOSE:
            return await _close(world, agent, email)
        if walk.kind in (walks.SHOW, walks.RENAME):
            return await _show(world, walk, agent, email)
    except MatrixError as error:
        log.warning("an account does not follow", user_id=agent.user_id, walk=walk.kind, errcode=error.errcode)
        return None
    except Exception:
        log.exception("an account does not follow", user_id=agent.user_id, walk=walk.kind)
        return None
    if walk.kind == walks.SPARE:
        return mails.spared_mail(str(email))
    return mails.closing_mail(str(email), int(walk.detail or 0))


async def _show(world: World, walk: Walk, agent: Agent, email: Email) -> OutgoingMail | None:
    former = Email(email.local, walk.detail) if walk.kind == walks.RENAME and walk.detail else None
    await follow_address(world, agent.user_id, email, former)
    if former is not None:
        return mails.renamed_mail(str(email), str(former))
    if walk.domain is None:
        return None
    profile = await world.store.read(profiles.find_profile, agent.user_id)
    return mails.moved_mail(str(email), (profile.display_name if profile else None) or str(email))


async def _close(world: World, agent: Agent, email: Email) -> OutgoingMail | None:
    """Closes an account whose domain is gone. What becomes of an operator's, a person decides."""
    account = await world.store.read(accounts.find_account, agent.user_id)
    if account is None or account.is_admin:
        return None
    await deactivate(world, agent.user_id, False, "admin")
    return mails.closed_mail(str(email))
