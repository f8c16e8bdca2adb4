"""Listing people on both engines: what leads to somebody comes and goes with her, and words know who bears them."""

from collections.abc import Iterable

import pytest

from tchap.protocol.directory_words import id_of, keys_of, list_name
from tchap.storage.database import Store, Tx
from tchap.storage.dialect import plain_insert
from tchap.storage.directory import Entry, remove_people, set_people
from tchap.storage.directory_search import find_words

pytestmark = pytest.mark.anyio
JEAN, ANNE = "@jean:a.example.fr", "@anne:a.example.fr"


async def counts(tx: Tx, words: Iterable[str]) -> dict[str, tuple[int, int]]:
    """How many people have each word in their names, and in their units or functions."""
    found = await find_words(tx, list(words))
    return {
        key: (known.people, known.roles) for key, known in found if key == known.word and known.people + known.roles
    }


async def rows_of(tx: Tx, table: str) -> int:
    row = await tx.one(f"SELECT COUNT(*) FROM {table}")
    return int(row[0]) if row else 0


async def test_a_person_leaves_nothing_behind(store: Store) -> None:
    """After a change of name and of administration, and after she is gone, only the dictionary remembers the words."""
    words = ("jean", "martin", "durand", "paie")
    await store.write(
        set_people, [Entry(JEAN, "a", list_name("Jean Martin", "Paie")), Entry(ANNE, "a", list_name("Anne Martin"))]
    )
    assert await store.read(counts, words) == {"jean": (1, 0), "martin": (2, 0), "paie": (0, 1)}
    await store.write(set_people, [Entry(JEAN, "b", list_name("Jean Durand"))])
    assert await store.read(counts, words) == {"jean": (1, 0), "martin": (1, 0), "durand": (1, 0)}
    assert await store.read(rows_of, "directory_postings") == 4
    await store.write(remove_people, [JEAN, ANNE, "@nobody:a.example.fr"])
    assert await store.read(counts, words) == {}
    assert await store.read(rows_of, "directory_postings") == 0
    assert await store.read(rows_of, "directory_persons") == 0


async def test_listing_again_what_has_not_changed_writes_nothing(store: Store) -> None:
    """The same entry twice is one person, with the same number."""
    entry = Entry(JEAN, None, list_name("Jean Martin"))
    await store.write(set_people, [entry])
    before = await store.read(_number)
    await store.write(set_people, [entry])
    await store.write(set_people, [Entry(JEAN, None, list_name("Jean Durand"))])
    assert await store.read(_number) == before
    assert await store.read(counts, ["martin", "durand"]) == {"durand": (1, 0)}


async def _weights(tx: Tx) -> dict[str, int]:
    """Of the keys of three words, those above 0: each has one weight under all its keys."""
    rows = await tx.all(
        "SELECT w.word, k.weight, COUNT(*) FROM directory_keys k JOIN directory_words w ON w.word_id = k.word_id"
        " WHERE w.word IN_LIST($1) AND k.weight > 0 AND k.weight = w.weight GROUP BY w.word, k.weight",
        ["lea", "nom0"],
    )
    assert all(row[2] == len(keys_of(row[0])) for row in rows)
    return {row[0]: row[1] for row in rows}


async def _number(tx: Tx) -> int:
    row = await tx.one("SELECT person_id FROM directory_persons")
    assert row is not None
    return int(row[0])


async def test_many_people_at_once(store: Store) -> None:
    """A large batch, which PostgreSQL is given by COPY, is the same as one by one."""
    await store.write(set_people, [Entry(f"@p{n}:a.example.fr", "a", list_name(f"Léa Nom{n % 7}")) for n in range(500)])
    assert await store.read(counts, ["lea", "nom0", "nom6"]) == {"lea": (500, 0), "nom0": (72, 0), "nom6": (71, 0)}
    assert await store.read(rows_of, "directory_postings") == 1_000
    assert await store.read(_weights) == {"lea": 3, "nom0": 1}
    await store.write(remove_people, [f"@p{n}:a.example.fr" for n in range(0, 500, 7)])
    assert await store.read(_weights) == {"lea": 3}
    assert id_of("lea") != id_of("nom0")


def test_only_a_plain_insert_is_copied() -> None:
    """Whatever COPY cannot say is left to statements."""
    assert plain_insert("INSERT INTO t (a, b) VALUES ($1, $2)") == ("t", ("a", "b"))
    for sql in (
        "INSERT INTO t (a, b) VALUES ($2, $1)",
        "INSERT INTO t (a, b) VALUES ($1, 0)",
        "INSERT INTO t (a) VALUES ($1) ON CONFLICT DO NOTHING",
        "UPDATE t SET a = $1",
    ):
        assert plain_insert(sql) is None, sql
