"""The store: transactions as jobs, on whichever engine the address names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol

from tchap.base.clock import Clock
from tchap.storage.dialect import find_sqlite_path
from tchap.storage.jobs import (
    GroupLost,
    ImpureJob,
    NoPositionInRead,
    Row,
    StoreBusy,
    StoreClosed,
    StoreUnusable,
    T,
    Ts,
    Tx,
)
from tchap.storage.migrations import DIRECTORY
from tchap.storage.postgres import open_postgres
from tchap.storage.sqlite import open_sqlite

__all__ = [
    "GroupLost",
    "ImpureJob",
    "NoPositionInRead",
    "Row",
    "Store",
    "StoreBusy",
    "StoreClosed",
    "StoreUnusable",
    "Tx",
    "open_store",
]


class Store(Protocol):
    """Keeps facts. A job is an `async def job(tx, *args)` that awaits nothing but `tx`, has no effect outside it, and
    may be run again; what it raises reaches the caller, and nothing it did is kept. Raises StoreClosed after `close`
    and StoreBusy when too many jobs wait."""

    async def read(self, job: Callable[[Tx, *Ts], Coroutine[Any, Any, T]], *args: *Ts) -> T:
        """Runs the job on one snapshot, which holds every write acknowledged before the call."""

    async def write(self, job: Callable[[Tx, *Ts], Coroutine[Any, Any, T]], *args: *Ts) -> T:
        """Runs the job and answers after its durable commit. A cancelled caller does not stop it."""

    def write_pipelined(self, job: Callable[[Tx, *Ts], Coroutine[Any, Any, T]], *args: *Ts) -> Awaitable[T]:
        """Enqueues the job now: one writer runs these jobs in the order of the calls. Resolves after the commit."""

    async def horizon(self) -> int:
        """The highest position such that every position up to it is committed or never will be."""

    def committed_position(self) -> int:
        """A lower bound of the horizon, in memory: at least every position this process was told is committed,
        unless somebody else holds an earlier one open. It moves in the same turn of the loop that wakes the writers,
        so a caller woken by its commit may find it already past positions whose own callers run next."""

    async def close(self) -> None:
        """Ends what was asked, then lets go of the database."""


async def open_store(url: str, clock: Clock, directory: Path = DIRECTORY) -> Store:
    """Opens `sqlite:///path/file.db` (or `sqlite:////absolute/file.db`) or `postgresql://…` and runs the migrations.

    StoreBusy where another process has the file open, StoreUnusable where the database cannot be opened.
    """
    path = find_sqlite_path(url)
    if path is not None:
        return await open_sqlite(path, clock, directory)
    return await open_postgres(url, clock, directory)
