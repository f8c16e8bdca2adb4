"""The one text of SQL, and what each engine makes of it. The only file that may ask which engine runs.

Our text: parameters `$1, $2 …`; `IN_LIST($n)` (also `NOT IN_LIST($n)`) matches a list of str or int; the types are
TEXT, BIGINT, INTEGER and BLOB; `WITHOUT ROWID` may be written. Everything else must be lawful on both engines.

`IDS($n)` is the relation of one column, `value`, of the numbers of a list.

Text search: `CREATE SEARCH INDEX ON table (key, words)` indexes a column of words separated by spaces, and
`MATCHES(table, key, $n)` is the relation of one column, `key`, of the rows that answer the parameter, a `SearchTerms`.
SQLite keeps such an index in a table of its own, in step by triggers; PostgreSQL in a column. There the words of rows
that are no more go when autovacuum passes; SQLite keeps them until `TIDY SEARCH INDEX ON table` has rewritten the index
piece by piece: `CHANGED()` before and after tells whether a piece was left.

What PostgreSQL is stricter about: INTEGER has 32 bits; TEXT holds no NUL character; a parameter has one type, told by
its place or by `CAST($1 AS BIGINT)`; after an error nothing more can be done in the transaction, so a job lets errors
of the database through and uses `ON CONFLICT` where it expects them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from tchap.base import limits
from tchap.base.encoding import encode_json
from tchap.protocol.search_text import SearchTerms

_PARAMETER = re.compile(r"\$(\d+)")
_IN_LIST = re.compile(r"\bIN_LIST\(\$(\d+)\)")
_IDS = re.compile(r"\bIDS\(\$(\d+)\)")
_NOT_IN_LIST = re.compile(r"\bNOT\s+IN_LIST\(\$(\d+)\)")
_MATCHES = re.compile(r"\bMATCHES\((\w+), (\w+), \$(\d+)\)")
_SEARCH_INDEX = re.compile(r"CREATE SEARCH INDEX ON (\w+) \((\w+), (\w+)\)")
_TIDY = re.compile(r"^TIDY SEARCH INDEX ON (\w+)$")
_CHANGED = re.compile(r"\bCHANGED\(\)")
_TEXT = re.compile(r"(?<!\bAS )\bTEXT\b")
_BLOB = re.compile(r"\bBLOB\b")
_WITHOUT_ROWID = re.compile(r"\)\s*WITHOUT\s+ROWID\b")
_PLAIN_INSERT = re.compile(r"INSERT INTO (\w+) \(([\w, ]+)\) VALUES \(([$\d, ]+)\)")
_SQLITE_URL = "sqlite:///"


def find_sqlite_path(url: str) -> str | None:
    """The file behind `sqlite:///path` (relative) or `sqlite:////path` (absolute); None for another engine."""
    return url[len(_SQLITE_URL) :] if url.startswith(_SQLITE_URL) else None


@lru_cache(maxsize=limits.MAX_SQL_TEXTS)
def sqlite_text(sql: str) -> tuple[str, tuple[int, ...]]:
    """SQLite's text, and the indexes (from 0) of the parameters that are lists or terms of a search."""
    text = _IN_LIST.sub(r"IN (SELECT value FROM json_each(?\1))", sql)
    text = _IDS.sub(r"(SELECT value FROM json_each(?\1))", text)
    text = _MATCHES.sub(r"(SELECT rowid AS \2 FROM \1_index WHERE \1_index MATCH ?\3)", text)
    # A negative number of pages: what is whole but holds words of rows that are gone is rewritten too.
    text = _TIDY.sub(rf"INSERT INTO \1_index (\1_index, rank) VALUES ('merge', -{limits.SEARCH_TIDY_PAGES})", text)
    text = _CHANGED.sub("total_changes()", text)
    return _PARAMETER.sub(r"?\1", text), _converted(sql)


@lru_cache(maxsize=limits.MAX_SQL_TEXTS)
def postgres_text(sql: str) -> tuple[str, tuple[int, ...]]:
    """PostgreSQL's text, and the indexes (from 0) of the parameters that are lists or terms of a search."""
    text = _NOT_IN_LIST.sub(r"<> ALL($\1)", sql)
    text = _IDS.sub(r"(SELECT value FROM unnest(CAST($\1 AS BIGINT[])) AS value)", text)
    text = _MATCHES.sub(r"(SELECT \2 FROM \1 WHERE word_index @@ to_tsquery('simple', $\3))", text)
    text = _CHANGED.sub("0", _TIDY.sub("SELECT 1", text))
    return _IN_LIST.sub(r"= ANY($\1)", text), _converted(sql)


