"""The numbered steps of the schema: `migrations/NNNN_name.sql`, each applied once, in order, in one transaction.

Expand, then contract: the version before and this one must be able to run side by side on the same database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DIRECTORY = Path(__file__).with_name("migrations")

# Both engines remember here what was applied.
RECORD_TABLE = (
    "CREATE TABLE IF NOT EXISTS schema_migrations"
    " (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_ts BIGINT NOT NULL)"
)
FIND_APPLIED = "SELECT number FROM schema_migrations"
ADD_APPLIED = "INSERT INTO schema_migrations (number, name, applied_ts) VALUES ($1, $2, $3)"

_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_COMMENT = re.compile(r"--[^\n]*")
_END_OF_STATEMENT = re.compile(r";[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its number, its name and its statements in our SQL."""

    number: int
    name: str
    statements: tuple[str, ...]


def read_migrations(directory: Path = DIRECTORY) -> list[Migration]:
    """Every step in order of number; ValueError for a badly named file or a number used twice."""
    steps = sorted(
        (parse_migration(path.name, path.read_text("utf-8")) for path in directory.glob("*.sql")), key=_number
    )
    numbers = [step.number for step in steps]
    if len(set(numbers)) != len(numbers):
        raise ValueError(f"two migrations share a number in {directory}")
    return steps


def parse_migration(file_name: str, text: str) -> Migration:
    """The step written in one file; a statement ends with `;` at the end of a line, a comment runs from `--`."""
    named = _FILE_NAME.fullmatch(file_name)
    if named is None:
        raise ValueError(f"a migration is named NNNN_name.sql, not {file_name}")
    pieces = (piece.strip() for piece in _END_OF_STATEMENT.split(_COMMENT.sub("", text)))
    return Migration(int(named[1]), named[2], tuple(piece for piece in pieces if piece))


def _number(step: Migration) -> int:
    return step.number
