"""The one text of SQL, and what each engine makes of it. The only file that may ask which engine runs.

Our text: parameters `$1, $2 …`; `IN_LIST($n)` (also `NOT IN_LIST($n)`) matches a list of str or int; the types are
TEXT, BIGINT, INTEGER and BLOB; `WITHOUT ROWID` may be written. Everything else must be lawful on both engines.

What PostgreSQL is stricter about: INTEGER has 32 bits; TEXT holds no NUL character; a parameter has one type, told by
its place or by `CAST($1 AS BIGINT)`; after an error nothing more can be done in the transaction, so a job lets errors
of the database through and uses `ON CONFLICT` where it expects them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from tchap.base import limits
from tchap.base.encoding import encode_json

_PARAMETER = re.compile(r"\$(\d+)")
_IN_LIST = re.compile(r"\bIN_LIST\(\$(\d+)\)")
_NOT_IN_LIST = re.compile(r"\bNOT\s+IN_LIST\(\$(\d+)\)")
_TEXT = re.compile(r"(?<!\bAS )\bTEXT\b")
_BLOB = re.compile(r"\bBLOB\b")
_WITHOUT_ROWID = re.compile(r"\)\s*WITHOUT\s+ROWID\b")
_SQLITE_URL = "sqlite:///"


def find_sqlite_path(url: str) -> str | None:
    """The file behind `sqlite:///path` (relative) or `sqlite:////path` (absolute); None for another engine."""
    return url[len(_SQLITE_URL) :] if url.startswith(_SQLITE_URL) else None


@lru_cache(maxsize=limits.MAX_SQL_TEXTS)
def sqlite_text(sql: str) -> tuple[str, tuple[int, ...]]:
    """SQLite's text, and the indexes (from 0) of the parameters that are lists."""
    lists = tuple(sorted({int(number) - 1 for number in _IN_LIST.findall(sql)}))
    text = _IN_LIST.sub(r"IN (SELECT value FROM json_each(?\1))", sql)
    return _PARAMETER.sub(r"?\1", text), lists


@lru_cache(maxsize=limits.MAX_SQL_TEXTS)
def postgres_text(sql: str) -> tuple[str, tuple[int, ...]]:
    """PostgreSQL's text, and the indexes (from 0) of the parameters that are lists."""
    lists = tuple(sorted({int(number) - 1 for number in _IN_LIST.findall(sql)}))
    text = _NOT_IN_LIST.sub(r"<> ALL($\1)", sql)
    return _IN_LIST.sub(r"= ANY($\1)", text), lists


def sqlite_params(lists: tuple[int, ...], params: tuple[Any, ...]) -> tuple[Any, ...]:
    """The parameters with each list as the JSON text that `json_each` reads."""
    return _with_lists(lists, params, lambda values: encode_json(list(values)).decode())


def postgres_params(lists: tuple[int, ...], params: tuple[Any, ...]) -> tuple[Any, ...]:
    """The parameters with each list as a real list, whatever collection the job gave."""
    return _with_lists(lists, params, list)


def _with_lists(lists: tuple[int, ...], params: tuple[Any, ...], convert: Any) -> tuple[Any, ...]:
    changed = list(params)
    for index in lists:
        values: Iterable[Any] = changed[index]
        changed[index] = convert(values)
    return tuple(changed)


def sqlite_schema(sql: str) -> str:
    """A migration's statement for SQLite."""
    return sql


def postgres_schema(sql: str) -> str:
    """A migration's statement for PostgreSQL. Text sorts by code point there too, as it does on SQLite."""
    return _WITHOUT_ROWID.sub(")", _BLOB.sub("BYTEA", _TEXT.sub('TEXT COLLATE "C"', sql)))
