"""`python -m bench.directory`: five and a half million agents, a thousand searches, both engines."""

import argparse
import asyncio
import contextlib
import os
import platform
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw
import asyncpg
import msgspec

from bench.directory.load import Loaded, add_rooms, load
from bench.directory.names import read_names, slope_of
from bench.directory.people import People, make_administrations
from bench.directory.queries import make_queries
from bench.directory.tries import Tried, try_query
from tchap.app import open_world
from tchap.base.config import Instance, RateLimits
from tchap.base.config_file import parse_settings
from tchap.storage.dialect import find_sqlite_path
from tests.support.postgres import create_database, run_cluster

PEOPLE, WARM_UP, QUERIES = 5_500_000, 500, 1_000
"""The searches that warm the caches come first: they are for other people than those that are measured."""
PEOPLE_PER_ADMINISTRATION = 275
ENGINES = ("sqlite", "postgresql")


def main() -> None:
    options = _parse()
    names = read_names()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; {options.people:,} people", flush=True)
    print(f"{len(names.last):,} family names (exponent {slope_of(names.last.values()):.2f}), ", end="")
    print(f"{len(names.first[0]) + len(names.first[1]):,} first names", flush=True)
    for engine in options.engine:
        made = make_administrations(options.people, max(20, options.people // PEOPLE_PER_ADMINISTRATION))
        with (
            tempfile.TemporaryDirectory(prefix="tchap-directory-", dir=options.folder) as folder,
            _url(engine, folder) as url,
        ):
            asyncio.run(_run(engine, url, folder, People(names, made)))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.directory", description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--engine", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--folder", type=Path, help="where the databases are made")
    return parser.parse_args()


@contextlib.contextmanager
def _url(engine: str, folder: str) -> Iterator[str]:
    if engine == "sqlite":
        yield f"sqlite:///{folder}/tchap.db"
        return
    with run_cluster() as cluster:
        yield create_database(cluster, "annuaire")


async def _run(engine: str, url: str, folder: str, people: People) -> None:
    made = people.administrations
    settings = msgspec.structs.replace(
        parse_settings(""),
        data_dir=folder,
        store_url=url,
        instances=tuple(Instance(name=name) for name in sorted({each.instance for each in made})),
        administrations=(),
        rate_limits=RateLimits(enabled=False),
    )
    async with open_world(settings) as world:
        loaded = await load(world, url, people)
        await _tell_load(engine, url, loaded)
        queries = make_queries(loaded.some, made, WARM_UP + QUERIES)
        await add_rooms(world, queries, made, loaded.some)
        tried = [await try_query(world, number, query, made) for number, query in enumerate(queries)]
        _tell(engine, tried[WARM_UP:])


async def _tell_load(engine: str, url: str, loaded: Loaded) -> None:
    sizes = _sqlite_sizes(url) if engine == "sqlite" else await _postgres_sizes(url)
    directory = sum(size for name, size in sizes.items() if "directory_" in name)
    print(f"\n{engine}: accounts {loaded.accounts_s:.0f} s, directory {loaded.directory_s:.0f} s", end="; ")
    print(f"{directory / 1e6:,.0f} MB of the directory in {sum(sizes.values()) / 1e6:,.0f} MB:", end=" ")
    print(", ".join(f"{name} {size / 1e6:,.0f}" for name, size in sizes.items() if size > 1e6), flush=True)


def _sqlite_sizes(url: str) -> dict[str, int]:
    """Bytes of each table and index."""
    file = apsw.Connection(find_sqlite_path(url) or "", flags=apsw.SQLITE_OPEN_READONLY)
    rows = file.execute("SELECT name, SUM(pgsize) FROM dbstat WHERE aggregate = TRUE GROUP BY name ORDER BY 2 DESC")
    return {str(name): int(str(size)) for name, size in rows.fetchall()}


async def _postgres_sizes(url: str) -> dict[str, int]:
    """Bytes of each table with its indexes."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relnamespace ="
        " 'public'::regnamespace ORDER BY 2 DESC"
    )
    await connection.close()
    return {row[0]: row[1] for row in rows}


def _tell(engine: str, tried: Sequence[Tried]) -> None:
    groups: dict[str, list[Tried]] = defaultdict(list)
    for each in tried:
        groups["all"].append(each)
        groups[each.query.error].append(each)
        groups[each.query.way].append(each)
    for name, group in groups.items():
        right = sum(each.is_right for each in group) / len(group)
        times = statistics.quantiles([each.ms for each in group], n=100)
        p50, p95, p99 = (times[rank - 1] for rank in (50, 95, 99))
        print(f"{engine:10} {name:32} {len(group):5} {right:6.1%}  p50 {p50:5.1f}  p95 {p95:5.1f}  p99 {p99:5.1f} ms")


if __name__ == "__main__":
    main()
