"""What a server costs, read from the kernel: processor time and memory of its whole process tree (Linux)."""

import asyncio
import os
import time
from pathlib import Path

SETTLE_SLICE_S = 0.25
SETTLE_SHARE = 0.03
"""A server that used less than this share of a core during one slice has finished its deferred work."""
SETTLE_LIMIT_S = 5.0


def process_tree(pid: int) -> list[int]:
    """The process and all its living descendants."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found.extend(int(child) for child in children.read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """Processor seconds used so far, user and system, all threads, by the tree and by its children that ended.

    A living process is read by its own clock (clock_getcpuclockid(3)): the same account as utime + stime in
    /proc/PID/stat, in nanoseconds instead of ticks of 10 ms, which matters for the cheap operations.
    """
    return sum(time.clock_gettime(~each << 3 | 2) for each in process_tree(pid)) + _ended_children(pid)


def memory_mb(pid: int, field: str) -> float:
    """One memory line of /proc/PID/status (VmRSS now, VmHWM peak) summed over the tree, in megabytes."""
    return sum(_status_kb(each, field) for each in process_tree(pid)) / 1024


async def settle(pid: int) -> None:
    """Wait until the server is quiet, so that work it put off until after its answers is counted as well."""
    deadline = time.monotonic() + SETTLE_LIMIT_S
    while time.monotonic() < deadline:
        before = cpu_seconds(pid)
        await asyncio.sleep(SETTLE_SLICE_S)
        if cpu_seconds(pid) - before < SETTLE_SHARE * SETTLE_SLICE_S:
            return


def _ended_children(pid: int) -> float:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[13]) + int(after_name[14])) / os.sysconf("SC_CLK_TCK")


def _status_kb(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    return 0
