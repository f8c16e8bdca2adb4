"""Synapse in a virtual environment of its own, from a lock file with hashes; the project never depends on it."""

import hashlib
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).with_name("synapse.lock")
CACHE = Path(".bench")
INSTALL_TIMEOUT_S = 900


def synapse_python() -> Path:
    """The interpreter that runs the locked Synapse, installed first if this lock has not been installed yet."""
    environment = CACHE / "synapse-venv"
    stamp = environment / "lock.sha256"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        _install(environment)
        stamp.write_text(wanted)
    return (environment / "bin" / "python").absolute()


def synapse_version() -> str:
    """The version the lock file pins."""
    pins = (line.split() for line in LOCK.read_text().splitlines() if line.startswith("matrix-synapse=="))
    return next(pins)[0].removeprefix("matrix-synapse==")


def _install(environment: Path) -> None:
    print(f"installing Synapse {synapse_version()} into {environment}", flush=True)
    # The same base interpreter as ours: the comparison is between servers, not between builds of Python.
    subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True, timeout=INSTALL_TIMEOUT_S)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)], check=True, timeout=INSTALL_TIMEOUT_S
    )
