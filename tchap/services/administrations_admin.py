"""Keeping administrations, as operators and delegates do it: each act asks who may, runs its job, and wakes the duties.

Every act is one line in the audit of the administration and one mail to its contact and its delegates, written with it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, TypeVarTuple

from tchap.base.errors import MatrixError
from tchap.base.identity import Requester
from tchap.policy.administrations import Act, Actor, Refusal
from tchap.policy.emails import Email
from tchap.protocol import directory_words as words
from tchap.services import administration_delegates as delegates_jobs
from tchap.services import administration_domains as domains_jobs
from tchap.services import administration_jobs as jobs
from tchap.services.administration_desk import Hand, get_administration, hand_of, on_administration
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

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


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
    return await _run(world, actor, jobs.open_administration, new, wish.domains, wish.delegates)


async def _beside_parent(tx: Tx, new: NewAdministration) -> NewAdministration:
    """A delegate chooses no instance: it is that of what the new one is a part of."""
    return replace(new, instance=(await get_administration(tx, new.parent_id or "")).instance)


async def change_administration(
    world: World, requester: Requester, administration_id: str, change: Change
) -> Administration:
    """Changes what is given; what others know it by is the operators' alone. Forbidden, NotFound, M_INVALID_PARAM."""
    act = Act.REDESCRIBE if change.redescribes else Act.CHANGE
    actor = await check_act(world, requester, act, (administration_id,))
    changed = await _run(world, actor, jobs.change_administration, administration_id, change)
    if change.refuses_clear is not None:
        # It is remembered with the token of everybody there.
        world.live.tokens.forget_all()
    return changed


async def set_suspended(world: World, requester: Requester, administration_id: str, suspended: bool) -> Administration:
    """Whether the administration opens no new account. A delegate decides so of what is below their own, but where an
    operator has. Forbidden, NotFound."""
    actor = await check_act(world, requester, Act.SUSPEND, (administration_id,))
    return await _run(world, actor, jobs.set_suspended, administration_id, suspended)


async def add_domain(world: World, requester: Requester, administration_id: str, domain: str) -> Domain:
    """Gives a domain to an administration. Operators alone: a delegate proves it first (on-boarding)."""
    actor = await check_act(world, requester, Act.ADD_DOMAIN, (administration_id,))
    return await _run(world, actor, on_administration, administration_id, domains_jobs.add_domain, domain)


async def check_domain(world: World, requester: Requester, act: Act, named: tuple[str, str | None]) -> Domain:
    """A domain, and whose it must be where that is said, for who may do this to it. Forbidden; NotFound for operators
    alone."""
    _, domain = await _find_domain(world, requester, act, named)
    return domain


async def _find_domain(
    world: World, requester: Requester, act: Act, named: tuple[str, str | None]
) -> tuple[Actor, Domain]:
    """The same, with who asks."""
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
    return actor, domain


async def move_domain(world: World, requester: Requester, domain: str, to_administration_id: str) -> Domain:
    """Gives a domain and its agents to another administration; who does it looks after both."""
    actor, known = await _find_domain(world, requester, Act.MOVE_DOMAIN, (domain, None))
    check_subject(actor, Act.MOVE_DOMAIN, subject_of((known.administration_id, to_administration_id)))
    return await _run(world, actor, domains_jobs.move_domain, known.domain, to_administration_id)


async def rename_domain(world: World, requester: Requester, old: str, new: str) -> Domain:
    """Renames a domain and the addresses of its accounts. Operators alone: nobody proved the new name."""
    actor, known = await _find_domain(world, requester, Act.RENAME_DOMAIN, (old, None))
    return await _run(world, actor, domains_jobs.rename_domain, known.domain, new)


async def suspend_domain(world: World, requester: Requester, domain: str) -> Domain:
    actor, known = await _find_domain(world, requester, Act.SUSPEND_DOMAIN, (domain, None))
    return await _run(world, actor, domains_jobs.suspend_domain, known.domain)


async def reopen_domain(world: World, requester: Requester, domain: str) -> Domain:
    """Takes agents again, and ends a closing; Forbidden to a delegate where an operator decided on it."""
    actor, known = await _find_domain(world, requester, Act.SUSPEND_DOMAIN, (domain, None))
    return await _run(world, actor, domains_jobs.reopen_domain, known.domain)


async def close_domain(world: World, requester: Requester, domain: str, closes_ts: int) -> Domain:
    """Warns the accounts of a domain, and closes them at `closes_ts`."""
    actor, known = await _find_domain(world, requester, Act.CLOSE_DOMAIN, (domain, None))
    return await _run(world, actor, domains_jobs.close_domain, known.domain, closes_ts)


async def name_delegate(world: World, requester: Requester, administration_id: str, email: str) -> Delegate:
    """Names a delegated administrator by their address, with or without an account."""
    actor = await check_act(world, requester, Act.NAME_DELEGATE, (administration_id,))
    return await _run(world, actor, on_administration, administration_id, delegates_jobs.name_delegate, email)


async def dismiss_delegate(world: World, requester: Requester, administration_id: str, email: str) -> None:
    actor = await check_act(world, requester, Act.NAME_DELEGATE, (administration_id,))
    await _run(world, actor, on_administration, administration_id, delegates_jobs.dismiss_delegate, email)


async def _run(world: World, actor: Actor, job: Callable[[Tx, *Ts, Hand], Coroutine[Any, Any, T]], *args: *Ts) -> T:
    """Does it by the hand of who may, and wakes the duties that follow."""
    done = await world.store.write(job, *args, hand_of(world, actor.user_id, actor.is_operator))
    world.mailer.wake()
    world.live.walks.set()
    return done


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
