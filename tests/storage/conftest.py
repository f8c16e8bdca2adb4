"""A store on each engine: SQLite in a file, PostgreSQL in a cluster of its own that lives as long as the tests."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from tchap.base.clock import Clock
from tchap.storage.database import Store, open_store

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
OPTIONS = "-c listen_addresses='' -c fsync=off -c max_connections=60 -c unix_socket_directories="
DATABASES = count(1)


def run_as_postgres(*command: str | Path) -> None:
    """PostgreSQL refuses to run as root."""
    user = "postgres" if os.geteuid() == 0 else None
    done = subprocess.run(command, user=user, group=user, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Path]:
    """The directory of a throw-away cluster's socket."""
    home = Path(tempfile.mkdtemp(prefix="tchap-pg-"))
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(home, owner.pw_uid, owner.pw_gid)
    data = home / "data"
    run_as_postgres(PROGRAMS / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "-N", "--locale=C")
    options = f"{OPTIONS}{home}"
    run_as_postgres(PROGRAMS / "pg_ctl", "-D", data, "-w", "-o", options, "-l", home / "log", "start")
    try:
        yield home
    finally:
        run_as_postgres(PROGRAMS / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(home)


@pytest.fixture
async def postgres_url(postgres_cluster: Path) -> str:
    """The address of a fresh, empty database."""
    name = f"tchap_{next(DATABASES)}"
    connection = await asyncpg.connect(f"postgresql://postgres@/postgres?host={postgres_cluster}")
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    await connection.close()
    return f"postgresql://postgres@/{name}?host={postgres_cluster}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a fresh, empty database on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/tchap.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """A store with every migration applied, on each engine."""
    opened = await open_store(store_url, Clock())
    yield opened
    await opened.close()
