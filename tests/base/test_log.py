"""Logs are JSON lines."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from tchap.base.log import configure_logging, get_logger


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


def test_one_json_object_a_line() -> None:
    """Ours and the libraries' logs come out alike, with time, level and name, and exceptions as text."""
    stream = io.StringIO()
    configure_logging("INFO", stream)
    get_logger("tchap.test").info("room_created", room="!a:exemple.fr", odd=object())
    logging.getLogger("library").warning("careful: %s", "é")
    get_logger("tchap.test").debug("hidden")
    try:
        raise ValueError("broken")
    except ValueError:
        get_logger("tchap.test").exception("failed")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["room_created", "careful: é", "failed"]
    assert [line["level"] for line in lines] == ["info", "warning", "error"]
    assert lines[0]["logger"] == "tchap.test"
    assert lines[0]["room"] == "!a:exemple.fr"
    assert lines[0]["time"].endswith("Z")
    assert "ValueError: broken" in lines[2]["exception"]
