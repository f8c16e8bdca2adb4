"""Reading the State's list of public-sector domains into the database, from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tchap.base import limits
from tchap.base.errors import InvalidParam
from tchap.base.tables import read_rows
from tchap.gateways.domain_lists import DomainLists
from tchap.policy.domain_requests import DomainFacts, Outcome, decide_domain
from tchap.policy.emails import parse_email
from tchap.policy.lookalikes import looks_of
from tchap.policy.providers import find_provider
from tchap.storage import public_domains
from tchap.storage.database import Store
from tchap.storage.public_domains import PublicDomain


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a list: its number, the domain as it was written, and the organisation's name where it is told."""

    line: int
    domain: str
    name: str | None


@dataclass(slots=True)
class Imported:
    """What an import did; `bad` holds the lines that were left out, each with the reason."""

    added: int = 0
    known: int = 0
    removed: int = 0
    bad: list[tuple[Entry, str]] = field(default_factory=list)


def read_list(text: str) -> Iterator[Entry]:
    """The entries of a list: one domain a line, or CSV with a header.

    Of a CSV the domains are the column `domain`, and `name` then names the organisation; without one they are the
    column `name`, as in the State's own file. Empty lines and those that begin with `#` say nothing. M_INVALID_PARAM
    for what is no CSV.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    header = lines[0].lower() if lines else ""
    delimiter = next((each for each in ";,\t" if each in header), None)
    columns = [each.strip(' "') for each in header.split(delimiter)] if delimiter else [header.strip()]
    column = next((name for name in ("domain", "name") if name in columns), None)
    if column is None:
        delimiter, columns, column = ",", ["domain"], "domain"
    place, title = columns.index(column), columns.index("name") if column == "domain" and "name" in columns else None
    has_header = column in header
    for number, row in read_rows(lines, delimiter or ","):
        is_entry = len(row) > place and row[place].strip() and not row[0].startswith("#")
        if is_entry and not (has_header and number == 1):
            name = row[title].strip() if title is not None and len(row) > title else ""
            yield Entry(number, row[place].strip(), name or None)


def check_entry(lists: DomainLists, entry: Entry) -> str:
    """The domain of an entry, in lower case; ValueError says why it is none that an administration could prove."""
    text = entry.domain.rstrip(".").lower()
    try:
        domain = parse_email(f"x@{text}").domain
    except ValueError as error:
        raise ValueError("not a domain in plain letters") from error
    name = lists.name_of(domain)
    facts = DomainFacts(name, True, find_provider(domain, name.registrable), lists.find_disposable(domain))
    verdict = decide_domain(facts)
    if domain != text or verdict.outcome is Outcome.REFUSE:
        raise ValueError(verdict.reasons[0].value if verdict.reasons else "not a domain")
    return domain


async def import_domains(store: Store, text: str, source: str, now_ms: int, replaces: bool) -> Imported:
    """Writes the list down; doing it again changes nothing. `replaces`: what the list no longer has is forgotten.

    Administrations that are open stay so, whatever becomes of their domain's entry. M_INVALID_PARAM, and nothing is
    changed, where not one line is a domain: that is another file, or one that did not come whole.
    """
    lists, done = DomainLists(), Imported()
    wanted: dict[str, PublicDomain] = {}
    for entry in read_list(text):
        try:
            domain = check_entry(lists, entry)
        except ValueError as error:
            done.bad.append((entry, str(error)))
            continue
        wanted[domain] = PublicDomain(domain, entry.name, source, now_ms)
    if not wanted:
        raise InvalidParam("No line of this file is a domain; nothing was changed.")
    before = await store.read(public_domains.find_all_known)
    await _add(store, lists, list(wanted.values()))
    done.added, done.known = len(wanted.keys() - before), len(wanted.keys() & before)
    if replaces:
        gone = sorted(before - wanted.keys())
        for start in range(0, len(gone), limits.DOMAINS_BATCH):
            await store.write(public_domains.remove_public_domains, gone[start : start + limits.DOMAINS_BATCH])
        done.removed = len(gone)
    return done


async def _add(store: Store, lists: DomainLists, wanted: list[PublicDomain]) -> None:
    for start in range(0, len(wanted), limits.DOMAINS_BATCH):
        batch = wanted[start : start + limits.DOMAINS_BATCH]
        looks = [(each.domain, looks_of(lists.name_of(each.domain))) for each in batch]
        await store.write(public_domains.add_public_domains, batch, looks)
