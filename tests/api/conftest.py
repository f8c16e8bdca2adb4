"""A plain Matrix server on SQLite, and stories that are told on each engine."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.engines import ENGINES, Engines, Story, Tell
from tests.support.hall import Hall, open_hall


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_hall(tmp_path) as opened:
        yield opened


@pytest.fixture(params=ENGINES)
def tell(request: pytest.FixtureRequest, engines: Engines, tmp_path: Path) -> Tell:
    """Runs a story on each engine."""

    async def run(story: Story) -> None:
        async with engines.open_hall(request.param, tmp_path) as hall:
            await story(hall)

    return lambda story: asyncio.run(run(story))
