"""Writes `docs/coverage.md`: each operation of the specification, what answers it, and the tests that call it."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from tests.support.operations import ABSENT, OPERATIONS, PAGE, REFUSED, Operation, find_route

MAX_TESTS = 3
_HEAD = """# Coverage of the Client-Server API

Every operation of the Client-Server API of Matrix 1.19, the module of `tchap/api/` that answers it, and tests that
call it with success (at most three; there are others, and the fuzz of `tests/fuzz/` calls them all). Paths under `v3`
are answered under `r0` and `unstable` too. `make coverage` writes this page from the route table and from what a run
of the tests calls; a test named here fails if it no longer calls what it is named for, and
`tests/tidy/test_coverage.py` fails when an operation has no route or no test.

{answered} of {total} operations are answered, {tested} with tests. {refused} of them are refused to everybody, each
with its sentence, because the address of an account is its administration's to change and telephone numbers are not
used: {names}. One says that there is none: {absent}.

| method | path | operation | module | tests |
|---|---|---|---|---|
"""


def write_page(calls: Mapping[str, Mapping[str, bool]]) -> None:
    """The page anew, from the operations it has and what was called: `calls` maps tests to operations to success."""
    tests = _tests_by_operation(calls)
    rows = [_row(operation, tests[operation.operation_id]) for operation in sorted(OPERATIONS)]
    tested = sum(bool(tests[operation.operation_id]) for operation in OPERATIONS)
    answered = sum(find_route(operation.method, operation.path) is not None for operation in OPERATIONS)
    head = _HEAD.format(answered=answered, total=len(OPERATIONS), tested=tested, **_refused())
    PAGE.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")


def _refused() -> dict[str, object]:
    names, absent = (", ".join(f"`{name}`" for name in sorted(group)) for group in (REFUSED, ABSENT))
    return {"refused": len(REFUSED), "names": names, "absent": absent}


def _tests_by_operation(calls: Mapping[str, Mapping[str, bool]]) -> dict[str, list[str]]:
    """Tests that are one story, on one engine where there are two; those that call the least come first."""
    found: dict[str, list[str]] = defaultdict(list)
    for test, operations in sorted(calls.items(), key=lambda item: (len(item[1]), item[0])):
        is_plain = "[" not in test or test.endswith("[sqlite]")
        if is_plain and "_laws.py" not in test and test.startswith("tests/"):
            for operation_id in (name for name, success in operations.items() if success):
                found[operation_id].append(test.removeprefix("tests/"))
    return found


def _row(operation: Operation, tests: list[str]) -> str:
    route = find_route(operation.method, operation.path)
    module = f"`{_module(route.handler.__module__)}`" if route else ""
    named = ", ".join(f"`{name}`" for name in _nearest(tests, module))
    return f"| {operation.method} | `{operation.path}` | {operation.operation_id} | {module} | {named} |"


def _module(name: str) -> str:
    return name.removeprefix("tchap.api.").replace(".", "/")


def _nearest(tests: list[str], module: str) -> list[str]:
    """Those of the file of the same noun first."""
    noun = Path(module.strip("`")).name
    return sorted(tests, key=lambda name: noun not in name.partition("::")[0])[:MAX_TESTS]
