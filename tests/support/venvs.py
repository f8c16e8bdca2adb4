"""Environments of their own for clients whose dependencies are not ours, made from locks and kept between runs."""

import fcntl
import hashlib
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "tests" / "journeys" / "clients"
INSTALL_TIMEOUT_S = 180


def make_venv(name: str) -> Path:
    """The `bin` folder of the environment of `tests/journeys/clients/{name}.lock`, installed if it is not there yet."""
    lock = LOCKS / f"{name}.lock"
    stamp = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = ROOT / "build" / "venvs" / f"{name}-{stamp}"
    done = folder / ".installed"
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Another worker may want the same one at the same moment.
    with folder.with_suffix(".making").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        if not done.exists():
            venv.create(folder, clear=True, with_pip=True)
            command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*command, "--require-hashes", "-r", str(lock)], check=True, timeout=INSTALL_TIMEOUT_S)
            done.touch()
    return folder / "bin"
