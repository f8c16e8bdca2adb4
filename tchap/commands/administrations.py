"""`tchap administrations …`: keeping administrations from the command line, without the server."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from tchap.base import limits
from tchap.base.clock import Clock
from tchap.base.config import Settings
from tchap.base.errors import InvalidParam
from tchap.services.administration_delegates import dismiss_delegate, name_delegate
from tchap.services.administration_desk import CONSOLE, Hand, get_administration, hand_of
from tchap.services.administration_domains import (
    add_domain,
    close_domain,
    move_domain,
    rename_domain,
    reopen_domain,
    suspend_domain,
)
from tchap.services.administration_import import import_administrations
from tchap.services.administration_jobs import NewAdministration, open_administration, set_suspended
from tchap.storage import administrations as book
from tchap.storage import delegates
from tchap.storage.administrations import Administration
from tchap.storage.database import Store, Tx, open_store

_Act = Callable[[Store, argparse.Namespace, Hand], Awaitable[int]]


async def administer(settings: Settings, options: argparse.Namespace) -> int:
    """Works on the database itself: with SQLite the server must be stopped. Answers the exit status."""
    clock = Clock()
    store = await open_store(settings.resolved_store_url, clock)
    try:
        act: _Act = _ACTS[options.act]
        return await act(store, options, hand_of(settings, clock, CONSOLE))
    finally:
        await store.close()


def add_parser(parser: argparse.ArgumentParser, add_place: Callable[[argparse.ArgumentParser], None]) -> None:
    """The words of the command; every act also says where the server's data are."""
    acts = parser.add_subparsers(dest="act", required=True)
    for act, (help_text, arguments) in _WORDS.items():
        acting = acts.add_parser(act, help=help_text)
        add_place(acting)
        for name in arguments:
            acting.add_argument(name, help=_ARGUMENTS[name])
        if act == "create":
            _add_description(acting)


def _add_description(acting: argparse.ArgumentParser) -> None:
    for name in ("label", "kind", "parent", "siren", "contact"):
        acting.add_argument(f"--{name}", default="")
    acting.add_argument("--headcount", type=int)
    acting.add_argument("--domain", action="append", default=[], help="may be repeated")
    acting.add_argument("--delegate", action="append", default=[], help="an e-mail address; may be repeated")


async def _list(store: Store, _options: argparse.Namespace, _hand: Hand) -> int:
    for _, administration_id in await store.read(book.find_every_name):
        _print(await store.read(get_administration, administration_id))
    return 0


def _print(of: Administration) -> None:
    print("\t".join((of.administration_id, of.name, of.instance, of.status)))


async def _show(store: Store, options: argparse.Namespace, _hand: Hand) -> int:
    of = await store.read(get_administration, options.administration)
    _print(of)
    for field in ("label", "kind", "parent_id", "siren", "headcount", "contact"):
        print(f"{field}\t{getattr(of, field) or ''}")
    for domain in await store.read(book.find_domains_of, [of.administration_id]):
        print(f"domain\t{domain.domain}\t{domain.status}")
    for each in await store.read(delegates.find_delegates, [of.administration_id]):
        print(f"delegate\t{each.email}\t{each.user_id or ''}")
    return 0


async def _create(store: Store, options: argparse.Namespace, hand: Hand) -> int:
    new = NewAdministration(
        options.name,
        options.label,
        options.instance,
        options.kind or "other",
        options.parent or None,
        options.siren or None,
        options.headcount,
        options.contact or None,
    )
    _print(await store.write(open_administration, new, options.domain, options.delegate, hand))
    return 0


async def _import(store: Store, options: argparse.Namespace, hand: Hand) -> int:
    """Good lines are taken; 1 where there was a bad one."""
    outcome = await import_administrations(store, _read_file(Path(options.file)), hand)
    for bad in outcome.bad:
        print(f"{options.file}:{bad.number}: {bad.en}", file=sys.stderr)
    print(
        ", ".join(f"{count} {name}" for name, count in outcome.counts.items()), f"{len(outcome.bad)} refused", sep=", "
    )
    return 1 if outcome.bad else 0


