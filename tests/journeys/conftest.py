"""A server as an operator starts it, and two people of two administrations on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.support.client import Client
from tests.support.postgres import create_database, run_cluster
from tests.support.server import start_server

CAMILLE_EMAIL = "camille.durand@prefecture.example.fr"
ZOE_EMAIL = "zoe.petit@hopital.example.fr"
DATABASES = count(1)


@dataclass(frozen=True, slots=True)
class Town:
    """A running server in the normal profile, with two registered agents whose names are on two instances."""

    url: str
    camille: str
    zoe: str


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Path]:
    with run_cluster() as cluster:
        yield cluster


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """On SQLite, as embedded."""
    with start_server(tmp_path / "server") as server:
        yield _settle(server.url)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """On each engine."""
    config = ""
    if request.param == "postgresql":
        address = create_database(request.getfixturevalue("postgres_cluster"), f"journey_{next(DATABASES)}")
        config = f'store_url = "{address}"\n'
    with start_server(tmp_path / "server", config=config) as server:
        yield _settle(server.url)


def _settle(url: str) -> Town:
    door = Client(url)
    camille, zoe = door.register_by_email(CAMILLE_EMAIL), door.register_by_email(ZOE_EMAIL)
    for client in (door, camille, zoe):
        client.close()
    return Town(url, camille.user_id, zoe.user_id)
