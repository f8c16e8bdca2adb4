"""`docs/law.md` leads to what exists, and leaves no module of the law out."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "law.md").read_text(encoding="utf-8")
# What the law is written with, rather than the law.
_INSTRUMENTS = {"decisions", "file_types", "previews"}


def test_every_test_it_names_exists() -> None:
    """Every rule has a test, defined under tests/."""
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    known = {name for text in texts for name in re.findall(r"def (test_\w+)", text)}
    rules = [
        line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| rule", "| endpoint"))
    ]
    assert rules
    for rule in rules:
        named = set(re.findall(r"`(test_\w+)`", rule))
        assert named, rule
        assert named <= known, (rule, named - known)


def test_every_module_it_names_exists_and_none_of_the_law_is_missing() -> None:
    """Each `layer/module` is a file, and each module of policy/ decides some rule."""
    named = set(re.findall(r"`((?:policy|services|api|live)/\w+)`", PAGE))
    for module in named:
        assert (ROOT / "tchap" / f"{module}.py").exists(), module
    modules = {path.stem for path in (ROOT / "tchap" / "policy").glob("*.py")} - {"__init__"}
    told = {module.removeprefix("policy/") for module in named}
    assert modules - told - _INSTRUMENTS == set()
