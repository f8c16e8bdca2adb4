"""The hall on each engine: SQLite in a file, PostgreSQL in a cluster that a process of tests starts once."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tchap.base.clock import Clock
from tchap.storage.database import open_store
from tests.support.hall import CONFIG, Hall
from tests.support.house import open_house, put_migrated_file
from tests.support.postgres import create_database, lend_database, run_cluster

ENGINES = ("sqlite", "postgresql")
Story = Callable[[Hall], Awaitable[None]]
Tell = Callable[[Story], None]
_MODEL = "tchap_model"


@dataclass(slots=True)
class Engines:
    """Opens halls on an engine by name; the cluster is started, and its model migrated, when first asked for."""

    stack: contextlib.ExitStack
    numbers: Iterator[int]
    running: Path | None = None
    has_model: bool = False

    @property
    def cluster(self) -> Path:
        """The directory of the cluster's socket."""
        if self.running is None:
            self.running = self.stack.enter_context(run_cluster())
        return self.running

    @contextlib.contextmanager
    def empty_store(self, engine: str, folder: Path) -> Iterator[str]:
        """The address of a new store with nothing in it, not even a schema; PostgreSQL's is dropped at the end."""
        if engine == "sqlite":
            yield f"sqlite:///{folder}/tchap.db"
        else:
            with lend_database(self.cluster, self._name()) as address:
                yield address

    @contextlib.asynccontextmanager
    async def migrated_store(self, engine: str, folder: Path) -> AsyncIterator[str]:
        """The same as the migrations leave it: a copy of one in which they ran."""
        if engine == "sqlite":
            await put_migrated_file(folder)
            yield f"sqlite:///{folder}/tchap.db"
            return
        if not self.has_model:
            await (await open_store(create_database(self.cluster, _MODEL), Clock())).close()
            self.has_model = True
        with lend_database(self.cluster, self._name(), _MODEL) as address:
            yield address

    def _name(self) -> str:
        return f"tchap_{next(self.numbers)}"

    @contextlib.asynccontextmanager
    async def open_hall(self, engine: str, folder: Path) -> AsyncIterator[Hall]:
        async with (
            self.migrated_store(engine, folder) as address,
            open_house(folder, f'store_url = "{address}"\n{CONFIG}') as house,
        ):
            yield Hall(house)


@contextlib.contextmanager
def run_engines() -> Iterator[Engines]:
    with contextlib.ExitStack() as stack:
        yield Engines(stack, itertools.count(1))
