"""What both engines promise."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tchap.base.clock import Clock
from tchap.storage.database import ImpureJob, NoPositionInRead, Store, StoreClosed, Tx, open_store

pytestmark = pytest.mark.anyio


class Refused(Exception):
    pass


async def add_note(tx: Tx, number: int, author: str | None, body: bytes | None = None) -> int:
    return await tx.run("INSERT INTO notes (id, author, body) VALUES ($1, $2, $3)", number, author, body)


async def find_ids(tx: Tx) -> list[int]:
    return [number for (number,) in await tx.all("SELECT id FROM notes ORDER BY id")]


async def add_fact(tx: Tx, name: str) -> int:
    position = await tx.next_position()
    await tx.run("INSERT INTO facts (position, name) VALUES ($1, $2)", position, name)
    return position


async def add_then_refuse(tx: Tx, number: int) -> None:
    await add_note(tx, number, "nobody")
    raise Refused(number)


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    """A directory of migrations that makes two tables to play with."""
    directory = tmp_path / "migrations"
    directory.mkdir()
    (directory / "0001_notes.sql").write_text(
        "CREATE TABLE notes (id BIGINT PRIMARY KEY, author TEXT, body BLOB) WITHOUT ROWID;\n"
        "CREATE TABLE facts (position BIGINT PRIMARY KEY, name TEXT);\n"
    )
    return directory


@pytest.fixture
async def notes(store_url: str, schema: Path) -> AsyncIterator[Store]:
    opened = await open_store(store_url, Clock(), schema)
    yield opened
    await opened.close()


async def test_values_come_back_as_given(notes: Store) -> None:
    """Bytes, 64-bit integers, text of every script and None survive a round trip as plain tuples."""
    rows = [(2**63 - 1, "Éloïse 🦊", b"\x00\xff"), (-(2**63), None, None), (0, "", b"")]
    for row in rows:
        assert await notes.write(add_note, *row) == 1

    async def find_all(tx: Tx) -> list[tuple[Any, ...]]:
        return await tx.all("SELECT id, author, body FROM notes ORDER BY id DESC")

    found = await notes.read(find_all)
    assert found == [rows[0], rows[2], rows[1]]
    assert all(type(row) is tuple for row in found)


async def test_sums_and_counts_are_integers(notes: Store) -> None:
    """SUM and COUNT give Python integers on both engines."""
    await notes.write(add_note, 2**40, "a")
    await notes.write(add_note, 2**41, "a")

    async def total(tx: Tx) -> tuple[Any, ...] | None:
        return await tx.one("SELECT SUM(id), COUNT(*) FROM notes")

    found = await notes.read(total)
    assert found == (2**40 + 2**41, 2)
    assert [type(value) for value in found] == [int, int]


async def test_lists_match(notes: Store) -> None:
    """IN_LIST takes any collection of integers or texts, also an empty one, also negated."""
    for number, author in ((1, "a"), (2, "b"), (3, "c\"'"), (4, None)):
        await notes.write(add_note, number, author)

    async def find(tx: Tx) -> list[Any]:
        ids = "SELECT id FROM notes WHERE id IN_LIST($1) ORDER BY id"
        by_author = "SELECT id FROM notes WHERE author IN_LIST($2) AND id > $1 ORDER BY id"
        return [
            await tx.all(ids, [1, 3, 9]),
            await tx.all(ids, {2, 3}),
            await tx.all(ids, ()),
            await tx.all(by_author, 1, ["a", "b", "c\"'"]),
            await tx.all("SELECT id FROM notes WHERE id NOT IN_LIST($1) ORDER BY id", (1, 2)),
        ]

    assert await notes.read(find) == [[(1,), (3,)], [(2,), (3,)], [], [(2,), (3,)], [(3,), (4,)]]


async def test_text_compares_alike(notes: Store) -> None:
    """Text sorts by code point and LIKE tells case apart, whatever the engine."""
    for number, author in enumerate(("b", "É", "A", "a", "_")):
        await notes.write(add_note, number, author)

    async def find(tx: Tx) -> tuple[list[str], list[Any]]:
        order = await tx.all("SELECT author FROM notes ORDER BY author")
        return [author for (author,) in order], await tx.all("SELECT id FROM notes WHERE author LIKE $1", "a%")

    assert await notes.read(find) == (["A", "_", "a", "b", "É"], [(3,)])


async def test_rows_changed_and_returned(notes: Store) -> None:
    """`run` counts rows, `many` repeats a statement, RETURNING works, also when only its first row is read."""

    async def job(tx: Tx) -> list[Any]:
        await tx.many("INSERT INTO notes (id, author) VALUES ($1, $2)", [(n, "m") for n in range(5)])
        await tx.many("INSERT INTO notes (id, author) VALUES ($1, $2)", [])
        ignored = await tx.run("INSERT INTO notes (id) VALUES ($1) ON CONFLICT (id) DO NOTHING", 1)
        changed = await tx.run("UPDATE notes SET author = $1 WHERE id > $2", "z", 2)
        first = await tx.one("UPDATE notes SET author = $1 WHERE id < 2 RETURNING author", "y")
        return [ignored, changed, first, await tx.one("SELECT id FROM notes WHERE id = 99")]

    assert await notes.write(job) == [0, 2, ("y",), None]

    async def authors(tx: Tx) -> str:
        return "".join(author for (author,) in await tx.all("SELECT author FROM notes ORDER BY id"))

    assert await notes.read(authors) == "yymzz"


async def test_a_failing_job_disturbs_no_other(notes: Store) -> None:
    """In a group committed together, a job that fails leaves nothing and the others keep everything."""
    for write in (notes.write, notes.write_pipelined):
        first = 0 if write == notes.write else 100
        jobs = [write(add_then_refuse if n % 3 == 0 else add_note_alone, first + n) for n in range(30)]
        results = await asyncio.gather(*jobs, return_exceptions=True)
        assert [isinstance(result, Refused) for result in results] == [n % 3 == 0 for n in range(30)]
    kept = [first + n for first in (0, 100) for n in range(30) if n % 3]
    assert await notes.read(find_ids) == kept


async def add_note_alone(tx: Tx, number: int) -> None:
    await add_note(tx, number, None)


async def test_an_error_of_the_engine_reaches_its_caller_alone(notes: Store) -> None:
    """A broken constraint fails its own job; its neighbours in the group are kept."""
    results = await asyncio.gather(
        *(notes.write_pipelined(add_note_alone, number) for number in (1, 2, 1, 3)), return_exceptions=True
    )
    assert [isinstance(result, Exception) for result in results] == [False, False, True, False]
    assert await notes.read(find_ids) == [1, 2, 3]


async def test_pipelined_jobs_run_in_the_order_of_the_calls(notes: Store) -> None:
    """Each pipelined job sees what the ones before it did, without waiting for their commit."""

    async def add_next(tx: Tx) -> int:
        row = await tx.one("SELECT COALESCE(MAX(id), 0) FROM notes")
        assert row is not None
        await add_note_alone(tx, row[0] + 1)
        return int(row[0] + 1)

    assert await asyncio.gather(*(notes.write_pipelined(add_next) for _ in range(200))) == list(range(1, 201))


async def test_pipelined_positions_follow_the_order(notes: Store) -> None:
    """Positions drawn by pipelined jobs grow with the order of the calls, also around a failure."""

    async def refuse(tx: Tx) -> int:
        await tx.next_position()
        raise Refused

    jobs = [notes.write_pipelined(refuse) if n == 7 else notes.write_pipelined(add_fact, str(n)) for n in range(20)]
    drawn = [result for result in await asyncio.gather(*jobs, return_exceptions=True) if isinstance(result, int)]
    assert len(drawn) == 19
    assert drawn == sorted(set(drawn))


async def test_reads_see_acknowledged_writes(notes: Store) -> None:
    """Whoever was told of a commit finds it, at whatever load."""

    async def write_then_read(number: int) -> bool:
        await (notes.write if number % 2 else notes.write_pipelined)(add_note_alone, number)
        return number in await notes.read(find_ids)

    assert all(await asyncio.gather(*(write_then_read(number) for number in range(100))))


async def test_a_read_job_sees_one_moment(notes: Store) -> None:
    """The statements of one read job agree with each other while writes go on."""

    async def look_twice(tx: Tx) -> bool:
        before = await tx.all("SELECT COUNT(*) FROM notes")
        for _ in range(5):
            await tx.all("SELECT COUNT(*) FROM notes")
        return before == await tx.all("SELECT COUNT(*) FROM notes")

    writes = [notes.write(add_note_alone, number) for number in range(50)]
    reads = [notes.read(look_twice) for _ in range(50)]
    results = await asyncio.gather(*(one for pair in zip(writes, reads, strict=True) for one in pair))
    assert all(results[1::2])


async def test_lost_updates_do_not_happen(notes: Store) -> None:
    """Concurrent read-then-write jobs on one row behave as if each were alone."""
    await notes.write(add_note, 1, "0")

    async def increment(tx: Tx) -> None:
        row = await tx.one("SELECT author FROM notes WHERE id = 1")
        assert row is not None
        await tx.run("UPDATE notes SET author = $1 WHERE id = 1", str(int(row[0]) + 1))

    await asyncio.gather(*((notes.write if n % 2 else notes.write_pipelined)(increment) for n in range(12)))

    async def find(tx: Tx) -> Any:
        return await tx.one("SELECT author FROM notes WHERE id = 1")

    assert await notes.read(find) == ("12",)


async def test_positions_grow_and_the_horizon_follows(notes: Store) -> None:
    """A committed position is below the horizon, ranges are consecutive, and nothing ever goes back."""
    first = await notes.write(add_fact, "one")
    assert await notes.horizon() >= first
    assert notes.committed_position() >= first

    async def draw(tx: Tx) -> int:
        return await tx.next_positions(10)

    low = await notes.write(draw)
    assert first < low
    assert await notes.write(add_fact, "after the range") >= low + 10
    horizon = await notes.horizon()
    assert horizon >= low + 10
    drawn = await asyncio.gather(*(notes.write(add_fact, str(n)) for n in range(40)))
    assert len(set(drawn)) == 40
    assert min(drawn) > horizon
    assert await notes.horizon() >= max(drawn)
    assert notes.committed_position() >= max(drawn)


async def test_reads_draw_no_position(notes: Store) -> None:
    """A read job that asks for a position is refused."""
    with pytest.raises(NoPositionInRead):
        await notes.read(add_fact, "never")


async def test_reads_write_nothing(notes: Store) -> None:
    """A read job cannot change a row."""
    with pytest.raises(Exception, match=r"read-?only"):
        await notes.read(add_note_alone, 1)


async def test_an_impure_job_fails_at_once(notes: Store) -> None:
    """A job that awaits anything but its transaction is refused, and what it did is undone."""

    async def dream(tx: Tx, seconds: float) -> None:
        await add_note_alone(tx, 5)
        await asyncio.sleep(seconds)

    async def read_and_dream(tx: Tx) -> None:
        await find_ids(tx)
        await asyncio.sleep(0)

    for seconds in (0, 60):
        for run in (notes.write, notes.write_pipelined):
            with pytest.raises(ImpureJob):
                await run(dream, seconds)
    with pytest.raises(ImpureJob):
        await notes.read(read_and_dream)
    assert await notes.read(find_ids) == []


async def test_a_caller_that_leaves_does_not_stop_the_job(notes: Store) -> None:
    """A write that was asked for is done even if nobody waits for it any more."""

    async def caller(number: int) -> None:
        await notes.write(add_note_alone, number)

    tasks = [asyncio.ensure_future(caller(number)) for number in range(10)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await notes.write_pipelined(add_note_alone, 10)
    for _ in range(100):
        if await notes.read(find_ids) == list(range(11)):
            break
        await asyncio.sleep(0.01)
    assert await notes.read(find_ids) == list(range(11))


async def test_closing_ends_what_was_asked(store_url: str, schema: Path) -> None:
    """Jobs admitted before `close` are done and found again; later ones are refused; positions go on."""
    first = await open_store(store_url, Clock(), schema)
    jobs = [asyncio.ensure_future(first.write(add_fact, str(n))) for n in range(20)]
    await asyncio.sleep(0)
    await first.close()
    drawn = await asyncio.gather(*jobs)
    with pytest.raises(StoreClosed):
        await first.write(add_fact, "too late")
    again = await open_store(store_url, Clock(), schema)
    assert again.committed_position() >= max(drawn)
    assert await again.write(add_fact, "next") > max(drawn)
    await again.close()


async def test_one_process_per_file(tmp_path: Path, schema: Path) -> None:
    """A second opening of the same SQLite file is refused, for positions are counted in memory."""
    url = f"sqlite:///{tmp_path}/tchap.db"
    first = await open_store(url, Clock(), schema)
    with pytest.raises(RuntimeError, match="another process"):
        await open_store(url, Clock(), schema)
    await first.close()
    assert sqlite3.connect(tmp_path / "tchap.db").execute("PRAGMA journal_mode").fetchone() == ("wal",)
