"""Opening and changing administrations, as jobs within one transaction: the row, its line in the audit, its mail.

Who may do it was decided before (`services/administrations_admin`), or is the command line. An administration is opened
here by an operator, by the command line, and by a request that was approved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tchap.base.errors import InvalidParam
from tchap.policy import administrations as law
from tchap.policy.domains import administration_id_of
from tchap.policy.emails import parse_email
from tchap.services.administration_delegates import name_delegate
from tchap.services.administration_desk import Deed, Hand, get_administration, record
from tchap.services.administration_domains import add_domain
from tchap.services.administration_rights import check_lawful
from tchap.storage import administration_walks as walks
from tchap.storage import administrations as book
from tchap.storage.administration_walks import Task
from tchap.storage.administrations import ACTIVE, SUSPENDED, Administration
from tchap.storage.database import Tx

_MAX_NAMESAKES = 100  # administrations whose names give one id
_MAY_BE_MISSING = ("parent_id", "siren", "headcount", "contact")


@dataclass(frozen=True, slots=True)
class NewAdministration:
    """What a new administration is; an empty `label` is read from the domain of each address. `siren`: nine digits."""

    name: str
    label: str
    instance: str
    kind: str = "other"
    parent_id: str | None = None
    siren: str | None = None
    headcount: int | None = None
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be another: None keeps what there is; an empty text, or 0, takes away what may be missing."""

    name: str | None = None
    label: str | None = None
    instance: str | None = None
    kind: str | None = None
    parent_id: str | None = None
    siren: str | None = None
    headcount: int | None = None
    contact: str | None = None
    refuses_clear: bool | None = None
    requires_mfa: bool | None = None

    @property
    def redescribes(self) -> bool:
        """Whether it touches what others know the administration by."""
        return any(value is not None for value in (self.name, self.instance, self.kind, self.parent_id, self.siren))


async def open_administration(
    tx: Tx, wanted: NewAdministration, domains: Sequence[str], named: Sequence[str], hand: Hand
) -> Administration:
    """A new administration with its domains and its delegates, named by their addresses; all are told by mail.

    M_INVALID_PARAM: a field that cannot be, a name, instance or domain that is taken or unknown, a delegate who is
    nobody of it.
    """
    opened, quiet = await create_administration(tx, wanted, hand), replace(hand, is_quiet=True)
    for domain in domains:
        await add_domain(tx, opened, domain, quiet)
    for email in named:
        await name_delegate(tx, opened, email, quiet)
    return opened


async def create_administration(tx: Tx, wanted: NewAdministration, hand: Hand) -> Administration:
    """A new administration, without domains; M_INVALID_PARAM as above."""
    created = await _checked(
        tx,
        Administration(
            await _find_free_id(tx, wanted.name),
            wanted.name.strip(),
            wanted.label.strip(),
            wanted.instance,
            hand.now_ms,
            wanted.kind,
            wanted.parent_id or None,
            wanted.siren or None,
            wanted.headcount or None,
            wanted.contact or None,
        ),
        hand,
    )
    await book.add_administration(tx, created)
    await record(tx, created, Deed("create_administration", created.name), hand)
    return created


async def _find_free_id(tx: Tx, name: str) -> str:
    wanted = administration_id_of(name)
    candidates = [wanted, *(f"{wanted}-{number}" for number in range(2, _MAX_NAMESAKES))]
    taken = await book.find_taken_ids(tx, candidates)
    return next(each for each in candidates if each not in taken)


async def change_administration(tx: Tx, administration_id: str, change: Change, hand: Hand) -> Administration:
    """The administration as it is from now on; agents are shown under another label soon. M_INVALID_PARAM as above."""
    known = await get_administration(tx, administration_id)
    changed = await _checked(tx, _apply(known, change), hand)
    fields = [name for name in Change.__slots__ if getattr(known, name) != getattr(changed, name)]
    if not fields:
        return known
    await book.set_administration(tx, changed)
    if "label" in fields:
        await walks.add_walk(tx, Task(walks.SHOW, administration_id), hand.now_ms)
    await record(tx, changed, Deed("change_administration", ", ".join(fields)), hand)
    return changed


