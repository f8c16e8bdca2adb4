"""Keeping administrations, as operators and delegates do it: each act asks who may, runs its job, and wakes the duties.

Every act is one line in the audit of the administration and one mail to its contact and its delegates, written with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tchap.base.errors import MatrixError
from tchap.base.identity import Requester
from tchap.policy.administrations import Act, Actor, Refusal
from tchap.policy.emails import Email
from tchap.protocol import directory_words as words
from tchap.services import administration_delegates as delegates_jobs
from tchap.services import administration_domains as domains_jobs
from tchap.services import administration_jobs as jobs
from tchap.services.administration_desk import Hand, get_administration, hand_of
from tchap.services.administration_domains import unknown_domain
from tchap.services.administration_jobs import Change, NewAdministration
from tchap.services.administration_rights import check_act, check_subject, get_actor, refused, subject_of
from tchap.services.world import World
from tchap.storage import administration_people as people
from tchap.storage import administration_walks as walks
from tchap.storage import administrations as book
from tchap.storage import audit, delegates
from tchap.storage.administration_people import Agent
from tchap.storage.administration_walks import Walk
from tchap.storage.administrations import Administration, Domain
from tchap.storage.audit import AdminAct
from tchap.storage.database import Tx
from tchap.storage.delegates import Delegate


@dataclass(frozen=True, slots=True)
class Opening:
    """An administration to be opened, with its domains and the addresses of its delegates."""

    new: NewAdministration
    domains: Sequence[str] = ()
    delegates: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """An administration as those who look after it see it; `people` counts its living accounts."""

    administration: Administration
    domains: list[Domain]
    delegates: list[Delegate]
    people: int
    walks: list[Walk]


@dataclass(frozen=True, slots=True)
class Page:
    """Administrations in order of their names, and the name after which the following page begins, None for none."""

    found: list[Administration]
    people: dict[str, int]
    next_from: str | None


async def create_administration(world: World, requester: Requester, wish: Opening) -> Administration:
    """Opens an administration; a delegate may open one below their own, whose domains are proven afterwards.

    Forbidden; M_INVALID_PARAM as `administration_jobs.open_administration`.
    """
    parent, new = (wish.new.parent_id,) if wish.new.parent_id else (), wish.new
    actor = await check_act(world, requester, Act.CREATE_BELOW if parent else Act.CREATE, parent)
    if wish.domains:
        await check_act(world, requester, Act.ADD_DOMAIN, parent)
    if not actor.is_operator:
        new = await world.store.read(_beside_parent, new)
    hand = _hand(world, requester)
    opened = await world.store.write(jobs.open_administration, new, wish.domains, wish.delegates, hand)
    _wake(world)
    return opened


async def _beside_parent(tx: Tx, new: NewAdministration) -> NewAdministration:
    """A delegate chooses no instance: it is that of what the new one is a part of."""
    return replace(new, instance=(await get_administration(tx, new.parent_id or "")).instance)


async def change_administration(
    world: World, requester: Requester, administration_id: str, change: Change
) -> Administration:
    """Changes what is given; what others know it by is the operators' alone. Forbidden, NotFound, M_INVALID_PARAM."""
    act = Act.REDESCRIBE if change.redescribes else Act.CHANGE
    await check_act(world, requester, act, (administration_id,))
    changed = await world.store.write(jobs.change_administration, administration_id, change, _hand(world, requester))
    if change.refuses_clear is not None:
        # It is remembered with the token of everybody there.
        world.live.tokens.forget_all()
    _wake(world)
    return changed


async def set_suspended(world: World, requester: Requester, administration_id: str, suspended: bool) -> Administration:
    """Whether the administration opens no new account. A delegate decides so of what is below their own."""
    await check_act(world, requester, Act.SUSPEND, (administration_id,))
    hand = _hand(world, requester)
    changed = await world.store.write(jobs.set_suspended, administration_id, suspended, hand)
    _wake(world)
    return changed


async def add_domain(world: World, requester: Requester, administration_id: str, domain: str) -> Domain:
    """Gives a domain to an administration. Operators alone: a delegate proves it first (on-boarding)."""
    await check_act(world, requester, Act.ADD_DOMAIN, (administration_id,))
    added = await world.store.write(_add_domain, administration_id, domain, _hand(world, requester))
    _wake(world)
    return added


async def _add_domain(tx: Tx, administration_id: str, domain: str, hand: Hand) -> Domain:
    return await domains_jobs.add_domain(tx, await get_administration(tx, administration_id), domain, hand)


async def check_domain(world: World, requester: Requester, act: Act, named: tuple[str, str | None]) -> Domain:
    """A domain, and whose it must be where that is said, for who may do this to it. Forbidden; NotFound for operators
    alone."""
    actor = await get_actor(world, requester)
    text, of = named
    try:
        domain = await world.store.read(domains_jobs.get_domain, text)
    except MatrixError:
        if actor.is_operator:
            raise
        raise refused(Refusal.NOT_YOURS) from None
    check_subject(actor, act, subject_of((domain.administration_id,)))
    if of not in (None, domain.administration_id):
        raise unknown_domain()
    return domain


async def move_domain(world: World, requester: Requester, domain: str, to_administration_id: str) -> Domain:
    """Gives a domain and its agents to another administration; who does it looks after both."""
    known = await check_domain(world, requester, Act.MOVE_DOMAIN, (domain, None))
    await check_act(world, requester, Act.MOVE_DOMAIN, (known.administration_id, to_administration_id))
    moved = await world.store.write(
        domains_jobs.move_domain, known.domain, to_administration_id, _hand(world, requester)
    )
    _wake(world)
    return moved