def _read_file(path: Path) -> str:
    if path.stat().st_size > limits.MAX_IMPORT_BYTES:
        raise InvalidParam(f"{path} is too large.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidParam(f"{path} is not in UTF-8.") from error


def _on_administration(job: Callable[[Tx, argparse.Namespace, Hand], Awaitable[object]]) -> _Act:
    async def act(store: Store, options: argparse.Namespace, hand: Hand) -> int:
        async def run(tx: Tx) -> None:
            await job(tx, options, hand)

        await store.write(run)
        return 0

    return act


async def _add_domain(tx: Tx, options: argparse.Namespace, hand: Hand) -> None:
    await add_domain(tx, await get_administration(tx, options.administration), options.domain, hand)


async def _name_delegate(tx: Tx, options: argparse.Namespace, hand: Hand) -> None:
    await name_delegate(tx, await get_administration(tx, options.administration), options.email, hand)


async def _dismiss_delegate(tx: Tx, options: argparse.Namespace, hand: Hand) -> None:
    await dismiss_delegate(tx, await get_administration(tx, options.administration), options.email, hand)


async def _close_domain(tx: Tx, options: argparse.Namespace, hand: Hand) -> None:
    await close_domain(tx, options.domain, _moment(options.date), hand)


def _moment(date: str) -> int:
    """The beginning of a day in Universal Time, in ms since 1970."""
    try:
        return int(datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError as error:
        raise InvalidParam(f"'{date}' is not a date such as 2027-03-31.") from error


_ACTS: dict[str, _Act] = {
    "list": _list,
    "show": _show,
    "create": _create,
    "import": _import,
    "suspend": _on_administration(lambda tx, o, hand: set_suspended(tx, o.administration, True, hand)),
    "reopen": _on_administration(lambda tx, o, hand: set_suspended(tx, o.administration, False, hand)),
    "add-domain": _on_administration(_add_domain),
    "move-domain": _on_administration(lambda tx, o, hand: move_domain(tx, o.domain, o.to, hand)),
    "rename-domain": _on_administration(lambda tx, o, hand: rename_domain(tx, o.domain, o.new, hand)),
    "suspend-domain": _on_administration(lambda tx, o, hand: suspend_domain(tx, o.domain, hand)),
    "reopen-domain": _on_administration(lambda tx, o, hand: reopen_domain(tx, o.domain, hand)),
    "close-domain": _on_administration(_close_domain),
    "name-delegate": _on_administration(_name_delegate),
    "dismiss-delegate": _on_administration(_dismiss_delegate),
}
_WORDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "list": ("list them: id, name, instance, status", ()),
    "show": ("show one with its domains and delegates", ("administration",)),
    "create": ("open one", ("name", "instance")),
    "import": ("take those of a CSV file", ("file",)),
    "suspend": ("open no new account there", ("administration",)),
    "reopen": ("open accounts there again", ("administration",)),
    "add-domain": ("give it an e-mail domain", ("administration", "domain")),
    "move-domain": ("give a domain and its agents to another administration", ("domain", "to")),
    "rename-domain": ("rename a domain and the addresses of its accounts", ("domain", "new")),
    "suspend-domain": ("open no new account with a domain", ("domain",)),
    "reopen-domain": ("open accounts with it again, and close none", ("domain",)),
    "close-domain": ("warn the accounts of a domain, and close them that day", ("domain", "date")),
    "name-delegate": ("name a delegated administrator", ("administration", "email")),
    "dismiss-delegate": ("end it", ("administration", "email")),
}
_ARGUMENTS = {
    "administration": "the id",
    "name": "the name",
    "instance": "the server name of its agents",
    "file": "CSV in UTF-8 (docs/operations.md)",
    "domain": "such as prefecture.example.fr, or *.prefecture.example.fr",
    "to": "the id of the other administration",
    "new": "the new name",
    "date": "such as 2027-03-31",
    "email": "an e-mail address",
}
