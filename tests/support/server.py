"""The server as a child process, started the way an operator starts it."""

import contextlib
import itertools
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
# Below what the kernel gives outgoing connections and `bind` to port 0 (32768 and above); a span for each worker.
FIRST_PORT, PORTS_OF_A_WORKER, MAX_WORKERS = 20_000, 1_000, 12
_READY = re.compile(r"^Tchap is ready on .*\(listening on https?://127\.0\.0\.1:(\d+)", re.M)
TEST_SERVER_NAME = "test.example.fr"
TEST_TABLES = f"""
[[instances]]
name = "{TEST_SERVER_NAME}"

[rate_limits]
enabled = false
"""


@dataclass(slots=True)
class RunningServer:
    """A server that has said it is ready, and on which port."""

    log_file: Path
    process: subprocess.Popen[bytes]
    port: int = 0
    was_killed: bool = field(default=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL, no chance to finish anything."""
        self.was_killed = True
        self.process.kill()
        self.process.wait()

    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")


@contextlib.contextmanager
def start_server(
    data_dir: Path, profile: Literal["normal", "test"] = "normal", config: str = "", port: int = 0
) -> Iterator[RunningServer]:
    """Start `tchap serve` on a data directory; at the end stop it and require a clean exit.

    Without a port it takes a free one; one that must be known before, or serve twice, is `free_port()`.

    "normal" is the embedded configuration (codes arrive in the built-in mailbox); "test" is a plain Matrix server with
    open registration and no rate limit. `config` is TOML added to it (tables last). A server the caller killed is not
    expected to end cleanly; one whose story failed is killed, so that the story's own error is the one seen.
    """
    data_dir = data_dir.absolute()
    data_dir.mkdir(parents=True, exist_ok=True)
    server = _launch(data_dir, _write_config(data_dir, profile, config), port)
    try:
        _wait_until_ready(server)
        yield server
    except BaseException:
        server.kill()
        raise
    if not server.was_killed:
        _stop(server)


def _ports_of_this_worker() -> Iterator[int]:
    """Round and round, from a chance one: another checkout may be testing on the same machine."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FIRST_PORT + worker % MAX_WORKERS * PORTS_OF_A_WORKER
    for number in itertools.count(random.randrange(PORTS_OF_A_WORKER)):
        yield first + number % PORTS_OF_A_WORKER


_PORTS = _ports_of_this_worker()


def free_port() -> int:
    """A port nobody listens on, which neither another worker nor an outgoing connection will be given meanwhile."""
    for port in itertools.islice(_PORTS, PORTS_OF_A_WORKER):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def _write_config(data_dir: Path, profile: str, config: str) -> list[str]:
    text = f'profile = "test"\n{config}{TEST_TABLES}' if profile == "test" else config
    if not text:
        return []
    file = data_dir / "server.toml"
    file.write_text(text, encoding="utf-8")
    return ["--config", str(file)]


def _launch(data_dir: Path, config: list[str], port: int) -> RunningServer:
    command = [sys.executable, "-m", "tchap", "serve", *config, "--data", str(data_dir), "--port", str(port)]
    log_file = data_dir / f"server-{len(list(data_dir.glob('server-*.log')))}.log"
    with log_file.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT)
    return RunningServer(log_file, process)


def _wait_until_ready(server: RunningServer) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while (ready := _READY.search(server.log())) is None:
        assert server.process.poll() is None, f"the server ended at its start:\n{server.log()}"
        assert time.monotonic() < deadline, f"the server was not ready in time:\n{server.log()}"
        time.sleep(0.02)
    server.port = int(ready[1])


def _stop(server: RunningServer) -> None:
    server.process.send_signal(signal.SIGINT)
    try:
        status = server.process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        server.kill()
        raise AssertionError(f"the server did not stop when asked:\n{server.log()}") from None
    assert status == 0, f"the server ended with status {status}:\n{server.log()}"
