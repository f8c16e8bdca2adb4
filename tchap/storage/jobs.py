"""What a transaction job is, for both engines: the hand it is given and the ways it can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

Row = tuple[Any, ...]


class Tx(Protocol):
    """The hand of a job inside its transaction. SQL is the text described in `dialect.py`; rows are plain tuples."""

    async def all(self, sql: str, *params: Any) -> list[Row]:
        """Every row."""

    async def one(self, sql: str, *params: Any) -> Row | None:
        """The first row, or None."""

    async def run(self, sql: str, *params: Any) -> int:
        """How many rows the statement changed."""

    async def many(self, sql: str, rows: Sequence[Row]) -> None:
        """The statement once per row of parameters."""

    async def next_position(self) -> int:
        """Draws one global position (write jobs only); a job that fails leaves a gap."""

    async def next_positions(self, count: int) -> int:
        """Draws `count` consecutive positions and gives the first."""


# A job awaits nothing but its `tx`, has no effect outside it and may be run again.
Job = Callable[..., Coroutine[Any, Any, T]]


class StoreClosed(RuntimeError):
    """The store was closed before it could run the job."""


class StoreBusy(RuntimeError):
    """More jobs are waiting than the store will hold."""


class StoreUnusable(RuntimeError):
    """The database cannot be opened: it does not answer, lets nobody in, or is something else."""


class ImpureJob(RuntimeError):
    """A job awaited something other than its transaction."""

    def __init__(self, job: object) -> None:
        super().__init__(f"{getattr(job, '__qualname__', job)} awaited something other than its tx")


class GroupLost(RuntimeError):
    """The engine undid the whole group of jobs (disk full, I/O error): none of them is stored."""


class NoPositionInRead(RuntimeError):
    """A read job asked for a position; only writes draw one."""


class CommitUnknown(RuntimeError):
    """The database went away while it was asked to commit: nobody can say whether the job is stored."""
