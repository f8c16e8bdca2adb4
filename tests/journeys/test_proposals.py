"""matrix-js-sdk beyond the specification: shared history, delayed events, the meeting of devices, dehydration."""

from pathlib import Path
from typing import Any

from tests.journeys.conftest import Town
from tests.support.client import PASSWORD
from tests.support.node import WEB, unhurried, walk

pytestmark = unhurried
SCRIPT = Path(__file__).with_name("proposals.mjs")


def travel(town: Town) -> dict[str, Any]:
    return walk(SCRIPT, WEB, town.url, town.camille, town.zoe, PASSWORD)


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
