"""Houses whose files ClamAV's own daemon looks at."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.api.scanner.scene import config
from tests.support.clamav import ClamAv, run_clamav
from tests.support.house import House, open_house


@pytest.fixture(scope="module")
def clamav() -> Iterator[ClamAv]:
    with run_clamav() as daemon:
        yield daemon


@pytest.fixture(params=["on_request", "required"])
async def house(request: pytest.FixtureRequest, clamav: ClamAv, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, config(clamav, request.param)) as opened:
        yield opened


@pytest.fixture
async def strict(clamav: ClamAv, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, config(clamav, "required")) as opened:
        yield opened


@pytest.fixture
async def lenient(clamav: ClamAv, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, config(clamav)) as opened:
        yield opened
