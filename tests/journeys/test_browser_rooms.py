"""The law of rooms in a real browser: a guest from outside, an agent with a link, the last administrator."""

from pathlib import Path

import pytest

from tests.support.browser import JOURNEY_TIMEOUT_S, client_config, run_journey
from tests.support.server import start_server


@pytest.mark.timeout(JOURNEY_TIMEOUT_S + 60)
def test_a_room_opens_to_a_guest_and_by_its_link(tmp_path: Path) -> None:
    """A guest meets the marked room and what is kept from her until her access ends, an agent enters by the link and
    reads a public room before joining; axe finds no fault."""
    with start_server(tmp_path / "data", config=client_config()) as server:
        assert run_journey("rooms", server) == 12
