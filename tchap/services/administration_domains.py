"""What is done to the e-mail domains of administrations, as jobs. Accounts follow in walks (`administration_walks`)."""

from __future__ import annotations

from dataclasses import replace

from tchap.base import limits
from tchap.base.errors import InvalidParam, MatrixError, NotFound
from tchap.policy.administrations import decide_departure, decide_lifting, parse_listing
from tchap.policy.domains import listings_of
from tchap.services.administration_desk import Deed, Hand, get_administration, record
from tchap.services.administration_rights import check_lawful
from tchap.storage import administration_people as people
from tchap.storage import administration_walks as walks
from tchap.storage import administrations as book
from tchap.storage import delegates, identity, pushers
from tchap.storage.administration_walks import Task
from tchap.storage.administrations import ACTIVE, CLOSED, CLOSING, SUSPENDED, Administration, Domain
from tchap.storage.database import Tx


def read_listing(text: str) -> str:
    """The domain, or `*.domain`, in lower case; M_INVALID_PARAM."""
    try:
        return parse_listing(text)
    except ValueError as error:
        raise InvalidParam(
            f"'{text}' is not an e-mail domain, such as prefecture.example.fr.",
            f"« {text} » n'est pas un domaine de courriel, comme prefecture.example.fr.",
        ) from error


async def get_domain(tx: Tx, text: str) -> Domain:
    """A domain that is somebody's, or NotFound."""
    found = await book.find_domain(tx, read_listing(text))
    if found is None or found.status == CLOSED:
        raise unknown_domain()
    return found


def unknown_domain() -> NotFound:
    return NotFound("No administration has this domain.", "Aucune administration n'a ce domaine.")


async def add_domain(tx: Tx, of: Administration, text: str, hand: Hand) -> Domain:
    """Gives a domain to an administration; agents who were somebody else's by a wider listing follow it.

    M_INVALID_PARAM for what is no domain, or is listed already.
    """
    domain = Domain(read_listing(text), of.administration_id, hand.now_ms)
    if not await book.add_domain(tx, domain):
        raise InvalidParam(
            f"The domain {domain.domain} belongs to an administration already.",
            f"Le domaine {domain.domain} appartient déjà à une administration.",
        )
    await _draw_from_wider(tx, domain, hand)
    await record(tx, of, Deed("add_domain", domain.domain), hand)
    return domain


async def _draw_from_wider(tx: Tx, new: Domain, hand: Hand) -> None:
    """Agents whose addresses a wider listing gave to somebody else follow the new one."""
    wider = await book.find_listed(tx, listings_of(new.domain.removeprefix("*."))[1:])
    for owner in sorted({each.administration_id for each in wider} - {new.administration_id}):
        await walks.add_walk(tx, Task(walks.PLACE, owner, new.domain), hand.now_ms)
        await walks.add_walk(tx, Task(walks.SHOW, new.administration_id, new.domain), hand.now_ms)


async def move_domain(tx: Tx, text: str, to_administration_id: str, hand: Hand) -> Domain:
    """Gives a domain to another administration, with its agents.

    M_INVALID_PARAM where it is there, or closing; Forbidden out of a suspended administration, but for operators.
    """
    domain, new = await get_domain(tx, text), await get_administration(tx, to_administration_id)
    if domain.administration_id == new.administration_id:
        raise InvalidParam("The domain is there already.", "Le domaine y est déjà.")
    if domain.status == CLOSING:
        raise InvalidParam("The domain is closing: open it again first.", "Le domaine ferme : rouvrez-le d'abord.")
    old = await get_administration(tx, domain.administration_id)
    check_lawful(decide_departure(hand.is_operator, old.status == SUSPENDED))
    moved = replace(domain, administration_id=new.administration_id)
    await book.set_domain(tx, moved)
    await walks.add_walk(tx, Task(walks.PLACE, old.administration_id, domain.domain), hand.now_ms)
    await walks.add_walk(tx, Task(walks.SHOW, new.administration_id, domain.domain), hand.now_ms)
    # Neither side reads in its own audit who the other is.
    await record(tx, old, Deed("move_domain_out", domain.domain, "out"), hand)
    await record(tx, new, Deed("move_domain_in", domain.domain, "in"), hand)
    return moved


async def rename_domain(tx: Tx, old_text: str, new_text: str, hand: Hand) -> Domain:
    """Every address `x@old` becomes `x@new`, with its account, at once. The old name is free again.

    M_INVALID_PARAM for wildcards and for a new name that another administration has; M_THREEPID_IN_USE where an address
    is somebody's under both names.
    """
    old, new_name = await get_domain(tx, old_text), read_listing(new_text)
    if "*" in old.domain or "*" in new_name or old.domain == new_name:
        raise InvalidParam("One exact domain becomes another.", "Un domaine exact en devient un autre.")
    of = await get_administration(tx, old.administration_id)
    taken = await people.find_collisions(tx, of.administration_id, old.domain, new_name)
    if taken:
        known = ", ".join(taken)
        raise MatrixError(
            "M_THREEPID_IN_USE",
            f"These addresses have accounts of their own: {known}.",
            f"Ces adresses ont leurs propres comptes : {known}.",
        )
    renamed = await _take_name(tx, old, new_name, hand)
    await people.rename_emails(tx, of.administration_id, old.domain, new_name)
    await identity.rename_unbound(tx, of.administration_id, old.domain, new_name)
    await delegates.rename_emails(tx, of.administration_id, old.domain, new_name)
    await pushers.rename_mail_pushers(tx, of.administration_id, old.domain, new_name)
    await walks.add_walk(tx, Task(walks.RENAME, of.administration_id, new_name, old.domain), hand.now_ms)
    await record(tx, of, Deed("rename_domain", f"{old.domain} → {new_name}"), hand)
    return renamed


