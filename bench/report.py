"""From measurements to the table: rates side by side, and the ratio of each round with its median."""

import statistics
from collections.abc import Sequence

import msgspec

from bench.measure import Measurement

SATURATED_SHARE = 0.9
"""Above this share of its own core, the generator may be what limits the wall-clock figures."""


class Run(msgspec.Struct, frozen=True):
    """One scenario on one server in one round. Memory in megabytes: at rest after the start, and the peak (VmHWM)."""

    scenario: str
    server: str
    round: int
    measurement: Measurement
    idle_mb: float
    peak_mb: float


class Ratios(msgspec.Struct, frozen=True):
    """Round by round, how many times the first server does better than the second, and the medians."""

    rate: list[float]
    cpu: list[float]

    @property
    def median_rate(self) -> float:
        return statistics.median(self.rate)

    @property
    def median_cpu(self) -> float:
        return statistics.median(self.cpu)


def compute_ratios(ours: Sequence[Run], theirs: Sequence[Run]) -> Ratios:
    """Runs of the same scenario, paired by round; a round that one side lacks is left out."""
    by_round = {run.round: run.measurement for run in theirs}
    pairs = [(run.measurement, by_round[run.round]) for run in ours if run.round in by_round]
    return Ratios(
        rate=[mine.rate / other.rate for mine, other in pairs],
        cpu=[other.cpu_ms / mine.cpu_ms for mine, other in pairs],
    )


def render(runs: Sequence[Run], servers: Sequence[str]) -> str:
    """The whole report as Markdown: costs, ratios (only with two servers), memory, warnings."""
    if not runs:
        return "nothing was measured"
    scenarios = list(dict.fromkeys(run.scenario for run in runs))
    blocks = [_costs(runs, scenarios, servers)]
    if len(servers) == 2:
        blocks.append(_ratios(runs, scenarios, servers))
    blocks.append(_memory(runs, scenarios, servers))
    blocks.extend(_warnings(runs))
    return "\n\n".join(blocks)


def _of(runs: Sequence[Run], scenario: str, server: str) -> list[Run]:
    return [run for run in runs if run.scenario == scenario and run.server == server]


def _medians(runs: Sequence[Run]) -> list[str]:
    measured = [run.measurement for run in runs]
    figures = zip(*((each.rate, each.cpu_ms, each.p50_ms, each.p99_ms) for each in measured), strict=True)
    return [f"{statistics.median(values):.4g}" for values in figures]


def _costs(runs: Sequence[Run], scenarios: Sequence[str], servers: Sequence[str]) -> str:
    rows = []
    for scenario in scenarios:
        for server in servers:
            these = _of(runs, scenario, server)
            if not these:
                continue
            share = f"{100 * max(run.measurement.generator_share for run in these):.0f} %"
            rows.append([scenario, server, *_medians(these), share])
    head = ["scenario", "server", "operations/s", "CPU ms/operation", "p50 ms", "p99 ms", "generator's core"]
    return _table("Median of the rounds", head, rows)


def _ratios(runs: Sequence[Run], scenarios: Sequence[str], servers: Sequence[str]) -> str:
    rows = []
    for scenario in scenarios:
        ratios = compute_ratios(_of(runs, scenario, servers[0]), _of(runs, scenario, servers[1]))
        if not ratios.cpu:
            continue
        cpu, rate = (" ".join(f"{each:.1f}" for each in some) for some in (ratios.cpu, ratios.rate))
        rows.append([scenario, f"**{ratios.median_cpu:.1f}**", cpu, f"**{ratios.median_rate:.1f}**", rate])
    title = f"{servers[0]} against {servers[1]}: times less CPU per operation, times more operations/s"
    return _table(title, ["scenario", "CPU, median", "each round", "operations/s, median", "each round"], rows)


def _memory(runs: Sequence[Run], scenarios: Sequence[str], servers: Sequence[str]) -> str:
    rows = [["idle", *(_megabytes([run.idle_mb for run in runs if run.server == server]) for server in servers)]]
    for scenario in scenarios:
        peaks = (_megabytes([run.peak_mb for run in _of(runs, scenario, server)]) for server in servers)
        rows.append([f"peak, {scenario}", *peaks])
    return _table("Memory, MB, median of the rounds", ["", *servers], rows)


def _megabytes(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.0f}" if values else "-"


def _warnings(runs: Sequence[Run]) -> list[str]:
    return [
        f"warning: {run.scenario} on {run.server}, round {run.round}: the generator used "
        f"{100 * run.measurement.generator_share:.0f} % of its core; the operations/s are a lower bound"
        for run in runs
        if run.measurement.generator_share > SATURATED_SHARE
    ]


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([f"{title}:", "", line(head), rule, *(line(row) for row in rows)])
