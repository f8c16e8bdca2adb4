"""`python -m bench`: compare the two servers, round by round, and print the figures side by side."""

import argparse
import asyncio
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

import msgspec
import uvloop

from bench import process, report, servers, synapse_env
from bench.http_client import BenchError
from bench.measure import Bounds, Measurement, Sizes, Stage
from bench.scenarios import CROWDED, LONG_TO_SET, SCENARIOS, USUAL

SCENARIO_TIMEOUT_S = 300.0
LONG_TIMEOUT_S = 3600.0
"""Of a scenario that is long to set: Synapse takes a good ten minutes to let twenty thousand people in."""
FULL_ROUNDS = 5
QUICK_ROUNDS = 2
FAILURES = (BenchError, TimeoutError, OSError, ExceptionGroup)
"""Of one run: it is told and left out, the others go on, and the command fails at its end."""


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parse(arguments)
    signal.signal(signal.SIGTERM, _end)
    servers.pin_generator()
    contestants = _contestants(options.only)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runs = runner.run(_compare(contestants, options))
    circumstances = _circumstances(options)
    print(f"\n{circumstances}\n\n{report.render(runs, [contestant.name for contestant in contestants])}")
    if options.json:
        everything = {"circumstances": circumstances, "runs": runs}
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(everything)))
    if len(runs) < options.rounds * len(options.scenario) * len(contestants):
        sys.exit("some runs failed")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, shorter windows, smaller rooms")
    parser.add_argument("--rounds", type=int, default=0, help=f"default {FULL_ROUNDS}, with --quick {QUICK_ROUNDS}")
    parser.add_argument("--only", choices=("tchap", "synapse"), help="run one server alone")
    parser.add_argument("--scenario", nargs="+", choices=tuple(SCENARIOS), default=list(USUAL))
    parser.add_argument("--members", type=int, default=0, help="members of the forum")
    parser.add_argument("--crowd", type=int, default=0, help="members of the room of `members`")
    parser.add_argument("--json", type=Path, help="also write every run to this file")
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (QUICK_ROUNDS if options.quick else FULL_ROUNDS)
    sizes = _sizes(options.quick, options.members)
    options.sizes = replace(sizes, crowd=options.crowd or sizes.crowd)
    return options


def _sizes(quick: bool, members: int) -> Sizes:
    sizes = Sizes()
    if quick:
        window, warm_up = Bounds(2.5, 30_000), Bounds(0.7, 1_000)
        sizes = replace(
            sizes, members=100, joiners=120, initial_syncs=5, many_rooms=300, crowd=500, window=window, warm_up=warm_up
        )
    return replace(sizes, members=members or sizes.members)


def _contestants(only: str | None) -> list[servers.Contestant]:
    chosen: list[servers.Contestant] = []
    if only != "synapse":
        chosen.append(servers.Ours())
    if only != "tchap":
        chosen.append(servers.Synapse(synapse_env.synapse_python()))
    return chosen


async def _compare(contestants: Sequence[servers.Contestant], options: argparse.Namespace) -> list[report.Run]:
    runs: list[report.Run] = []
    for number in range(1, options.rounds + 1):
        for scenario in options.scenario:
            for contestant in contestants:  # side by side: both meet the same minute of the machine
                print(f"round {number} {scenario:14} {contestant.name:8}", end=" ", flush=True)
                try:
                    runs.append(await _run_once(contestant, scenario, number, options.sizes))
                except FAILURES as error:
                    print(f"failed: {error!r}", flush=True)
                else:
                    print(_figures(runs[-1].measurement), flush=True)
    return runs


def _figures(measurement: Measurement) -> str:
    return f"{measurement.rate:8.1f}/s {measurement.cpu_ms:8.3f} ms CPU"


async def _run_once(contestant: servers.Contestant, scenario: str, number: int, sizes: Sizes) -> report.Run:
    """One scenario on a fresh server with an empty database, started for it and stopped after it."""
    with tempfile.TemporaryDirectory(prefix="tchap-bench-") as folder:
        has_crowd = scenario in CROWDED
        async with servers.running(contestant, Path(folder), has_crowd) as server:
            stage = Stage(server.target, server.pid, sizes)
            try:
                async with asyncio.timeout(LONG_TIMEOUT_S if scenario in LONG_TO_SET else SCENARIO_TIMEOUT_S):
                    measurement = await SCENARIOS[scenario](stage)
            finally:
                stage.close()
            peak_mb = process.memory_mb(server.pid, "VmHWM")
            return report.Run(scenario, contestant.name, number, measurement, server.idle_mb, peak_mb)


def _circumstances(options: argparse.Namespace) -> str:
    sizes = options.sizes
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores (server on {servers.SERVER_CORE}, generator on "
        f"{servers.GENERATOR_CORE}), {options.rounds} rounds interleaved, Synapse {synapse_env.synapse_version()}; "
        f"{sizes.senders} senders, {sizes.pairs} pairs, forum of {sizes.members}, {sizes.rooms} rooms."
    )


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit("ended by a signal")


if __name__ == "__main__":
    main()
