"""From runs to ratios and the printed tables."""

import pytest

from bench.measure import Measurement
from bench.report import Run, compute_ratios, render


def run(server: str, number: int, operations: int, cpu_seconds: float, share: float = 0.2) -> Run:
    measured = Measurement(operations, 2.0, cpu_seconds, p50_ms=1.0, p99_ms=2.0, generator_share=share)
    return Run("send", server, number, measured, idle_mb=50.0, peak_mb=60.0)


OURS = [run("tchap", 1, 1000, 1.0), run("tchap", 2, 2000, 1.0), run("tchap", 3, 4000, 1.0)]
THEIRS = [run("synapse", 1, 100, 1.0), run("synapse", 2, 100, 1.0)]


def test_ratios_pair_the_rounds() -> None:
    """Each round gives one ratio of rate and one of CPU per operation; a round alone gives none."""
    ratios = compute_ratios(OURS, THEIRS)
    assert ratios.rate == pytest.approx([10, 20])
    assert ratios.cpu == pytest.approx([10, 20])
    assert ratios.median_cpu == pytest.approx(15)


def test_the_report_shows_both_servers_side_by_side() -> None:
    """Costs, ratios and memory are there for both servers."""
    text = render([*OURS, *THEIRS], ["tchap", "synapse"])
    assert "| send     | tchap   | 1000" in text
    assert "| send     | synapse | 50 " in text
    assert "**15.0**" in text
    assert "peak, send" in text


def test_one_server_alone_has_no_ratios() -> None:
    """With --only there is nothing to compare."""
    assert "times less CPU" not in render(THEIRS, ["synapse"])


def test_a_busy_generator_is_told() -> None:
    """Figures limited by the generator's own core come with a warning."""
    assert "warning" not in render(OURS, ["tchap"])
    assert "lower bound" in render([run("tchap", 1, 1000, 1.0, share=0.95)], ["tchap"])
