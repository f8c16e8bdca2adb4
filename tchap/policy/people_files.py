"""Files of people: where agents work and what they do, as their administrations keep it in a table.

A CSV file in UTF-8 whose first line names its columns: `email`, and `unit`, `function` or both, in any order, between
commas or semicolons. An empty field takes away what was known.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tchap.policy.emails import parse_email

COLUMNS = ("email", "unit", "function")
MAX_TEXT = 100
"""Characters of a unit or a function: more is a sentence, not a name."""

Reason = Literal["columns", "fields", "email", "too long", "unprintable", "twice"]


@dataclass(frozen=True, slots=True)
class Role:
    """What one line says of an address; None: the file has no such column."""

    line: int
    email: str
    unit: str | None
    function: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """A line, from 1, that says nothing, and why."""

    line: int
    reason: Reason


def parse_roles(lines: Iterable[str]) -> Iterator[Role | Fault]:
    """Reads line by line; a bad line is told and the others are read. Without the columns nothing is."""
    numbered = enumerate(lines, 1)
    _, head = next(numbered, (1, ""))
    mark = ";" if ";" in head else ","
    names = [name.strip().lower() for name in next(csv.reader([head.lstrip("\ufeff")], delimiter=mark), [])]
    if sorted(names) not in (sorted(COLUMNS), ["email", "unit"], ["email", "function"]):
        yield Fault(1, "columns")
        return
    seen: set[str] = set()
    for number, line in numbered:
        if line.strip():
            yield _once(_read(number, next(csv.reader([line], delimiter=mark)), names), seen)


def _read(number: int, fields: Sequence[str], names: Sequence[str]) -> Role | Fault:
    if len(fields) != len(names):
        return Fault(number, "fields")
    said = {name: field.strip() for name, field in zip(names, fields, strict=True)}
    try:
        email = str(parse_email(said.pop("email")))
    except ValueError:
        return Fault(number, "email")
    if any(len(text) > MAX_TEXT for text in said.values()):
        return Fault(number, "too long")
    if not all(text.isprintable() for text in said.values()):
        return Fault(number, "unprintable")
    return Role(number, email, said.get("unit"), said.get("function"))


def _once(read: Role | Fault, seen: set[str]) -> Role | Fault:
    """Which of two lines about one address holds, nobody can say."""
    if isinstance(read, Fault):
        return read
    if read.email in seen:
        return Fault(read.line, "twice")
    seen.add(read.email)
    return read
