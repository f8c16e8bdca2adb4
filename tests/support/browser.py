"""The journeys of web/e2e, in Chromium."""

import json
import subprocess
import threading
from collections.abc import Callable
from typing import Any

from tests.support.node import NODE, WEB
from tests.support.server import RunningServer

JOURNEY_TIMEOUT_S = 240
_CLIENT = WEB / "dist"


def client_config() -> str:
    """TOML for a server that hands out the client as it was built."""
    assert (_CLIENT / "index.html").is_file(), "the client is not built: make web"
    return f'[web]\nfolder = "{_CLIENT}"\n'


def run_journey(
    script: str, server: RunningServer, *arguments: str, answer: Callable[[dict[str, Any]], None] | None = None
) -> int:
    """Run `web/e2e/{script}.mjs` to its end, which must be good; return how many steps it told of.

    `answer` is called with each other line of JSON: what the journey asks of whoever runs it.
    """
    command = [str(NODE), f"e2e/{script}.mjs", server.url, *arguments]
    told, steps = [], 0
    with subprocess.Popen(command, cwd=WEB, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as journey:
        assert journey.stdout is not None
        overdue = threading.Timer(JOURNEY_TIMEOUT_S, journey.kill)
        overdue.start()
        for line in journey.stdout:
            told.append(line)
            fact = json.loads(line) if line.startswith("{") else {}
            if "step" in fact:
                steps += 1
            elif fact and answer is not None:
                answer(fact)
        overdue.cancel()
    assert journey.returncode == 0, f"{''.join(told)}\n{server.log()[-4000:]}"
    return steps
