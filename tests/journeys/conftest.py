"""A server as an operator starts it, and two people of two administrations on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.client import Client
from tests.support.engines import ENGINES, Engines
from tests.support.server import start_server

CAMILLE_EMAIL = "camille.durand@prefecture.example.fr"
ZOE_EMAIL = "zoe.petit@hopital.example.fr"


@dataclass(frozen=True, slots=True)
class Town:
    """A running server in the normal profile, with two registered agents whose names are on two instances."""

    url: str
    camille: str
    zoe: str


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """On SQLite, as embedded."""
    with start_server(tmp_path / "server") as server:
        yield _settle(server.url)


@pytest.fixture(params=ENGINES)
def any_town(request: pytest.FixtureRequest, engines: Engines, tmp_path: Path) -> Iterator[Town]:
    """On each engine."""
    with (
        engines.empty_store(request.param, tmp_path) as address,
        start_server(tmp_path / "server", config=f'store_url = "{address}"\n') as server,
    ):
        yield _settle(server.url)


def _settle(url: str) -> Town:
    door = Client(url)
    camille, zoe = door.register_by_email(CAMILLE_EMAIL), door.register_by_email(ZOE_EMAIL)
    for client in (door, camille, zoe):
        client.close()
    return Town(url, camille.user_id, zoe.user_id)
