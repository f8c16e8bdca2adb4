"""The registration files of application services, in the YAML they are written in."""

from collections.abc import Iterable
from pathlib import Path

import yaml

from tchap.base.config import ConfigError
from tchap.protocol.appservices import AppServices, BadRegistration, gather, parse_registration


def read_appservices(paths: Iterable[str], instances: tuple[str, ...]) -> AppServices:
    """Every registration; ConfigError names the file that cannot be used, and why."""
    found = []
    for path in paths:
        try:
            value = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
            found.append(parse_registration(value, instances))
        except (OSError, UnicodeDecodeError, yaml.YAMLError, BadRegistration) as error:
            raise ConfigError(f"test.appservice_files: {path}: {error}") from error
    try:
        return gather(found)
    except BadRegistration as error:
        raise ConfigError(f"test.appservice_files: {error}") from error
