"""A PostgreSQL cluster of its own, thrown away with the tests."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
OPTIONS = "-c listen_addresses='' -c fsync=off -c max_connections=60 -c unix_socket_directories="
LIMIT_S = 60


def run_as_postgres(*command: str | Path) -> None:
    """PostgreSQL refuses to run as root."""
    user = "postgres" if os.geteuid() == 0 else None
    done = subprocess.run(command, user=user, group=user, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@contextlib.contextmanager
def run_cluster() -> Iterator[Path]:
    """The directory of a running cluster's socket; the cluster and its files are gone at the end."""
    home = Path(tempfile.mkdtemp(prefix="tchap-pg-"))
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(home, owner.pw_uid, owner.pw_gid)
    data = home / "data"
    run_as_postgres(PROGRAMS / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "-N", "--locale=C")
    start_cluster(home)
    try:
        yield home
    finally:
        stop_cluster(home)
        shutil.rmtree(home)


def start_cluster(home: Path) -> None:
    options = f"{OPTIONS}{home}"
    run_as_postgres(PROGRAMS / "pg_ctl", "-D", home / "data", "-w", "-o", options, "-l", home / "log", "start")


def stop_cluster(home: Path) -> None:
    """At once, as a power cut would."""
    run_as_postgres(PROGRAMS / "pg_ctl", "-D", home / "data", "-w", "-m", "immediate", "stop")


def create_database(cluster: Path, name: str, model: str = "template0") -> str:
    """The address of a new database: a copy of the model, by default an empty one."""
    run_as_postgres(PROGRAMS / "createdb", "-h", cluster, "-U", "postgres", "-T", model, name)
    return f"postgresql://postgres@/{name}?host={cluster}"


@contextlib.contextmanager
def lend_database(cluster: Path, name: str, model: str = "template0") -> Iterator[str]:
    """A new database that is dropped at the end, whoever is still connected."""
    try:
        yield create_database(cluster, name, model)
    finally:
        run_as_postgres(PROGRAMS / "dropdb", "-h", cluster, "-U", "postgres", "--force", name)
