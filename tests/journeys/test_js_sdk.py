"""The journey of matrix-js-sdk with its Rust cryptography, under the rules of Tchap."""

from pathlib import Path
from typing import Any

from tests.journeys.conftest import Town
from tests.support.client import PASSWORD
from tests.support.node import WEB, unhurried, walk

pytestmark = unhurried
SCRIPT = Path(__file__).with_name("js_sdk_journey.mjs")


def travel(town: Town) -> dict[str, Any]:
    return walk(SCRIPT, WEB, town.url, town.camille, town.zoe, PASSWORD)


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
