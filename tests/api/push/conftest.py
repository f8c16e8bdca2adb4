"""A push gateway beside the hall."""

from collections.abc import Iterator

import pytest

from tests.support.gateway import Gateway, open_gateway


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with open_gateway() as opened:
        yield opened
