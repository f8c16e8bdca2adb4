"""Signing in by ProConnect in a real browser, whose rules on cookies, redirections and policies are not ours."""

import time
from pathlib import Path

import pytest

from tests.support.browser import JOURNEY_TIMEOUT_S, run_journey
from tests.support.proconnect import JEAN, config_of, run_provider
from tests.support.server import start_server


@pytest.mark.timeout(JOURNEY_TIMEOUT_S + 60)
def test_chromium_follows_the_way_by_proconnect(tmp_path: Path) -> None:
    """An application comes in, the sign-out ends at the provider, who may not come in reads why; axe finds no fault."""
    with run_provider() as provider, start_server(tmp_path / "data", config=config_of(provider)) as server:
        provider.now = lambda: int(time.time())
        provider.set_person("jean-1", email=JEAN)
        provider.set_person("luc-1", email="luc.roy@entreprise.example")
        assert run_journey("proconnect", server, provider.issuer) == 3
