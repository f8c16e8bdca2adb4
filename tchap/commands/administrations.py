"""`tchap administrations …`: keeping administrations from the command line, without the server."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tchap.base.clock import Clock
from tchap.base.config import Settings
from tchap.base.errors import InvalidParam
from tchap.commands.files import read_text
from tchap.policy.administrations import KINDS
from tchap.services.administration_delegates import dismiss_delegate, name_delegate
from tchap.services.administration_desk import Hand, get_administration, hand_of_console
from tchap.services.administration_domains import (
    add_domain,
    close_domain,
    move_domain,
    rename_domain,
    reopen_domain,
    suspend_domain,
)
from tchap.services.administration_import import import_administrations
from tchap.services.administration_jobs import (
    Change,
    NewAdministration,
    change_administration,
    open_administration,
    set_suspended,
)
from tchap.storage import administrations as book
from tchap.storage import delegates
from tchap.storage.administrations import Administration, Domain
from tchap.storage.database import Store, Tx, open_store
from tchap.storage.delegates import Delegate

_Act = Callable[[Store, argparse.Namespace, Hand], Awaitable[int]]
_Job = Callable[[Tx, argparse.Namespace, Hand], Coroutine[Any, Any, Administration | Domain | Delegate]]


async def administer(settings: Settings, options: argparse.Namespace) -> int:
    """Works on the database itself: with SQLite the server must be stopped. Answers the exit status."""
    clock = Clock()
    store = await open_store(settings.resolved_store_url, clock)
    try:
        act: _Act = _ACTS[options.act]
        return await act(store, options, hand_of_console(settings, clock))
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
        if act in ("create", "change"):
            _add_description(acting, act)


def _add_description(acting: argparse.ArgumentParser, act: str) -> None:
    """What `create` says of a new administration, and `change` of one that is there: what is not given stays."""
    is_new = act == "create"
    for name, words in (_DESCRIPTION if is_new else {**_OTHER, **_DESCRIPTION}).items():
        acting.add_argument(f"--{name}", default="" if is_new else None, help=words)
    acting.add_argument("--headcount", type=int, help="how many agents it has")
    if is_new:
        acting.add_argument("--domain", action="append", default=[], help=f"{_ARGUMENTS['domain']}; may be repeated")
        acting.add_argument("--delegate", action="append", default=[], help="an e-mail address; may be repeated")


async def _list(store: Store, _options: argparse.Namespace, _hand: Hand) -> int:
    known = await store.read(book.find_every_name)
    for _, administration_id in known:
        _print(await store.read(get_administration, administration_id))
    if not known:
        print("none yet; those of the configuration file are written down when the server starts", file=sys.stderr)
    return 0


def _print(what: Administration | Domain | Delegate) -> None:
    if isinstance(what, Administration):
        print("\t".join((what.administration_id, what.name, what.instance, what.status)))
    elif isinstance(what, Delegate):
        print("\t".join(("delegate", what.email, what.user_id or "")))
    else:
        day = [] if what.closes_ts is None else [f"{datetime.fromtimestamp(what.closes_ts / 1000, UTC):%Y-%m-%d}"]
        print("\t".join(("domain", what.domain, what.status, *day)))


async def _find(tx: Tx, text: str) -> Administration:
    """An administration by its whole name or its id, or NotFound."""
    return await book.find_administration_named(tx, text) or await get_administration(tx, text)


async def _show(store: Store, options: argparse.Namespace, _hand: Hand) -> int:
    of = await store.read(_find, options.administration)
    _print(of)
    for field in ("label", "kind", "parent_id", "siren", "headcount", "contact"):
        print(f"{field}\t{getattr(of, field) or ''}")
    for domain in await store.read(book.find_domains_of, [of.administration_id]):
        _print(domain)
    for each in await store.read(delegates.find_delegates, [of.administration_id]):
        _print(each)
    return 0


async def _create(store: Store, options: argparse.Namespace, hand: Hand) -> int:
    new = NewAdministration(
        options.name,
        options.label,
        options.instance,
        options.kind or "other",
        (await store.read(_find, options.parent)).administration_id if options.parent else None,
        options.siren or None,
        options.headcount,
        options.contact or None,
    )
    _print(await store.write(open_administration, new, options.domain, options.delegate, hand))
    return 0


async def _import(store: Store, options: argparse.Namespace, hand: Hand) -> int:
    """Good lines are taken; 1 where there was a bad one."""
    outcome = await import_administrations(store, read_text(Path(options.file)), hand)
    for bad in outcome.bad:
        print(f"{options.file}:{bad.number}: {bad.en}", file=sys.stderr)
    print(
        ", ".join(f"{count} {name}" for name, count in outcome.counts.items()), f"{len(outcome.bad)} refused", sep=", "
    )
    return 1 if outcome.bad else 0


def _on_administration(job: _Job) -> _Act:
    """Does it and tells what it is now about; accounts follow where the server is."""

    async def act(store: Store, options: argparse.Namespace, hand: Hand) -> int:
        _print(await store.write(job, options, hand))
        if options.act in _FOLLOWED:
            print("its accounts follow, and are told by mail, while the server runs", file=sys.stderr)
        return 0

    return act


async def _change(tx: Tx, options: argparse.Namespace, hand: Hand) -> Administration:
    of = await _find(tx, options.administration)
    change = Change(
        name=options.name,
        label=options.label,
        instance=options.instance,
        kind=options.kind,
        parent_id=(await _find(tx, options.parent)).administration_id if options.parent else options.parent,
        siren=options.siren,
        headcount=options.headcount,
        contact=options.contact,
    )
    return await change_administration(tx, of.administration_id, change, hand)


async def _suspend(tx: Tx, options: argparse.Namespace, hand: Hand) -> Administration:
    of = await _find(tx, options.administration)
    return await set_suspended(tx, of.administration_id, options.act == "suspend", hand)


async def _add_domain(tx: Tx, options: argparse.Namespace, hand: Hand) -> Domain:
    return await add_domain(tx, await _find(tx, options.administration), options.domain, hand)


async def _move_domain(tx: Tx, options: argparse.Namespace, hand: Hand) -> Domain:
    return await move_domain(tx, options.domain, (await _find(tx, options.to)).administration_id, hand)


async def _rename_domain(tx: Tx, options: argparse.Namespace, hand: Hand) -> Domain:
    return await rename_domain(tx, options.domain, options.new, hand)


async def _suspend_domain(tx: Tx, options: argparse.Namespace, hand: Hand) -> Domain:
    return await suspend_domain(tx, options.domain, hand)


async def _reopen_domain(tx: Tx, options: argparse.Namespace, hand: Hand) -> Domain:
    return await reopen_domain(tx, options.domain, hand)


async def _close_domain(tx: Tx, options: argparse.Namespace, hand: Hand) -> Domain:
    return await close_domain(tx, options.domain, _moment(options.date), hand)


async def _name_delegate(tx: Tx, options: argparse.Namespace, hand: Hand) -> Delegate:
    return await name_delegate(tx, await _find(tx, options.administration), options.email, hand)


async def _dismiss_delegate(tx: Tx, options: argparse.Namespace, hand: Hand) -> Delegate:
    return await dismiss_delegate(tx, await _find(tx, options.administration), options.email, hand)


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
    "change": _on_administration(_change),
    "suspend": _on_administration(_suspend),
    "reopen": _on_administration(_suspend),
    "add-domain": _on_administration(_add_domain),
    "move-domain": _on_administration(_move_domain),
    "rename-domain": _on_administration(_rename_domain),
    "suspend-domain": _on_administration(_suspend_domain),
    "reopen-domain": _on_administration(_reopen_domain),
    "close-domain": _on_administration(_close_domain),
    "name-delegate": _on_administration(_name_delegate),
    "dismiss-delegate": _on_administration(_dismiss_delegate),
}
_FOLLOWED = ("move-domain", "rename-domain", "reopen-domain", "close-domain")
_WORDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "list": ("list them: id, name, instance, status", ()),
    "show": ("show one with its domains and delegates", ("administration",)),
    "create": ("open one", ("name", "instance")),
    "import": ("take those of a CSV file", ("file",)),
    "change": ("change its name, its label, what it is a part of and the rest", ("administration",)),
    "suspend": ("open no new account there", ("administration",)),
    "reopen": ("open accounts there again", ("administration",)),
    "add-domain": ("give it an e-mail domain", ("administration", "domain")),
    "move-domain": ("give a domain and its agents to another administration", ("domain", "to")),
    "rename-domain": ("rename a domain and the addresses of its accounts", ("domain", "new")),
    "suspend-domain": ("open no new account with a domain", ("domain",)),
    "reopen-domain": ("open accounts with it again, and close none", ("domain",)),
    "close-domain": ("warn the accounts of a domain, and close them that day", ("domain", "date")),
    "name-delegate": ("name a delegated administrator", ("administration", "email")),
    "dismiss-delegate": ("somebody is delegated administrator no more", ("administration", "email")),
}
_ARGUMENTS = {
    "administration": "its id or its whole name",
    "name": "the name",
    "instance": "the server name of its agents",
    "file": "CSV in UTF-8 (docs/operations.md)",
    "domain": "such as prefecture.example.fr, or *.prefecture.example.fr",
    "to": "the other administration: its id or its whole name",
    "new": "the new name",
    "date": "such as 2027-03-31",
    "email": "an e-mail address",
}
_OTHER = {"name": "another name", "instance": "the server name of its new agents"}
_DESCRIPTION = {
    "label": "what stands in brackets after the names of its agents; empty: read from their addresses",
    "kind": f"one of {', '.join(KINDS)}",
    "parent": "the administration it is a part of: its id or its whole name",
    "siren": "nine digits",
    "contact": "the e-mail address told of what is done to it",
}
