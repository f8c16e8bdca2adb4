"""The configurations compared."""

import sqlite3
from pathlib import Path

import yaml

from bench import settings
from bench.synapse_env import LOCK, synapse_version
from tchap.base.config_file import parse_settings

FULL = 2


def test_ours_is_the_test_profile_without_rate_limits() -> None:
    """The configuration written for our server is one it accepts."""
    parsed = parse_settings(settings.ours())
    assert parsed.test_profile
    assert not parsed.rate_limits.enabled
    assert parsed.instances[0].name == settings.SERVER_NAME


def test_synapse_gets_a_whole_configuration(tmp_path: Path) -> None:
    """Synapse's configuration is valid YAML that keeps everything in the run's folder and on the loopback."""
    parsed = yaml.safe_load(settings.synapse(tmp_path, 1234))
    assert parsed["listeners"][0]["bind_addresses"] == ["127.0.0.1"]
    assert Path(parsed["database"]["args"]["database"]).parent == tmp_path
    assert parsed["presence"] == {"enabled": False}
    assert parsed["rc_message"]["per_second"] >= 1_000_000


def test_sqlite_is_durable_by_default(tmp_path: Path) -> None:
    """Where nothing is said, as in Synapse, a WAL database has synchronous=FULL: the same durability as ours."""
    with sqlite3.connect(tmp_path / "any.db") as database:
        database.execute("PRAGMA journal_mode = WAL")
        assert database.execute("PRAGMA synchronous").fetchone() == (FULL,)


def test_synapse_is_pinned_with_hashes() -> None:
    """Every package of the lock file carries hashes, and the version compared is named."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    pins = [index for index, line in enumerate(lines) if "==" in line and not line.startswith(("#", " "))]
    assert synapse_version().startswith("1.")
    assert all("--hash=sha256:" in lines[index + 1] for index in pins)
