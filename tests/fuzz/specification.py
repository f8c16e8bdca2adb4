"""Matrix's own OpenAPI files, read where they are; nothing of them is kept in the project."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import schemathesis
import yaml

_PLACES = (
    os.environ.get("MATRIX_SPEC", ""),
    str(Path(__file__).parents[3] / "shared" / "matrix-spec"),
)


def find_specification() -> Path | None:
    """The folder of the specification: ``MATRIX_SPEC``, or beside the project."""
    return next((Path(place) for place in _PLACES if place and (Path(place) / "data" / "api").is_dir()), None)


@dataclass(frozen=True)
class Operation:
    """One operation of one file, with the path every server answers under."""

    name: str
    base_path: str
    operation: Any

    @property
    def documented(self) -> frozenset[str]:
        """The statuses the specification describes."""
        return frozenset(map(str, self.operation.definition.raw.get("responses", {})))


def read_operations(specification: Path, api: str = "client-server") -> list[Operation]:
    """Every operation of one API, in the order of the files."""
    found = []
    for file in sorted((specification / "data" / "api" / api).glob("*.yaml")):
        base_path = _base_path(yaml.safe_load(file.read_text(encoding="utf-8")))
        for result in schemathesis.openapi.from_path(str(file)).get_all_operations():
            operation = result.ok()
            name = f"{operation.method.upper()} {base_path}{operation.path.strip()}"
            found.append(Operation(name, base_path, operation))
    return found


def _base_path(document: dict[str, Any]) -> str:
    variables = document["servers"][0].get("variables", {})
    return str(variables.get("basePath", {}).get("default", "")).rstrip("/")
