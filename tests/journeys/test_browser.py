"""The main job in a real browser: two agents of two instances sign up, find each other and talk, encrypted."""

import re
from pathlib import Path

import httpx
import pytest

from tests.support.browser import JOURNEY_TIMEOUT_S, client_config, run_journey
from tests.support.clamav import EICAR, run_clamav
from tests.support.server import start_server

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


@pytest.mark.timeout(JOURNEY_TIMEOUT_S + 60)
def test_two_agents_talk_encrypted(tmp_path: Path) -> None:
    """The whole journey passes in Chromium, and the server's disk holds none of what was said. Files are scanned before
    anybody has them, and nobody waits for it."""
    with run_clamav() as clamav:
        config = f'{client_config()}[antivirus]\nclamd = "{clamav.address}"\nencrypted = "required"\n'
        with start_server(tmp_path / "data", config=config) as server:
            run_journey("journey", server, "--infected", EICAR.decode(), "--shots", str(tmp_path / "shots"))
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
