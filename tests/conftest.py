"""What every test shares: files in memory, stories that are the same in every run, one cluster of PostgreSQL, and
`docs/coverage.md` held to the truth.

A test that page names for an operation must call that operation.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support.coverage_page import write_page
from tests.support.engines import Engines, run_engines
from tests.support.operations import CALLS, PAGE, read_page

MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 * 1024**3


def _write_in_memory() -> None:
    """Servers are killed here, but no test cuts the power: where there is room, nobody waits for a disk."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    state = os.statvfs(MEMORY)
    if state.f_bavail * state.f_frsize >= ROOM_BYTES and not state.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


# Here and not in a hook: the workers and every server that is started inherit it.
_write_in_memory()

# A red suite must mean that something changed, so it draws the same stories each time; a longer hunt draws its own.
hypothesis.settings.register_profile("steady", derandomize=True)
hypothesis.settings.register_profile("hunt", print_blob=True)
hypothesis.settings.load_profile(os.environ.get("STORIES", "steady"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    """One cluster for a process, and a database of its own for each who asks."""
    with run_engines() as running:
        yield running


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-coverage", action="store_true", help="write docs/coverage.md from what this run calls")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("--write-coverage"):
        write_page(CALLS)


def _claims() -> dict[str, set[str]]:
    claims: dict[str, set[str]] = {}
    for row in read_page(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else []:
        for name in row.tests:
            claims.setdefault(f"tests/{name}", set()).add(row.operation.operation_id)
    return claims


CLAIMS = _claims()


@pytest.fixture(autouse=True)
def keeps_the_word_of_the_coverage_page(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test named in `docs/coverage.md` has called, with success, each operation the page names it for."""
    yield
    if not request.config.getoption("--write-coverage"):
        called = {name for name, success in CALLS.get(request.node.nodeid, {}).items() if success}
        untrue = CLAIMS.get(request.node.nodeid, set()) - called
        assert not untrue, f"docs/coverage.md says otherwise; `make coverage` writes it anew: {sorted(untrue)}"
