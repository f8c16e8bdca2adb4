"""A store on each engine: SQLite in a file, PostgreSQL in a cluster of its own that lives as long as the tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tchap.base.clock import Clock
from tchap.storage.database import Store, open_store
from tests.support.engines import ENGINES, Engines


@pytest.fixture
def postgres_url(engines: Engines, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, empty database."""
    with engines.empty_store("postgresql", tmp_path) as address:
        yield address


@pytest.fixture(params=ENGINES)
def store_url(request: pytest.FixtureRequest, engines: Engines, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, empty database on each engine."""
    with engines.empty_store(request.param, tmp_path) as address:
        yield address


@pytest.fixture(params=ENGINES)
async def store(request: pytest.FixtureRequest, engines: Engines, tmp_path: Path) -> AsyncIterator[Store]:
    """A store as the migrations leave it, on each engine."""
    async with engines.migrated_store(request.param, tmp_path) as address:
        opened = await open_store(address, Clock())
        yield opened
        await opened.close()
