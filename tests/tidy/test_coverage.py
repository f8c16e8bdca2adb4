"""`docs/coverage.md` is whole: every operation of the specification has a route and a test."""

from pathlib import Path

import pytest

from tests.fuzz.specification import find_specification, read_operations
from tests.support.operations import PAGE, ROOT, Row, find_route, read_page

ROWS = read_page(PAGE.read_text(encoding="utf-8"))
SPECIFICATION = find_specification()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation.operation_id)
def test_every_operation_is_answered_and_tested(row: Row) -> None:
    """The route table answers the operation from the module named, and each test named exists."""
    route = find_route(row.operation.method, row.operation.path)
    assert route is not None, "no route"
    assert route.handler.__module__ == "tchap.api." + row.module.replace("/", ".")
    assert row.tests, "no test"
    for test in row.tests:
        file, _, name = test.partition("::")
        assert f"def {name.partition('[')[0]}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), (
            f"no such test: {test}"
        )


def test_every_operation_is_listed_once() -> None:
    """The Client-Server API of Matrix 1.19 has 166 operations."""
    assert len({row.operation.operation_id for row in ROWS}) == len(ROWS) == 166


@pytest.mark.skipif(SPECIFICATION is None, reason="the Matrix specification is not beside the project")
def test_the_list_is_that_of_the_specification() -> None:
    """The page has the operations of the specification's own files, no more and no less."""
    assert {(row.operation.method, row.operation.path) for row in ROWS} == {
        (method, path.strip()) for method, path in _specified(SPECIFICATION or Path())
    }


def _specified(specification: Path) -> list[tuple[str, str]]:
    return [tuple(item.name.split(" ", 1)) for item in read_operations(specification)]  # type: ignore[misc]
