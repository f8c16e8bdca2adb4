"""Filling a database: accounts by the engine's own bulk road, then the directory by the one that lists everybody."""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import apsw
import asyncpg
import msgspec

from bench.directory.people import Administration, Agent, People
from bench.directory.queries import SHARED_ROOM, Query
from tchap.services.directory_listing import FUNCTION, UNIT, list_everybody
from tchap.services.world import World
from tchap.storage import administrations as stored
from tchap.storage.database import Tx
from tchap.storage.dialect import find_sqlite_path

ROWS = 20_000
SOME = 40_000
"""People of chance, from whom those searched for and those met in rooms are drawn."""
ROOMS, MIN_MEMBERS, MAX_MEMBERS = 8, 4, 60
"""Rooms of each searcher, and how many people are in one."""
_TABLES = {
    "accounts": ("user_id", "instance", "created_ts", "administration_id"),
    "profiles": ("user_id", "display_name", "fields"),
    "account_emails": ("email", "user_id", "added_ts", "validated_ts"),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Seconds the accounts and the directory took, and some of the people."""

    accounts_s: float
    directory_s: float
    some: list[Agent]


async def load(world: World, url: str, people: People) -> Loaded:
    begun = time.perf_counter()
    await world.store.write(_add_administrations, people.administrations)
    some = await _add_accounts(url, people)
    middle = time.perf_counter()
    await list_everybody(world.store)
    if find_sqlite_path(url) is None:
        # As its own keeper of tables would within a minute.
        await _ask(url, "VACUUM ANALYZE")
    return Loaded(middle - begun, time.perf_counter() - middle, some)


async def _add_administrations(tx: Tx, made: Sequence[Administration]) -> None:
    for each in made:
        row = stored.Administration(each.administration_id, each.label, each.label, each.instance, 0)
        await stored.add_administration(tx, row)


async def _add_accounts(url: str, people: People) -> list[Agent]:
    """Some of the people. All are put in order first, since trees that grow at their end grow fast."""
    path = find_sqlite_path(url)
    agents = sorted((agent for chunk in people.chunks() for agent in chunk), key=lambda agent: agent.user_id)
    tables = (rows for start in range(0, len(agents), ROWS) for rows in _rows(agents[start : start + ROWS], people))
    if path is not None:
        file = _open(path)
        for table, rows in tables:
            _insert(file, table, rows)
        file.close()
    else:
        connection = await asyncpg.connect(url)
        for table, rows in tables:
            await connection.copy_records_to_table(table, records=rows, columns=_TABLES[table])
        await connection.close()
    return random.Random(7).sample(agents, min(SOME, len(agents)))


async def _ask(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(sql)
    await connection.close()


def _open(path: str) -> apsw.Connection:
    """These rows are only made: nothing of them need survive a power cut."""
    file = apsw.Connection(path)
    file.set_busy_timeout(60_000)
    file.execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000")
    return file


def _insert(file: apsw.Connection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    columns = _TABLES[table]
    marks = ", ".join("?" * len(columns))
    with file:
        file.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def _rows(agents: Sequence[Agent], people: People) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    homes = [(agent, people.administrations[agent.administration]) for agent in agents]
    yield "accounts", [(agent.user_id, home.instance, 0, home.administration_id) for agent, home in homes]
    yield "profiles", [(agent.user_id, f"{agent.name} [{home.label}]", _fields(agent)) for agent, home in homes]
    yield "account_emails", sorted((agent.email, agent.user_id, 0, 0) for agent in agents)


def _fields(agent: Agent) -> bytes:
    return msgspec.json.encode({UNIT: agent.unit, FUNCTION: agent.function} if agent.unit else {})


def searcher_id(number: int, query: Query, made: Sequence[Administration]) -> str:
    return f"@chercheur{number}:{made[query.searcher_administration].instance}"


async def add_rooms(
    world: World, queries: Sequence[Query], made: Sequence[Administration], some: Sequence[Agent]
) -> None:
    """Every searcher is in rooms with people of chance, roommates of the person they look for in one of them."""
    chance = random.Random(8)
    rows: list[tuple[object, ...]] = []
    for number, query in enumerate(queries):
        mine = searcher_id(number, query, made)
        for room in range(ROOMS):
            members = {agent.user_id for agent in chance.sample(some, chance.randint(MIN_MEMBERS, MAX_MEMBERS))}
            if query.way == SHARED_ROOM and room == 0:
                members.add(query.target.user_id)
            rows += [_stay(user_id, f"!{number}-{room}") for user_id in sorted({mine, *members})]
    await world.store.write(_add_stays, rows)
    if find_sqlite_path(world.settings.resolved_store_url) is None:
        await _ask(world.settings.resolved_store_url, "VACUUM ANALYZE memberships")


async def _add_stays(tx: Tx, rows: Sequence[tuple[object, ...]]) -> None:
    await tx.many(
        "INSERT INTO memberships (user_id, room_id, membership, event_id, sender, from_position)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        sorted(rows),
    )


def _stay(user_id: str, room_id: str) -> tuple[object, ...]:
    return user_id, room_id, "join", f"${room_id}{user_id}", user_id, 1
