"""The domains known to be of the public sector, and what known and opened domains look like."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from tchap.base import limits
from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class PublicDomain:
    """`name` is the organisation's where the list told it; `source` says which list."""

    domain: str
    name: str | None
    source: str
    imported_ts: int


class Looks(Protocol):
    """What a domain is found by (policy/lookalikes)."""

    @property
    def look(self) -> str: ...
    @property
    def loose(self) -> str: ...
    @property
    def head(self) -> str: ...
    @property
    def middle(self) -> str: ...
    @property
    def tail(self) -> str: ...


class SearchKeys(Protocol):
    """What those that may resemble a domain have in common with it (policy/lookalikes)."""

    @property
    def domains(self) -> tuple[str, ...]: ...
    @property
    def look(self) -> str: ...
    @property
    def loose(self) -> str: ...
    @property
    def heads(self) -> tuple[str, ...]: ...
    @property
    def middles(self) -> tuple[str, ...]: ...
    @property
    def tails(self) -> tuple[str, ...]: ...


async def find_public_domain(tx: Tx, domain: str) -> PublicDomain | None:
    row = await tx.one("SELECT domain, name, source, imported_ts FROM public_domains WHERE domain = $1", domain)
    return None if row is None else PublicDomain(*row)


async def add_public_domains(tx: Tx, domains: Sequence[PublicDomain], looks: Sequence[tuple[str, Looks]]) -> None:
    """Adds them; what is known already keeps its date, and learns its name."""
    await tx.many(
        "INSERT INTO public_domains (domain, name, source, imported_ts) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (domain) DO UPDATE SET name = COALESCE(excluded.name, public_domains.name)",
        [(each.domain, each.name, each.source, each.imported_ts) for each in domains],
    )
    await add_looks(tx, looks)


async def remove_public_domains(tx: Tx, domains: Collection[str]) -> None:
    await tx.run("DELETE FROM public_domains WHERE domain IN_LIST($1)", domains)
    await tx.run("DELETE FROM domain_looks WHERE domain IN_LIST($1)", domains)


async def find_all_known(tx: Tx) -> set[str]:
    """Every known domain: some tens of thousands, for the command line alone."""
    return {row[0] for row in await tx.all("SELECT domain FROM public_domains")}


async def add_looks(tx: Tx, looks: Sequence[tuple[str, Looks]]) -> None:
    await tx.many(
        "INSERT INTO domain_looks (domain, look, loose, head, middle, tail) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT DO NOTHING",
        [(domain, each.look, each.loose, each.head, each.middle, each.tail) for domain, each in looks],
    )


async def find_opened_unseen(tx: Tx) -> list[str]:
    """Opened domains that nobody looked at yet, whatever road opened them; without the `*.` of a listing."""
    rows = await tx.all(
        "SELECT o.domain FROM (SELECT CASE WHEN SUBSTR(domain, 1, 2) = '*.' THEN SUBSTR(domain, 3) ELSE domain END"
        " AS domain FROM administration_domains WHERE status <> 'closed') o"
        " LEFT JOIN domain_looks l ON l.domain = o.domain WHERE l.domain IS NULL LIMIT $1",
        limits.LOOKS_BATCH,
    )
    return [row[0] for row in rows]


async def find_alike(tx: Tx, keys: SearchKeys) -> set[str]:
    """Domains that may resemble the one these keys are of: all that look the same, and many of those nearly so."""
    same = await tx.all(
        "SELECT domain FROM domain_looks WHERE domain IN_LIST($1) OR look = $2 OR loose = $3",
        keys.domains,
        keys.look,
        keys.loose,
    )
    near = await tx.all(
        "SELECT domain FROM domain_looks WHERE head IN_LIST($1) OR middle IN_LIST($2) OR tail IN_LIST($3) LIMIT $4",
        keys.heads,
        keys.middles,
        keys.tails,
        limits.LOOKALIKE_CANDIDATES,
    )
    return {row[0] for row in (*same, *near)}
