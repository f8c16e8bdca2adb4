"""The schema grows step by step, alike on both engines."""

import asyncio
import re
from pathlib import Path

import pytest

from tchap.base.clock import Clock
from tchap.storage.database import Tx, open_store
from tchap.storage.migrations import DIRECTORY, parse_migration, read_migrations

pytestmark = pytest.mark.anyio

STEPS = {
    "0001_one.sql": "-- A comment; with a semicolon;\n"
    "CREATE TABLE one (\n  id BIGINT PRIMARY KEY, -- first;\n  body BLOB\n);\n"
    "INSERT INTO one (id) VALUES (1);\n",
    "0002_two.sql": "CREATE TABLE two (name TEXT NOT NULL, PRIMARY KEY (name)) WITHOUT ROWID;\n",
}


def write_steps(directory: Path, steps: dict[str, str]) -> Path:
    directory.mkdir(exist_ok=True)
    for name, text in steps.items():
        (directory / name).write_text(text)
    return directory


async def find_sqlite_schema(tx: Tx) -> dict[str, set[str]]:
    """Tables and their columns, leaving out what the engine keeps for its own use."""
    rows = await tx.all(
        "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table'"
    )
    # A search index is a table here, and a column there.
    return collect([row for row in rows if row[0] != "positions" and "_index" not in row[0]])


async def find_postgres_schema(tx: Tx) -> dict[str, set[str]]:
    rows = await tx.all("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")
    return collect([row for row in rows if row[0] != "positions" and row[1] != "word_index"])


def collect(rows: list[tuple[str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, column in rows:
        found.setdefault(str(table), set()).add(str(column))
    return found


async def count_ones(tx: Tx) -> list[tuple[int]]:
    return await tx.all("SELECT COUNT(*) FROM one")


async def test_each_step_is_applied_once(store_url: str, tmp_path: Path) -> None:
    """Opening again applies nothing twice, and a new step is added to the old ones."""
    directory = write_steps(tmp_path / "steps", {"0001_one.sql": STEPS["0001_one.sql"]})
    for _ in range(2):
        opened = await open_store(store_url, Clock(), directory)
        assert await opened.read(count_ones) == [(1,)]
        await opened.close()
    write_steps(directory, STEPS)
    opened = await open_store(store_url, Clock(), directory)

    async def find(tx: Tx) -> list[tuple[str]]:
        assert await tx.all("SELECT * FROM two") == []
        return await tx.all("SELECT name FROM schema_migrations ORDER BY number")

    assert await opened.read(find) == [("one",), ("two",)]
    assert await opened.read(count_ones) == [(1,)]
    await opened.close()


async def test_a_broken_step_leaves_nothing(store_url: str, tmp_path: Path) -> None:
    """A step that fails half way is undone whole, and the steps before it stay."""
    broken = {**STEPS, "0002_two.sql": "CREATE TABLE half (id BIGINT);\nCREATE TABL nonsense;\n"}
    directory = write_steps(tmp_path / "steps", broken)
    with pytest.raises(Exception, match="syntax error"):
        await open_store(store_url, Clock(), directory)
    write_steps(directory, {"0002_two.sql": "CREATE TABLE half (id BIGINT);\n"})
    opened = await open_store(store_url, Clock(), directory)
    assert await opened.read(count_ones) == [(1,)]
    await opened.close()


async def test_both_engines_end_with_the_same_schema(postgres_url: str, tmp_path: Path) -> None:
    """The migrations of the house give the same tables and columns on SQLite and PostgreSQL."""
    on_sqlite = await open_store(f"sqlite:///{tmp_path}/tchap.db", Clock())
    on_postgres = await open_store(postgres_url, Clock())
    assert await on_sqlite.read(find_sqlite_schema) == await on_postgres.read(find_postgres_schema)
    await on_sqlite.close()
    await on_postgres.close()


async def test_two_processes_may_start_together(postgres_url: str, tmp_path: Path) -> None:
    """Processes that start at the same moment on one PostgreSQL wait for each other's migrations."""
    directory = write_steps(tmp_path / "steps", STEPS)
    opened = await asyncio.gather(*(open_store(postgres_url, Clock(), directory) for _ in range(3)))
    for one in opened:
        assert await one.read(count_ones) == [(1,)]
        await one.close()


async def test_the_house_is_numbered() -> None:
    """The migrations of the house are well named and no number serves twice."""
    numbers = [step.number for step in read_migrations()]
    assert numbers == sorted(set(numbers))
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", path.name) for path in DIRECTORY.glob("*"))


async def test_names_are_checked(tmp_path: Path) -> None:
    """A file badly named, or a number used twice, is refused."""
    with pytest.raises(ValueError, match="NNNN"):
        parse_migration("1_short.sql", "")
    write_steps(tmp_path / "twice", {"0001_a.sql": "", "0001_b.sql": ""})
    with pytest.raises(ValueError, match="share a number"):
        read_migrations(tmp_path / "twice")
