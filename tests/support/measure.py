"""How deep the road to the rows is: the measure of the budgets in `docs/design.md`, section 3."""

import sys
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import tchap

PROJECT = Path(tchap.__file__).parent


@dataclass(frozen=True, slots=True)
class Road:
    """The project's frames on the stack of one call, outermost first, as `room/file.py:function`."""

    frames: tuple[str, ...]

    @property
    def depth(self) -> int:
        return len(self.frames)

    @property
    def rooms(self) -> frozenset[str]:
        return frozenset(frame.split("/")[0] for frame in self.frames)


@dataclass(slots=True)
class Roads:
    """Every road taken to the store while measuring."""

    taken: list[Road] = field(default_factory=list)

    @property
    def deepest(self) -> Road:
        return max(self.taken, key=lambda road: road.depth)

    @property
    def rooms(self) -> frozenset[str]:
        return frozenset().union(*(road.rooms for road in self.taken))


class MeasuredStore:
    """A store that notes who calls it, and who calls its transactions; it does nothing else."""

    def __init__(self, inner: Any, roads: Roads) -> None:
        self._inner = inner
        self._roads = roads

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def read(self, job: Any, *args: Any) -> Any:
        return await self._inner.read(self._measured(job), *args)

    async def write(self, job: Any, *args: Any) -> Any:
        return await self._inner.write(self._measured(job), *args)

    def write_pipelined(self, job: Any, *args: Any) -> Awaitable[Any]:
        answer: Awaitable[Any] = self._inner.write_pipelined(self._measured(job), *args)
        return answer

    def _measured(self, job: Any) -> Any:
        outer = tuple(_frames(sys._getframe(2)))
        self._roads.taken.append(Road(outer))

        async def run(tx: Any, *args: Any) -> Any:
            return await job(_MeasuredTx(tx, outer, self._roads, run.__code__), *args)

        return run


class _MeasuredTx:
    def __init__(self, inner: Any, outer: tuple[str, ...], roads: Roads, start: CodeType) -> None:
        self._inner = inner
        self._outer = outer
        self._roads = roads
        self._start = start

    def _note(self) -> None:
        self._roads.taken.append(Road(self._outer + tuple(_frames(sys._getframe(2), self._start))))

    async def all(self, sql: str, *params: Any) -> Any:
        self._note()
        return await self._inner.all(sql, *params)

    async def one(self, sql: str, *params: Any) -> Any:
        self._note()
        return await self._inner.one(sql, *params)

    async def run(self, sql: str, *params: Any) -> Any:
        self._note()
        return await self._inner.run(sql, *params)

    async def many(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        self._note()
        await self._inner.many(sql, rows)

    async def next_position(self) -> int:
        self._note()
        return int(await self._inner.next_position())

    async def next_positions(self, count: int) -> int:
        self._note()
        return int(await self._inner.next_positions(count))


def _frames(frame: FrameType | None, start: CodeType | None = None) -> Iterator[str]:
    """From the outermost: comprehensions and lambdas are part of the function they stand in."""
    found = []
    while frame is not None and frame.f_code is not start:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(PROJECT) and not frame.f_code.co_name.startswith("<"):
            found.append(f"{path.relative_to(PROJECT)}:{frame.f_code.co_name}")
        frame = frame.f_back
    return reversed(found)
