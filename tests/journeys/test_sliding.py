"""Sliding sync as the SDK of web clients speaks it."""

from pathlib import Path

from tests.support.node import WEB, unhurried, walk
from tests.support.server import start_server

LIBRARY = WEB / "node_modules" / "matrix-js-sdk" / "lib"


@unhurried
def test_the_sdk_slides_through_a_conversation(tmp_path: Path) -> None:
    """An invited person joins, reads, opens the room, acknowledges, sees somebody type and leaves."""
    with start_server(tmp_path / "server", "test") as server:
        walk(Path(__file__).with_name("sliding.mjs"), server.url, LIBRARY, log=server.log)
