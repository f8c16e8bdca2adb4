"""`tchap domains import`: the State's list of public-sector domains, without the server."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from tchap.base import limits
from tchap.base.clock import Clock
from tchap.base.config import Settings
from tchap.commands.files import read_text
from tchap.policy.domain_requests import Reason
from tchap.services.domain_import import import_domains
from tchap.storage.database import open_store


def add_parser(parser: argparse.ArgumentParser, add_place: Callable[[argparse.ArgumentParser], None]) -> None:
    """The words of the command."""
    acts = parser.add_subparsers(dest="act", required=True)
    importing = acts.add_parser("import", help="read a list: one domain a line, or CSV with its header")
    add_place(importing)
    importing.add_argument("file", type=Path, help="in UTF-8 (docs/operations.md)")
    importing.add_argument("--source", help="where the list comes from; without it, the file's name")
    importing.add_argument("--replace", action="store_true", help="forget the domains that the list does not have")


# Why a domain is nobody's to prove; what stands here for no reason is told as it is.
_WHY = {
    Reason.PUNYCODE.value: "it stands for letters with accents, which no address here has",
    Reason.PUBLIC_SUFFIX.value: "many organisations are under this name",
    Reason.PROVIDER.value: "everybody gets a mailbox there",
    Reason.DISPOSABLE.value: "mailboxes vanish there",
}


async def import_list(settings: Settings, options: argparse.Namespace) -> int:
    """Works on the database itself: with SQLite the server must be stopped. Tells each line that was left out."""
    text, clock = read_text(options.file), Clock()
    store = await open_store(settings.resolved_store_url, clock)
    try:
        source = options.source or options.file.name
        done = await import_domains(store, text, source, clock.now_ms(), options.replace)
    finally:
        await store.close()
    for entry, why in done.bad[: limits.MAX_BAD_LINES]:
        print(f"line {entry.line}: {entry.domain}: {_WHY.get(why, why)}", file=sys.stderr)
    if len(done.bad) > limits.MAX_BAD_LINES:
        print(f"and {len(done.bad) - limits.MAX_BAD_LINES} more lines like these", file=sys.stderr)
    print(f"{done.added} added, {done.known} known already, {done.removed} removed, {len(done.bad)} left out")
    return 0
