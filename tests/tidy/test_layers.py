"""The house stands as drawn: arrows point down, law is pure, SQL and statuses keep to their rooms."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tchap"
FILES = sorted(PACKAGE.rglob("*.py"))

# Higher may import lower; the same height only within the same room.
HEIGHT = {
    "app": 7,
    "commands": 7,
    "__main__": 8,
    "api": 6,
    "services": 5,
    "federation": 4,
    "gateways": 4,
    "storage": 3,
    "live": 3,
    "policy": 3,
    "protocol": 2,
    "base": 1,
}


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name for name in found if name.startswith("tchap.")}


MODULES = {module_of(path): path for path in FILES}
ARROWS = {module: {name for name in imports_of(path) if name in MODULES} for module, path in MODULES.items()}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_arrows_point_down(module: str) -> None:
    """A module imports only rooms below its own, or its own."""
    mine = room_of(module)
    for other in ARROWS[module] - {"tchap"}:
        theirs = room_of(other)
        assert theirs == mine or HEIGHT[theirs] < HEIGHT[mine], f"{module} imports {other}"


def test_no_import_cycle() -> None:
    """No chain of imports comes back to where it began."""
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " > ".join((*trail[trail.index(module) :], module))
        if module in done:
            return
        for other in runtime_imports(module):
            visit(other, (*trail, module))
        done.add(module)

    for module in MODULES:
        visit(module, ())


def runtime_imports(module: str) -> set[str]:
    """The imports that run: those under TYPE_CHECKING only name types."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return {name for name in found if name in MODULES and name != module and not module.startswith(name + ".")}


IMPURE = {"asyncio", "time", "random", "secrets", "logging", "structlog", "os", "socket", "threading", "datetime"}


@pytest.mark.parametrize("path", [p for p in FILES if room_of(module_of(p)) in ("protocol", "policy")], ids=module_of)
def test_law_is_pure(path: Path) -> None:
    """Protocol and policy never wait, log, look at the clock or draw lots."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), f"{path}:{node.lineno} waits"
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & IMPURE, f"{path}:{node.lineno}"
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.module.split(".")[0] not in IMPURE, f"{path}:{node.lineno}"


SQL = re.compile(r"\b(SELECT\s+[\w*\"(]|INSERT INTO|DELETE FROM|UPDATE \w+ SET)\b")


def strings_of(path: Path) -> list[tuple[int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


@pytest.mark.parametrize("path", [p for p in FILES if room_of(module_of(p)) != "storage"], ids=module_of)
def test_sql_stays_in_storage(path: Path) -> None:
    """No SQL outside storage/."""
    for line, text in strings_of(path):
        assert not SQL.search(text), f"{path}:{line}"


def test_environment_is_read_in_one_place() -> None:
    """Environment variables are read by the configuration alone."""
    readers = {
        module_of(path) for path in FILES if re.search(r"os\.(environ|getenv)", path.read_text(encoding="utf-8"))
    }
    assert readers <= {"tchap.base.config_file"}


@pytest.mark.parametrize("path", [p for p in FILES if room_of(module_of(p)) not in ("api",)], ids=module_of)
def test_statuses_stay_in_api(path: Path) -> None:
    """HTTP status codes are known to api/ alone: nobody below builds a Response or hints at a 2xx."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg in ("status", "status_code"):
            assert (
                not isinstance(node.value, ast.Constant)
                or not isinstance(node.value.value, int)
                or node.value.value < 100
            )