async def rename_domain(world: World, requester: Requester, old: str, new: str) -> Domain:
    """Renames a domain and the addresses of its accounts. Operators alone: nobody proved the new name."""
    known = await check_domain(world, requester, Act.RENAME_DOMAIN, (old, None))
    renamed = await world.store.write(domains_jobs.rename_domain, known.domain, new, _hand(world, requester))
    _wake(world)
    return renamed


async def suspend_domain(world: World, requester: Requester, domain: str) -> Domain:
    known = await check_domain(world, requester, Act.SUSPEND_DOMAIN, (domain, None))
    changed = await world.store.write(domains_jobs.suspend_domain, known.domain, _hand(world, requester))
    _wake(world)
    return changed


async def reopen_domain(world: World, requester: Requester, domain: str) -> Domain:
    known = await check_domain(world, requester, Act.SUSPEND_DOMAIN, (domain, None))
    changed = await world.store.write(domains_jobs.reopen_domain, known.domain, _hand(world, requester))
    _wake(world)
    return changed


async def close_domain(world: World, requester: Requester, domain: str, closes_ts: int) -> Domain:
    """Warns the accounts of a domain, and closes them at `closes_ts`."""
    known = await check_domain(world, requester, Act.CLOSE_DOMAIN, (domain, None))
    closing = await world.store.write(domains_jobs.close_domain, known.domain, closes_ts, _hand(world, requester))
    _wake(world)
    return closing


async def name_delegate(world: World, requester: Requester, administration_id: str, email: str) -> Delegate:
    """Names a delegated administrator by their address, with or without an account."""
    await check_act(world, requester, Act.NAME_DELEGATE, (administration_id,))
    named = await world.store.write(_name_delegate, administration_id, email, _hand(world, requester))
    _wake(world)
    return named


async def _name_delegate(tx: Tx, administration_id: str, email: str, hand: Hand) -> Delegate:
    return await delegates_jobs.name_delegate(tx, await get_administration(tx, administration_id), email, hand)


async def dismiss_delegate(world: World, requester: Requester, administration_id: str, email: str) -> None:
    await check_act(world, requester, Act.NAME_DELEGATE, (administration_id,))
    await world.store.write(_dismiss_delegate, administration_id, email, _hand(world, requester))
    _wake(world)


async def _dismiss_delegate(tx: Tx, administration_id: str, email: str, hand: Hand) -> None:
    await delegates_jobs.dismiss_delegate(tx, await get_administration(tx, administration_id), email, hand)


async def show_administration(world: World, requester: Requester, administration_id: str) -> Shown:
    """One administration, for who looks after it."""
    await check_act(world, requester, Act.SEE, (administration_id,))
    return await world.store.read(_show, administration_id)


async def _show(tx: Tx, administration_id: str) -> Shown:
    found = await get_administration(tx, administration_id)
    ids = [administration_id]
    counted = await people.count_people(tx, ids)
    return Shown(
        found,
        await book.find_domains_of(tx, ids),
        await delegates.find_delegates(tx, ids),
        counted.get(administration_id, 0),
        await walks.find_walks_of(tx, administration_id),
    )


async def find_administrations(world: World, requester: Requester, search: str, page: tuple[str, int]) -> Page:
    """Those whose names answer every word of the search; `page`: the name after which, and how many.

    All of them for an operator; for a delegate those they look after.
    """
    actor = await get_actor(world, requester)
    return await world.store.read(_find_page, actor, words.fold(search), page)


async def _find_page(tx: Tx, actor: Actor, asked: tuple[str, ...], page: tuple[str, int]) -> Page:
    after, limit = page
    known = await book.find_every_name(tx)
    wanted = [
        (name, of)
        for name, of in known
        if name > after and (actor.is_operator or of in actor.covered) and _answers(name, asked)
    ]
    wanted = sorted(wanted)[: limit + 1]
    ids = [of for _, of in wanted[:limit]]
    found = sorted(await book.find_administrations(tx, ids), key=lambda each: each.name)
    next_from = wanted[limit - 1][0] if len(wanted) > limit else None
    return Page(found, await people.count_people(tx, ids), next_from)


def _answers(name: str, asked: tuple[str, ...]) -> bool:
    folded = words.fold(name)
    return all(any(each.startswith(word) for each in folded) for word in asked)


async def find_people(world: World, requester: Requester, administration_id: str, page: tuple[str, int]) -> list[Agent]:
    """Living accounts of an administration in order of their ids; `page`: the id after which, and how many."""
    await check_act(world, requester, Act.LIST_PEOPLE, (administration_id,))
    return await world.store.read(people.find_people, administration_id, *page)


async def find_person(world: World, requester: Requester, administration_id: str, email: Email) -> Agent | None:
    """The account of the administration that has this very address."""
    await check_act(world, requester, Act.LIST_PEOPLE, (administration_id,))
    return await world.store.read(people.find_person, administration_id, str(email))


async def find_acts(
    world: World, requester: Requester, administration_id: str, page: tuple[int, int]
) -> list[tuple[int, AdminAct]]:
    """What was done to an administration and its people, the newest first; `page`: the act before which, how many."""
    await check_act(world, requester, Act.READ_AUDIT, (administration_id,))
    return await world.store.read(audit.find_acts_on, (administration_id,), *page)


def _hand(world: World, requester: Requester) -> Hand:
    # The mailer was chosen at start, and tests choose another.
    return replace(hand_of(world.settings, world.clock, requester.user_id), to_mailbox=world.mailer.is_mailbox)


def _wake(world: World) -> None:
    world.mailer.wake()
    world.live.walks.set()
