"""What was acknowledged survives the sudden death of the program."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tchap.base.clock import Clock
from tchap.storage.database import Tx, open_store

pytestmark = pytest.mark.anyio

SCHEMA = "CREATE TABLE facts (position BIGINT PRIMARY KEY, body TEXT);\n"


async def add_fact(tx: Tx, body: str) -> int:
    position = await tx.next_position()
    await tx.run("INSERT INTO facts (position, body) VALUES ($1, $2)", position, body)
    return position


async def find_positions(tx: Tx) -> set[int]:
    return {position for (position,) in await tx.all("SELECT position FROM facts")}


async def write_for_ever(url: str, directory: str) -> None:
    """The child: says each acknowledged position, and each horizon a client might have been given."""
    store = await open_store(url, Clock(), Path(directory))

    async def caller(run: int) -> None:
        for number in range(1_000_000):
            write = store.write if (run + number) % 2 else store.write_pipelined
            drawn = await write(add_fact, f"{run} {number}" * 20)
            print(json.dumps([drawn, store.committed_position()]), flush=True)

    await asyncio.gather(*(caller(run) for run in range(32)))


def run_and_kill(url: str, directory: Path, lines: int) -> list[tuple[int, int]]:
    """Starts the child, kills it -9 in the middle of its work and gives the whole lines it said."""
    command = [sys.executable, "-m", __name__, url, str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(lines)]
        child.send_signal(signal.SIGKILL)
        said += child.stdout.read().splitlines(keepends=True)
    return [tuple(json.loads(line)) for line in said if line.endswith(b"\n")]


@pytest.mark.timeout(100)
async def test_acknowledged_jobs_survive_kill_9(store_url: str, tmp_path: Path) -> None:
    """Killed during a load of writes and reopened, the store holds every acknowledged job and its positions go on."""
    directory = tmp_path / "steps"
    directory.mkdir()
    (directory / "0001_facts.sql").write_text(SCHEMA)
    highest = 0
    for lines in (1, 300, 2000):
        said = await asyncio.to_thread(run_and_kill, store_url, directory, lines)
        store = await open_store(store_url, Clock(), directory)
        assert {drawn for drawn, _ in said} <= await store.read(find_positions)
        handed_out = max(max(pair) for pair in said)
        assert handed_out > highest
        assert store.committed_position() >= handed_out
        assert await store.write(add_fact, "after") > handed_out
        highest = handed_out
        await store.close()


if __name__ == "__main__":
    asyncio.run(write_for_ever(sys.argv[1], sys.argv[2]))
