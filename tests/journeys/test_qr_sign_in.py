"""A code shown by one device signs another one in, with its secrets, by matrix-js-sdk on both sides."""

from pathlib import Path

from tests.journeys.conftest import CAMILLE_EMAIL, Town
from tests.support.client import PASSWORD
from tests.support.node import WEB, unhurried, walk

SCRIPT = Path(__file__).with_name("qr_sign_in.mjs")


@unhurried
def test_a_code_signs_a_new_device_in(town: Town) -> None:
    """Both meet at our rendezvous, the person allows it on our page, and the new device has her identity."""
    steps = walk(SCRIPT, WEB, town.url, town.camille, CAMILLE_EMAIL, PASSWORD)
    assert steps == {
        "offered": {"available": True},
        "met": {"same": True},
        "entered": {"device": True, "complaints": []},
        "trusted": {"device": True},
    }