@lru_cache(maxsize=limits.MAX_SQL_TEXTS)
def plain_insert(sql: str) -> tuple[str, tuple[str, ...]] | None:
    """The table and columns of `INSERT INTO t (a, b) VALUES ($1, $2)`, which COPY can stand for; None for others."""
    found = _PLAIN_INSERT.fullmatch(sql)
    if found is None:
        return None
    columns = tuple(found[2].split(", "))
    return (found[1], columns) if found[3] == ", ".join(f"${n}" for n in range(1, len(columns) + 1)) else None


def _converted(sql: str) -> tuple[int, ...]:
    numbers = {*_IN_LIST.findall(sql), *_IDS.findall(sql), *(found[2] for found in _MATCHES.findall(sql))}
    return tuple(sorted(int(number) - 1 for number in numbers))


def sqlite_params(lists: tuple[int, ...], params: tuple[Any, ...]) -> tuple[Any, ...]:
    """The parameters with each list as the JSON text that `json_each` reads."""
    return _with_lists(lists, params, _sqlite_value)


def postgres_params(lists: tuple[int, ...], params: tuple[Any, ...]) -> tuple[Any, ...]:
    """The parameters with each list as a real list, whatever collection the job gave."""
    return _with_lists(lists, params, _postgres_value)


def _sqlite_value(value: Any) -> str:
    if isinstance(value, SearchTerms):
        phrases = [f'"{" ".join(phrase)}"' for phrase in value.phrases]
        rooms = " OR ".join(f'"{room}"' for room in value.rooms)
        return " AND ".join([f"({rooms})", *phrases] if rooms else phrases)
    return encode_json(list(value)).decode()


def _postgres_value(value: Any) -> str | list[Any]:
    if isinstance(value, SearchTerms):
        phrases = [" <-> ".join(f"'{word}'" for word in phrase) for phrase in value.phrases]
        rooms = " | ".join(f"'{room}'" for room in value.rooms)
        return " & ".join(f"({part})" for part in ([rooms, *phrases] if rooms else phrases))
    return list(value)


def _with_lists(lists: tuple[int, ...], params: tuple[Any, ...], convert: Any) -> tuple[Any, ...]:
    changed = list(params)
    for index in lists:
        changed[index] = convert(changed[index])
    return tuple(changed)


def sqlite_schema(sql: str) -> str:
    """A migration's statement for SQLite."""
    return _SEARCH_INDEX.sub(_SQLITE_SEARCH_INDEX, sql)


_SQLITE_SEARCH_INDEX = r"""CREATE VIRTUAL TABLE \1_index USING fts5(\3, content='', contentless_delete=1);
CREATE TRIGGER \1_added AFTER INSERT ON \1 BEGIN
  INSERT INTO \1_index (rowid, \3) VALUES (new.\2, new.\3);
END;
CREATE TRIGGER \1_changed AFTER UPDATE OF \3 ON \1 BEGIN
  UPDATE \1_index SET \3 = new.\3 WHERE rowid = new.\2;
END;
CREATE TRIGGER \1_removed AFTER DELETE ON \1 BEGIN
  DELETE FROM \1_index WHERE rowid = old.\2;
END"""
_POSTGRES_SEARCH_INDEX = r"""ALTER TABLE \1 ADD COLUMN word_index tsvector
  GENERATED ALWAYS AS (to_tsvector('simple', \3)) STORED;
CREATE INDEX \1_index ON \1 USING GIN (word_index)"""


def postgres_schema(sql: str) -> str:
    """A migration's statement for PostgreSQL. Text sorts by code point there too, as it does on SQLite."""
    text = _SEARCH_INDEX.sub(_POSTGRES_SEARCH_INDEX, sql)
    return _WITHOUT_ROWID.sub(")", _BLOB.sub("BYTEA", _TEXT.sub('TEXT COLLATE "C"', text)))
