"""Files and functions keep to their sizes, so that each can be read whole."""

import ast
import re
import statistics
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = sorted([*(ROOT / "tchap").rglob("*.py"), *(ROOT / "bench").rglob("*.py")])
SCRIPT = sorted(path for suffix in ("*.ts", "*.tsx") for path in (ROOT / "web" / "src").rglob(suffix))
MAX_FILE_LINES = 500
MAX_ARGUMENTS = 5


def functions_of(path: Path) -> list[tuple[str, int, int]]:
    """Name, lines of code without docstring, arguments but for self, world and tx."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            counted = [name for name in names if name not in ("self", "cls")]
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = (node.end_lineno or 0) - (body[0].lineno if body else node.lineno) + 1 if body else 0
            found.append((f"{path.relative_to(ROOT)}:{node.name}", lines, len(counted)))
    return found


FUNCTIONS = [function for path in PYTHON for function in functions_of(path)]


@pytest.mark.parametrize("path", [*PYTHON, *SCRIPT], ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short(path: Path) -> None:
    """No source file is longer than five hundred lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES


def test_functions_are_short() -> None:
    """Half of all functions have at most eight lines, nineteen in twenty at most forty."""
    lengths = sorted(lines for _, lines, _ in FUNCTIONS)
    long = [(name, lines) for name, lines, _ in FUNCTIONS if lines > 40]
    assert statistics.median(lengths) <= 8
    assert len(long) <= len(lengths) / 20, long


def test_functions_take_few_arguments() -> None:
    """At most five arguments: more wants a value with a name."""
    assert [name for name, _, count in FUNCTIONS if count > MAX_ARGUMENTS] == []


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines()]


def test_nothing_is_left_for_later() -> None:
    """No marker of unfinished work in any source file."""
    marker = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK")) + r")\b")
    for path in tracked_files():
        if path.suffix in (".py", ".ts", ".tsx", ".sql"):
            assert not marker.search(path.read_text(encoding="utf-8")), path


def test_no_machine_is_named() -> None:
    """No lock file names a registry, no tracked file a path of one machine."""
    host = re.compile(r'"resolved": *"http|^ *--(extra-)?index-url|^ *--find-links', re.M)
    place = re.compile(r"(?<![\w./-])/(work|farm|root)/")
    for path in tracked_files():
        if path.name.endswith((".lock", "package-lock.json")):
            assert not host.search(path.read_text(encoding="utf-8")), path
        elif path.suffix in (".py", ".ts", ".tsx", ".md", ".toml", ".sql", ".mjs", ".json"):
            assert not place.search(path.read_text(encoding="utf-8")), path
