"""Administrations from a CSV file: good lines are taken, bad ones are told with their number and the reason.

Columns, in any order, of which `name` alone must be there: name, label, instance, kind, parent (a name or an id),
siren, headcount, contact, domains and delegates (several, separated by spaces or |). A file may be taken again: what is
so already stays, an empty cell changes nothing.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tchap.base import limits
from tchap.base.errors import InvalidParam, MatrixError
from tchap.base.tables import read_rows
from tchap.services.administration_delegates import name_delegate
from tchap.services.administration_desk import Hand
from tchap.services.administration_domains import add_domain, read_listing
from tchap.services.administration_jobs import (
    Change,
    NewAdministration,
    change_administration,
    create_administration,
)
from tchap.storage import administrations as book
from tchap.storage import delegates
from tchap.storage.administrations import Administration
from tchap.storage.database import Store, Tx

COLUMNS = ("name", "label", "instance", "kind", "parent", "siren", "headcount", "contact", "domains", "delegates")
CREATED, CHANGED, KEPT = "created", "changed", "kept"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file, by its number there; `cells` has every column, empty where the file has none. `is_longer`:
    it has more cells than the first line names, so that nobody can tell which is which."""

    number: int
    cells: Mapping[str, str]
    is_longer: bool


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was not taken, and why."""

    number: int
    en: str
    fr: str


@dataclass(slots=True)
class Outcome:
    """How many administrations were created, changed or kept as they were, and what could not be read."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((CREATED, CHANGED, KEPT), 0))
    bad: list[BadLine] = field(default_factory=list)


async def import_administrations(store: Store, text: str, hand: Hand) -> Outcome:
    """Takes every good line, each in its own transaction. M_INVALID_PARAM where the columns cannot be understood."""
    outcome, waiting = Outcome(), read_lines(text)
    while waiting:
        tried = [(line, await _take(store, line, hand, outcome)) for line in waiting]
        # A parent may stand further down: its children are tried again once it is there.
        orphans = [line for line, error in tried if isinstance(error, _NoParent)]
        is_last = len(orphans) == len(waiting)
        outcome.bad += [
            BadLine(line.number, error.en, error.fr)
            for line, error in tried
            if error is not None and (is_last or not isinstance(error, _NoParent))
        ]
        waiting = [] if is_last else orphans
    outcome.bad.sort(key=lambda bad: bad.number)
    return outcome


class _NoParent(InvalidParam):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is no parent '{name}'.", f"L'administration parente « {name} » n'existe pas.")


async def _take(store: Store, line: Line, hand: Hand, outcome: Outcome) -> MatrixError | None:
    try:
        done = await store.write(_import, line, hand)
    except MatrixError as error:
        return error
    outcome.counts[done] += 1
    return None


def read_lines(text: str) -> list[Line]:
    """The lines of a file with `,` or `;` between cells; empty ones are left out. M_INVALID_PARAM."""
    if "\0" in text:
        raise InvalidParam("The file is no text.", "Le fichier n'est pas un texte.")
    first = text.partition("\n")[0]
    rows = read_rows(io.StringIO(text, newline=""), ";" if first.count(";") > first.count(",") else ",")
    header = [name.strip().lower() for name in next(rows, (1, []))[1]]
    unknown = [name for name in header if name not in COLUMNS]
    if unknown or "name" not in header or len(set(header)) != len(header):
        raise InvalidParam(
            f"The first line names columns among: {', '.join(COLUMNS)}; 'name' must be there.",
            f"La première ligne nomme des colonnes parmi : {', '.join(COLUMNS)} ; « name » est obligatoire.",
        )
    lines = [
        Line(number, _cells(header, row), is_longer=any(cell.strip() for cell in row[len(header) :]))
        for number, row in rows
        if any(cell.strip() for cell in row)
    ]
    if len(lines) > limits.MAX_IMPORT_LINES:
        raise InvalidParam(
            f"The file has more than {limits.MAX_IMPORT_LINES} lines.",
            f"Le fichier a plus de {limits.MAX_IMPORT_LINES} lignes.",
        )
    return lines


def _cells(header: list[str], row: Iterable[str]) -> dict[str, str]:
    given = dict(zip(header, (cell.strip() for cell in row), strict=False))
    return {name: given.get(name, "") for name in COLUMNS}


async def _import(tx: Tx, line: Line, hand: Hand) -> str:
    """What became of the line: created, changed or kept."""
    if line.is_longer:
        raise InvalidParam(
            "The line has more cells than the first one: put those that hold a separator in quotation marks.",
            "La ligne a plus de cellules que la première : mettez entre guillemets celles qui ont un séparateur.",
        )
    cells = line.cells
    parent_id = await _find_parent(tx, cells["parent"])
    known = await book.find_administration_named(tx, cells["name"])
    if known is None:
        of, done = await create_administration(tx, _new(cells, parent_id), hand), CREATED
        hand = replace(hand, is_quiet=True)
    else:
        of = await change_administration(tx, known.administration_id, _change(cells, parent_id), hand)
        done = KEPT if of == known else CHANGED
    has_more = await _add_domains(tx, of, cells["domains"], hand)
    has_more |= await _name_delegates(tx, of, cells["delegates"], hand)
    return CHANGED if has_more and done == KEPT else done


async def _find_parent(tx: Tx, name: str) -> str | None:
    if not name:
        return None
    found = await book.find_administration_named(tx, name) or await book.find_administration(tx, name)
    if found is None:
        raise _NoParent(name)
    return found.administration_id


def _new(cells: Mapping[str, str], parent_id: str | None) -> NewAdministration:
    return NewAdministration(
        cells["name"],
        cells["label"],
        cells["instance"],
        cells["kind"] or "other",
        parent_id,
        cells["siren"] or None,
        _headcount(cells["headcount"]),
        cells["contact"] or None,
    )


def _change(cells: Mapping[str, str], parent_id: str | None) -> Change:
    return Change(
        label=cells["label"] or None,
        instance=cells["instance"] or None,
        kind=cells["kind"] or None,
        parent_id=parent_id,
        siren=cells["siren"] or None,
        headcount=_headcount(cells["headcount"]),
        contact=cells["contact"] or None,
    )


def _headcount(cell: str) -> int | None:
    digits = "".join(cell.split())
    if digits and not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise InvalidParam("The headcount is no number.", "L'effectif n'est pas un nombre.")
    return int(digits) if digits else None


def _several(cell: str) -> list[str]:
    return cell.replace("|", " ").split()


async def _add_domains(tx: Tx, of: Administration, cell: str, hand: Hand) -> bool:
    """Whether one of them is new to the administration."""
    has = {each.domain for each in await book.find_domains_of(tx, [of.administration_id]) if each.status != book.CLOSED}
    wanted = [domain for domain in dict.fromkeys(map(read_listing, _several(cell))) if domain not in has]
    for domain in wanted:
        await add_domain(tx, of, domain, hand)
    return bool(wanted)


async def _name_delegates(tx: Tx, of: Administration, cell: str, hand: Hand) -> bool:
    """Whether one of them is new."""
    has = {each.email for each in await delegates.find_delegates(tx, [of.administration_id])}
    wanted = [email for email in dict.fromkeys(cell.lower() for cell in _several(cell)) if email not in has]
    for email in wanted:
        await name_delegate(tx, of, email, hand)
    return bool(wanted)
