"""Listing people on both engines: what leads to somebody comes and goes with her, and words know who bears them."""

import re
from collections.abc import Iterable, Sequence

import pytest

from tchap.base.clock import Clock
from tchap.protocol.directory_words import id_of, keys_of, list_name
from tchap.storage.accounts import set_deactivated
from tchap.storage.database import Store, Tx, open_store
from tchap.storage.dialect import plain_insert
from tchap.storage.directory import Entry, remove_people, set_people
from tchap.storage.directory_search import FIND_EXACTLY, find_agents, find_person_exactly, find_words

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


async def _add_accounts(tx: Tx, user_ids: Sequence[str], administration_id: str | None = None) -> None:
    await tx.many(
        "INSERT INTO accounts (user_id, instance, created_ts, administration_id) VALUES ($1, 'a.example.fr', 1, $2)",
        [(user_id, administration_id) for user_id in user_ids],
    )
    await tx.many(
        "INSERT INTO account_emails (email, user_id, added_ts, validated_ts) VALUES ($1, $2, 1, 1)",
        [(f"{user_id[1:].partition(':')[0]}@a.example.fr", user_id) for user_id in user_ids],
    )


async def test_a_whole_address_reads_one_person(postgres_url: str) -> None:
    """However many people there are, PostgreSQL looks one of them up, by the address or by the id."""
    store = await open_store(postgres_url, Clock())
    try:
        people = [f"@p{n}:a.example.fr" for n in range(3_000)]
        await store.write(_add_accounts, people)
        await store.write(set_people, [Entry(user_id, None, list_name("Jean Martin")) for user_id in people])
        for text in ("p7@a.example.fr", people[7]):
            assert [each.user_id for each in await store.read(find_person_exactly, text)] == [people[7]]
        plan = await store.write(_explain, "p7@a.example.fr")
        assert not re.search(r"Seq Scan on (accounts|directory_persons|account_emails)", plan), plan
    finally:
        await store.close()


async def _explain(tx: Tx, text: str) -> str:
    for table in ("accounts", "directory_persons", "account_emails"):
        await tx.run(f"ANALYZE {table}")
    return "\n".join(row[0] for row in await tx.all(f"EXPLAIN {FIND_EXACTLY}", text))


async def test_an_administration_is_shown_by_those_who_are_there(store: Store) -> None:
    """Those whose accounts are closed take nobody's place."""
    people = [f"@p{n}:a.example.fr" for n in range(5)]
    await store.write(_add_accounts, people, "a")
    await store.write(set_people, [Entry(people[4], "a", list_name("Jean Martin"))])
    assert await store.read(find_agents, ["a"], 3) == []
    for user_id in people[:3]:
        await store.write(set_deactivated, user_id, 5, False)
    assert len(await store.read(find_agents, ["a"], 3)) == 1


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
