"""Our own pages in a real browser: by keyboard alone, audited, on a telephone, in the light and in the dark."""

from pathlib import Path

import pytest

from tests.support.browser import JOURNEY_TIMEOUT_S, run_journey
from tests.support.server import start_server


@pytest.mark.timeout(JOURNEY_TIMEOUT_S + 60)
def test_an_application_signs_somebody_up_by_keyboard(tmp_path: Path) -> None:
    """Chromium follows every step from an application and back to it; axe finds no fault on any page."""
    with start_server(tmp_path / "data") as server:
        assert run_journey("account", server, "--shots", str(tmp_path / "shots")) == 5
