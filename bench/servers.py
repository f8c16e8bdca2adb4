"""Starting and stopping the two servers, each with a database of its own that dies with the run."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench import process, settings
from bench.http_client import BenchError, Connection, Target

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
LOG_TAIL_CHARS = 3_000
SERVER_CORE = 0
GENERATOR_CORE = 1


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers requests."""

    target: Target
    pid: int
    idle_mb: float


class Contestant(Protocol):
    """One of the servers compared."""

    name: str

    def prepare(self, folder: Path, port: int, crowd: Path | None = None) -> list[str]:
        """Write the configuration into the folder; the command that starts the server in the foreground."""


class Ours:
    """This project's server in its test profile: open registration, no rate limit, SQLite."""

    name = "tchap"

    def prepare(self, folder: Path, port: int, crowd: Path | None = None) -> list[str]:
        config = folder / "tchap.toml"
        config.write_text(settings.ours(crowd))
        where = ["--config", str(config), "--data", str(folder / "data"), "--port", str(port)]
        return [sys.executable, "-m", "tchap", "serve", *where]


class Synapse:
    """Synapse as one process on SQLite, without what would only cost it (see bench/settings.py)."""

    name = "synapse"

    def __init__(self, python: Path) -> None:
        self._python = str(python)

    def prepare(self, folder: Path, port: int, crowd: Path | None = None) -> list[str]:
        config = folder / "homeserver.yaml"
        config.write_text(settings.synapse(folder, port, crowd))
        (folder / "log.yaml").write_text(settings.SYNAPSE_LOG)
        command = [self._python, "-m", "synapse.app.homeserver", "--config-path", str(config)]
        subprocess.run([*command, "--generate-keys"], check=True, timeout=START_TIMEOUT_S, capture_output=True)
        return command


@contextlib.asynccontextmanager
async def running(contestant: Contestant, folder: Path, has_crowd: bool = False) -> AsyncIterator[Running]:
    """Start the server on the server's core, wait until it answers and is quiet; stop it whatever happens."""
    port = free_port()
    command = contestant.prepare(folder, port, _write_crowd(folder) if has_crowd else None)
    log = folder / "server.log"
    server = _start(command, log)
    try:
        target = Target(port)
        await _wait_until_answering(server, target, log)
        await process.settle(server.pid)
        yield Running(target, server.pid, process.memory_mb(server.pid, "VmRSS"))
    finally:
        _stop(server)


def _write_crowd(folder: Path) -> Path:
    file = folder / "crowd.yaml"
    file.write_text(settings.CROWD)
    return file


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def pin_generator() -> None:
    """Keep the generator off the server's core, where there is a second one."""
    if GENERATOR_CORE in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {GENERATOR_CORE})
    else:
        print("warning: one core only: the generator shares it with the server", flush=True)


def _start(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    # All threads of the server on one core; and the server dies with the generator, even killed.
    bound = ["setpriv", "--pdeathsig", "KILL", "taskset", "--cpu-list", str(SERVER_CORE), *command]
    with log.open("wb") as output:
        return subprocess.Popen(bound, stdout=output, stderr=output, start_new_session=True)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-LOG_TAIL_CHARS:]


async def _wait_until_answering(server: subprocess.Popen[bytes], target: Target, log: Path) -> None:
    async with asyncio.timeout(START_TIMEOUT_S):
        while not await _answers(target):
            if server.poll() is not None:
                raise BenchError(f"the server ended at its start:\n{_tail(log)}")
            await asyncio.sleep(0.1)


async def _answers(target: Target) -> bool:
    connection = Connection(target)
    try:
        return (await connection.request("GET", "/_matrix/client/versions")).status == 200
    except (OSError, BenchError):
        return False
    finally:
        connection.close()


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
