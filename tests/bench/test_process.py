"""What the kernel says a process costs."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench import process

BURN = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
REST = "import sys; sys.stdout.write('done'); sys.stdout.flush(); sys.stdin.read()"


@contextmanager
def running(program: str) -> Iterator[int]:
    """A Python child that has run its program, said so, and waits."""
    command = [sys.executable, "-c", f"{program}\n{REST}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.read(4)
        yield child.pid
        assert child.stdin is not None
        child.stdin.close()


def test_all_threads_are_counted() -> None:
    """Work done by a thread that has already ended is in the account."""
    program = (
        f"import threading\nthread = threading.Thread(target=exec, args=({BURN!r},))\nthread.start(); thread.join()"
    )
    with running(program) as pid:
        assert 0.3 <= process.cpu_seconds(pid) < 2.0


def test_children_are_counted_alive_and_ended() -> None:
    """The account holds a child that ended, and grows with one that lives."""
    burner = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])\n"
    keeper = "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    with running(f"{burner}{keeper}import atexit; atexit.register(child.kill)") as pid:
        assert process.cpu_seconds(pid) >= 0.3
        assert len(process.process_tree(pid)) == 2
        assert process.memory_mb(pid, "VmRSS") > 0


def test_the_peak_of_memory_outlives_its_use() -> None:
    """Memory taken and given back stays in the peak, not in what is held now."""
    with running("taken = bytearray(80_000_000); del taken") as pid:
        assert process.memory_mb(pid, "VmHWM") > 76 + process.memory_mb(pid, "VmRSS") / 2
        assert process.memory_mb(pid, "VmRSS") < 70


def test_an_idle_process_is_quiet_at_once() -> None:
    """Settling does not wait to its limit for a server that has nothing left to do."""
    with running("pass") as pid:
        started = time.monotonic()
        asyncio.run(process.settle(pid))
        assert time.monotonic() - started < process.SETTLE_LIMIT_S / 2
