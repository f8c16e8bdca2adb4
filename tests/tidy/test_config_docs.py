"""Every setting is documented, and nothing that is not a setting."""

import json
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from tchap.base.config import Administration, ConfigError, Settings, TestProfile
from tchap.base.config_file import parse_settings

DOC = Path(__file__).parents[2] / "docs" / "configuration.md"


def setting_names() -> set[str]:
    names = set()
    for field in msgspec.structs.fields(Settings):
        value = getattr(Settings(), field.name)
        if isinstance(value, msgspec.Struct):
            names.update(f"{field.name}.{inner.name}" for inner in msgspec.structs.fields(value))
        else:
            names.add(field.name)
    for table in ("instances", "administrations"):
        names.update(f"{table}.{inner.name}" for inner in msgspec.structs.fields(getattr(Settings(), table)[0]))
    names.update(f"test.{inner.name}" for inner in msgspec.structs.fields(TestProfile))
    return names - {"instances", "administrations", "test"}


def test_every_setting_is_documented() -> None:
    """docs/configuration.md has one row for each setting and no other."""
    documented = set(re.findall(r"^\| `([a-z_.]+)` \|", DOC.read_text(encoding="utf-8"), re.M))
    assert documented == setting_names()


def defaults() -> dict[str, object]:
    """The default of each setting, as TOML would say it; those a file must give are left out."""
    found: dict[str, object] = {}
    tables = {field.name: getattr(Settings(), field.name) for field in msgspec.structs.fields(Settings)}
    tables |= {"test": TestProfile(), "instances": Settings().instances[0], "administrations": None}
    for name, value in tables.items():
        kind = Administration if name == "administrations" else type(value)
        if not issubclass(kind, msgspec.Struct):
            found[name] = value
            continue
        for inner in msgspec.structs.fields(kind):
            if inner.default is not msgspec.NODEFAULT:
                found[f"{name}.{inner.name}"] = inner.default
            elif inner.default_factory is not msgspec.NODEFAULT:
                found[f"{name}.{inner.name}"] = inner.default_factory()
    return {name: json.loads(msgspec.json.encode(value)) for name, value in found.items()}


def test_every_default_is_the_documented_one() -> None:
    """A default in words stands for an empty text; an empty cell for a setting that has none, or an empty one."""
    cells = dict(re.findall(r"^\| `([a-z_.]+)` \| (.*?) ?\|", DOC.read_text(encoding="utf-8"), re.M))
    known = defaults()
    for name, cell in cells.items():
        written = tomllib.loads(f"x = {cell.strip('`')}")["x"] if re.fullmatch("`[^`]+`", cell) else ""
        assert written == known.get(name, ""), name


def test_the_example_is_lawful() -> None:
    """deploy/tchap.example.toml is a configuration the server accepts, and not that of tests."""
    example = DOC.parents[1] / "deploy" / "tchap.example.toml"
    assert not parse_settings(example.read_text(encoding="utf-8")).test_profile


@pytest.mark.parametrize(
    "text",
    [
        "profil = 'test'",
        "[http]\nport = 'eight'",
        "instances = []",
        "[[instances]]\nname = 'a.example'\n[[instances]]\nname = 'a.example'",
        "[test]\nshared_secret = 's'",
        "[http]\ntls_port = 8448",
        "[antivirus]\nclamd = 'somewhere'",
        "[antivirus]\nencrypted = 'required'",
        "not toml",
        "[retention]\npublic_default_days = 91",
        "[retention]\ndirect_max_days = 10",
        "[retention]\nclear_default_days = -1",
        "[retention]\ninterval_s = 0",
        "[media]\nundeclared_lifetime_days = -1",
        "[rooms]\nclassifications = ['']",
    ],
)
def test_bad_configuration_is_refused(text: str) -> None:
    """A setting that is unknown, of the wrong type or inconsistent is refused with a reason."""
    with pytest.raises(ConfigError):
        parse_settings(text)
