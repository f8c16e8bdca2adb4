"""matrix-js-sdk signs in by its own OAuth 2.0, with our pages open in a real browser."""

from pathlib import Path

from tests.journeys.conftest import CAMILLE_EMAIL
from tests.support.client import PASSWORD, Client
from tests.support.node import WEB, unhurried, walk
from tests.support.server import start_server

SCRIPT = Path(__file__).with_name("oauth_journey.mjs")


@unhurried
def test_an_application_lives_a_whole_life(tmp_path: Path) -> None:
    """It discovers, registers, is let in, refreshes by itself, resets its identity, links another device and leaves."""
    with start_server(tmp_path / "data", config="[tokens]\naccess_lifetime_s = 2\n") as server:
        Client(server.url).register_by_email(CAMILLE_EMAIL)
        steps = walk(SCRIPT, WEB, server.url, CAMILLE_EMAIL, PASSWORD, log=server.log)
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
