"""The hall on each engine: SQLite in a file, PostgreSQL in a cluster that lives as long as a test module."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.hall import CONFIG, Hall
from tests.support.house import open_house
from tests.support.postgres import create_database, run_cluster

ENGINES = ("sqlite", "postgresql")
_DATABASES = itertools.count(1)


@dataclass(slots=True)
class Engines:
    """Opens halls on an engine by name; the cluster is started when first asked for."""

    stack: contextlib.ExitStack
    cluster: Path | None = None

    @contextlib.asynccontextmanager
    async def open_hall(self, engine: str, folder: Path) -> AsyncIterator[Hall]:
        config = CONFIG
        if engine == "postgresql":
            if self.cluster is None:
                self.cluster = self.stack.enter_context(run_cluster())
            url = create_database(self.cluster, f"tchap_hall_{next(_DATABASES)}")
            config = f'store_url = "{url}"\n{CONFIG}'
        async with open_house(folder, config) as house:
            yield Hall(house)


@contextlib.contextmanager
def run_engines() -> Iterator[Engines]:
    with contextlib.ExitStack() as stack:
        yield Engines(stack)
