"""ClamAV's own daemon with a small database of ours, thrown away with the tests. Nothing is downloaded."""

import contextlib
import io
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROGRAM = "/usr/sbin/clamd"
_WAIT_S = 30
# In two halves, so that no scanner takes this file for what it speaks of.
EICAR = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*").encode()
_MARK = ("EICAR-" + "STANDARD-ANTIVIRUS-TEST-FILE").encode()
THREAT = "Tchap.Test.Eicar.UNOFFICIAL"
MAX_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class ClamAv:
    """`address` is what `antivirus.clamd` names."""

    home: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return str(self.home / "clamd.sock")

    def start(self) -> None:
        self.process = subprocess.Popen(
            [PROGRAM, "-c", str(self.home / "clamd.conf"), "--foreground"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + _WAIT_S
        while not Path(self.address).exists():
            assert self.process.poll() is None, (self.home / "log").read_text()
            assert time.monotonic() < until, "clamd does not start"
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(_WAIT_S)
            self.process = None


@contextlib.contextmanager
def run_clamav() -> Iterator[ClamAv]:
    home = Path(tempfile.mkdtemp(prefix="tchap-clamav-"))
    database = home / "database"
    database.mkdir()
    # An extended signature: name, any kind of file, any place in it, the bytes.
    (database / "tchap.ndb").write_text(f"Tchap.Test.Eicar:0:*:{_MARK.hex()}\n")
    (home / "clamd.conf").write_text(
        f"DatabaseDirectory {database}\nLocalSocket {home}/clamd.sock\nLogFile {home}/log\nTemporaryDirectory {home}\n"
        f"StreamMaxLength {MAX_BYTES}\nMaxThreads 4\nAlertExceedsMax yes\nUser root\n"
    )
    daemon = ClamAv(home)
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.stop()
        shutil.rmtree(home, ignore_errors=True)


def archive(name: str, data: bytes) -> bytes:
    """A compressed archive with one file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr(name, data)
    return out.getvalue()
