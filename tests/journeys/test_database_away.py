"""The database goes away under a running server, and comes back."""

import time
from pathlib import Path

import httpx
import pytest

from tests.support.client import Client
from tests.support.postgres import create_database, run_cluster, start_cluster, stop_cluster
from tests.support.server import start_server


def test_the_server_outlives_its_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While PostgreSQL is away `/health` says 500, soon and each time; once it is back everything works again."""
    with run_cluster() as cluster:
        monkeypatch.setenv("TCHAP_STORE_URL", create_database(cluster, "away"))
        with start_server(tmp_path, "test") as server:
            alice = Client(server.url).register("alice")
            room = alice.create_room()
            alice.send(room, "before", "t1")
            stop_cluster(cluster)
            for _ in range(3):
                assert httpx.get(f"{server.url}/health", trust_env=False, timeout=10).status_code == 500
            start_cluster(cluster)
            deadline = time.monotonic() + 60
            while httpx.get(f"{server.url}/health", trust_env=False, timeout=10).status_code != 200:
                assert time.monotonic() < deadline, server.log()
                time.sleep(0.2)
            alice.send(room, "after", "t2")
            said = [event["content"].get("body") for event in alice.history(room) if event["type"] == "m.room.message"]
            assert said == ["before", "after"]