async def _take_name(tx: Tx, old: Domain, new_name: str, hand: Hand) -> Domain:
    # A name that takes nobody is followed by one that takes nobody; a closing is given up.
    is_suspended = old.status == SUSPENDED
    status, is_held = (SUSPENDED, old.is_held) if is_suspended else (ACTIVE, False)
    wanted = Domain(new_name, old.administration_id, hand.now_ms, status, is_held=is_held)
    if not await book.add_domain(tx, wanted):
        listed = await book.find_domain(tx, new_name)
        if listed is None or listed.administration_id != old.administration_id:
            raise InvalidParam(
                f"The domain {new_name} belongs to an administration already.",
                f"Le domaine {new_name} appartient déjà à une administration.",
            )
        await book.set_domain(tx, wanted)
    await _draw_from_wider(tx, wanted, hand)
    await walks.remove_closings(tx, old.domain)
    await book.set_domain(tx, replace(old, status=CLOSED, closes_ts=None, is_held=False))
    return wanted


async def suspend_domain(tx: Tx, text: str, hand: Hand) -> Domain:
    """No new account with its addresses; those that exist stay. M_INVALID_PARAM where it is closing."""
    domain = await get_domain(tx, text)
    if domain.status == CLOSING:
        raise InvalidParam("The domain is closing.", "Le domaine est en cours de fermeture.")
    suspended = replace(domain, status=SUSPENDED, is_held=hand.is_operator or domain.is_held)
    return await _set_status(tx, domain, suspended, hand)


async def reopen_domain(tx: Tx, text: str, hand: Hand) -> Domain:
    """It takes agents again; nothing is closed, and who was warned that it would be is told.

    Forbidden where an operator suspended it or is closing it, but for operators.
    """
    domain = await get_domain(tx, text)
    check_lawful(decide_lifting(hand.is_operator, domain.is_held))
    if domain.status == CLOSING:
        await walks.remove_closings(tx, domain.domain)
        await walks.add_walk(tx, Task(walks.SPARE, domain.administration_id, domain.domain), hand.now_ms)
    return await _set_status(tx, domain, replace(domain, status=ACTIVE, closes_ts=None, is_held=False), hand)


async def _set_status(tx: Tx, domain: Domain, changed: Domain, hand: Hand) -> Domain:
    if changed == domain:
        return domain
    await book.set_domain(tx, changed)
    act = "suspend_domain" if changed.status == SUSPENDED else "reopen_domain"
    await record(tx, await get_administration(tx, domain.administration_id), Deed(act, domain.domain), hand)
    return changed


async def close_domain(tx: Tx, text: str, closes_ts: int, hand: Hand) -> Domain:
    """It takes nobody from now on; its accounts are warned now and once more, and closed at `closes_ts` (ms).

    M_INVALID_PARAM for a moment too near to be warned of, or too far to be remembered; Forbidden where an operator has
    chosen another one, but for operators.
    """
    domain = await get_domain(tx, text)
    notice_ms = closes_ts - hand.now_ms
    if not limits.MIN_CLOSING_NOTICE_MS <= notice_ms <= limits.MAX_CLOSING_NOTICE_MS:
        days = limits.MIN_CLOSING_NOTICE_MS // limits.DAY_MS
        raise InvalidParam(
            f"Accounts are closed {days} days from now at the earliest, and within two years.",
            f"Les comptes sont fermés dans {days} jours au plus tôt, et d'ici deux ans.",
        )
    if domain.status == CLOSING:
        # Another day takes the closing that was decided back.
        check_lawful(decide_lifting(hand.is_operator, domain.is_held))
    closing = replace(domain, status=CLOSING, closes_ts=closes_ts, is_held=hand.is_operator or domain.is_held)
    await book.set_domain(tx, closing)
    await walks.remove_closings(tx, domain.domain)
    for kind, due_ts in (
        (walks.WARN, hand.now_ms),
        (walks.WARN_AGAIN, closes_ts - limits.CLOSING_REMINDER_MS),
        (walks.CLOSE, closes_ts),
    ):
        await walks.add_walk(tx, Task(kind, domain.administration_id, domain.domain, str(closes_ts)), due_ts)
    of = await get_administration(tx, domain.administration_id)
    await record(tx, of, Deed("close_domain", domain.domain, str(closes_ts), closes_ts), hand)
    return closing
