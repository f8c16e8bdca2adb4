"""`tchap directory …`: keeping the directory of people from the command line, without the server."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tchap.base.clock import Clock
from tchap.base.config import Settings
from tchap.commands.files import not_in_utf8
from tchap.policy.people_files import MAX_TEXT, Reason
from tchap.services.directory_listing import list_everybody
from tchap.services.people_roles import import_roles
from tchap.storage.database import Store, open_store

_WHY: Mapping[Reason, str] = {
    "columns": "the first line names the columns: email, then unit, function or both",
    "fields": "it has not as many fields as there are columns",
    "email": "this is not a plain e-mail address",
    "too long": f"a unit or a function has at most {MAX_TEXT} characters",
    "unprintable": "a character of it cannot be shown",
    "twice": "this address has a line above",
}


async def keep(settings: Settings, options: argparse.Namespace) -> int:
    """Works on the database itself: with SQLite the server must be stopped. 1 where a line of a file says nothing."""
    store = await open_store(settings.resolved_store_url, Clock())
    try:
        if options.act == "import":
            return await _import(store, options.file)
        print(f"{await list_everybody(store)} accounts looked at")
        return 0
    finally:
        await store.close()


def add_parser(parser: argparse.ArgumentParser, add_place: Callable[[argparse.ArgumentParser], None]) -> None:
    """The words of the command; every act also says where the server's data are."""
    acts = parser.add_subparsers(dest="act", required=True)
    importing = acts.add_parser("import", help="read units and functions from a CSV file: email,unit,function")
    importing.add_argument("file", type=Path, help="in UTF-8; the first line names the columns")
    for acting in (importing, acts.add_parser("rebuild", help="list everybody anew, in large steps")):
        add_place(acting)


async def _import(store: Store, path: Path) -> int:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            report = await import_roles(store, file)
    except UnicodeDecodeError as error:
        raise not_in_utf8(path) from error
    for fault in report.faults:
        print(f"line {fault.line}: {_WHY[fault.reason]}", file=sys.stderr)
    for role in report.unknown:
        print(f"line {role.line}: nobody has the address {role.email}", file=sys.stderr)
    print(f"{report.known} people, {len(report.unknown)} unknown addresses, {len(report.faults)} bad lines")
    return 1 if report.faults else 0
