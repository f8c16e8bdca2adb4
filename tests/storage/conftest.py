"""A store on each engine: SQLite in a file, PostgreSQL in a cluster of its own that lives as long as the tests."""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest

from tchap.base.clock import Clock
from tchap.storage.database import Store, open_store
from tests.support.postgres import create_database, run_cluster

DATABASES = count(1)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Path]:
    """The directory of a throw-away cluster's socket."""
    with run_cluster() as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres_cluster: Path) -> str:
    """The address of a fresh, empty database."""
    return create_database(postgres_cluster, f"tchap_{next(DATABASES)}")


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
