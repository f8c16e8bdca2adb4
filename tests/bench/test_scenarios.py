"""Every scenario of the load generator, very small, on our server."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.http_client import Target
from bench.measure import Bounds, Measurement, Sizes, Stage
from bench.scenarios import SCENARIOS
from bench.settings import CROWD
from tests.support.server import RunningServer, start_server

TINY = Sizes(
    senders=2,
    pairs=2,
    members=5,
    joiners=4,
    creators=2,
    rooms=3,
    messages_per_room=2,
    initial_syncs=2,
    many_rooms=5,
    crowd=4,
    window=Bounds(0.3, 20),
    warm_up=Bounds(0.1, 2),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("bench")
    crowd = folder / "crowd.yaml"
    crowd.write_text(CROWD, encoding="utf-8")
    with start_server(folder, "test", f'[test]\nappservice_files = ["{crowd}"]\n') as running:
        yield running


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_measures_something(server: RunningServer, name: str) -> None:
    """The scenario runs to its end and yields operations, time and processor time."""

    async def story() -> Measurement:
        stage = Stage(Target(server.port), server.process.pid, TINY)
        try:
            async with asyncio.timeout(30):
                return await SCENARIOS[name](stage)
        finally:
            stage.close()

    measured = asyncio.run(story())
    assert measured.operations >= 2
    assert measured.rate > 0
    assert 0 < measured.cpu_ms < 1000
