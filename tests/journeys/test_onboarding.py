"""An administration unknown that morning, in a real browser: its domain is proven, its first agent writes."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.browser import JOURNEY_TIMEOUT_S, client_config, run_journey
from tests.support.client import Client
from tests.support.dns_server import DnsServer, run_dns_server
from tests.support.server import ROOT, RunningServer, start_server

DOMAIN, LOOK_ALIKE = "mairie-rochevieille.example", "mairie-rochevie1lle.example"
CAMILLE = "camille.durand@prefecture.example.fr"


@pytest.mark.timeout(JOURNEY_TIMEOUT_S + 60)
def test_an_administration_unknown_that_morning_is_chatting(tmp_path: Path) -> None:
    """In Chromium, with no act of an operator: mailbox, DNS, first agent, first message; a look-alike is stopped."""
    data = tmp_path / "data"
    _import(tmp_path, data)
    with run_dns_server() as dns:
        config = f'{client_config()}[onboarding]\ndns_servers = ["{dns.address}"]\n'
        with start_server(data, config=config) as server:
            camille = Client(server.url).register_by_email(CAMILLE)
            assert _walk(server, dns, tmp_path) == 6
            _check_written(camille)


def _import(folder: Path, data: Path) -> None:
    """The State's list, as the operator reads it once a month."""
    (folder / "list.txt").write_text(f"{DOMAIN}\nmairie-valmont.example\n", encoding="utf-8")
    command = [sys.executable, "-m", "tchap", "domains", "import", str(folder / "list.txt"), "--data", str(data)]
    data.mkdir()
    subprocess.run(command, cwd=ROOT, check=True, timeout=60, capture_output=True)


def _walk(server: RunningServer, dns: DnsServer, folder: Path) -> int:
    """The number of steps; the record that the page asks for is put where the town's own host would."""

    def publish(fact: dict[str, Any]) -> None:
        dns.set_text(fact["publish"]["name"], fact["publish"]["text"])

    arguments = ["--domain", DOMAIN, "--look-alike", LOOK_ALIKE, "--colleague", "Camille Durand"]
    return run_journey("onboarding", server, *arguments, "--shots", str(folder / "shots"), answer=publish)


def _check_written(camille: Client) -> None:
    """She is invited by the agent who came a moment ago, to a room that holds a message nobody else can read."""
    invited = camille.sync(timeout_ms=0)["rooms"]["invite"]
    (room_id,) = invited
    members = [event for event in invited[room_id]["invite_state"]["events"] if event["type"] == "m.room.member"]
    assert any("claire.fontaine" in event["sender"] for event in members)
    camille.ask("POST", f"/_matrix/client/v3/join/{quote(room_id)}", {})
    joined = camille.sync(timeout_ms=0)["rooms"]["join"][room_id]
    assert any(event["type"] == "m.room.encrypted" for event in joined["timeline"]["events"])