def _apply(known: Administration, change: Change) -> Administration:
    given: dict[str, Any] = {name: getattr(change, name) for name in Change.__slots__}
    kept: dict[str, Any] = {
        name: (value or None) if name in _MAY_BE_MISSING else value
        for name, value in given.items()
        if value is not None
    }
    return replace(known, **kept)


async def set_suspended(tx: Tx, administration_id: str, suspended: bool, hand: Hand) -> Administration:
    """While suspended it opens no new account; those that exist stay. What an operator suspended, an operator opens
    again: Forbidden."""
    known = await get_administration(tx, administration_id)
    if suspended:
        changed = replace(known, status=SUSPENDED, is_held=hand.is_operator or known.is_held)
    else:
        check_lawful(law.decide_lifting(hand.is_operator, known.is_held))
        changed = replace(known, status=ACTIVE, is_held=False)
    if changed != known:
        await book.set_administration(tx, changed)
        act = "suspend_administration" if suspended else "reopen_administration"
        await record(tx, changed, Deed(act, changed.name), hand)
    return changed


async def _checked(tx: Tx, wanted: Administration, hand: Hand) -> Administration:
    """The administration in the form it is kept in; M_INVALID_PARAM says what cannot be."""
    checked = replace(
        wanted,
        siren=_read_siren(wanted.siren),
        contact=_read_contact(wanted.contact),
    )
    _check_words(checked)
    _check(checked.instance in hand.instances, "There is no such instance.", "Cette instance n'existe pas.")
    _check(checked.instance != hand.externals, "That instance is the guests'.", "Cette instance est celle des invités.")
    _check(
        checked.kind in law.KINDS,
        f"The kind is one of {', '.join(law.KINDS)}.",
        f"Le type est l'un de {', '.join(law.KINDS)}.",
    )
    _check(
        checked.headcount is None or 0 < checked.headcount <= law.MAX_HEADCOUNT,
        "The headcount cannot be.",
        "L'effectif est impossible.",
    )
    namesake = await book.find_administration_named(tx, checked.name)
    _check(
        namesake is None or namesake.administration_id == checked.administration_id,
        "There is an administration of this name.",
        "Une administration porte déjà ce nom.",
    )
    await _check_parent(tx, checked)
    return checked


def _check_words(wanted: Administration) -> None:
    is_plain = all(text.isprintable() for text in (wanted.name, wanted.label))
    _check(
        is_plain and 0 < len(wanted.name) <= law.MAX_NAME,
        f"The name has 1 to {law.MAX_NAME} characters.",
        f"Le nom a de 1 à {law.MAX_NAME} caractères.",
    )
    _check(
        is_plain and len(wanted.label) <= law.MAX_LABEL and not set(wanted.label) & set("[]"),
        f"The label has at most {law.MAX_LABEL} characters, and no brackets.",
        f"Le libellé a au plus {law.MAX_LABEL} caractères, sans crochets.",
    )


async def _check_parent(tx: Tx, wanted: Administration) -> None:
    if wanted.parent_id is None:
        return
    lineage = await book.find_lineage(tx, wanted.parent_id)
    _check(bool(lineage), "There is no such parent.", "L'administration dont elle dépend n'existe pas.")
    _check(
        wanted.administration_id not in lineage,
        "An administration is not below itself.",
        "Une administration ne dépend pas d'elle-même.",
    )


def _read_siren(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return law.parse_siren(text)
    except ValueError as error:
        raise InvalidParam("This is not a SIREN number.", "Ce n'est pas un numéro SIREN.") from error


def _read_contact(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return str(parse_email(text))
    except ValueError as error:
        raise InvalidParam(
            "The contact is not a plain e-mail address.", "Le contact n'est pas une adresse simple."
        ) from error


def _check(is_lawful: bool, en: str, fr: str) -> None:
    if not is_lawful:
        raise InvalidParam(en, fr)
