"""Two agents in a house where rooms have terms."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.retention.talk import CONFIG, Talk
from tests.support.accounts import person
from tests.support.house import open_house


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with open_house(tmp_path, CONFIG) as house:
        ada = await person(house, "ada.moreau@prefecture.example.fr")
        bob = await person(house, "bob.petit@hopital.example.fr")
        yield Talk(house, ada, bob)
