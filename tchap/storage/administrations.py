"""Administrations, their e-mail domains, and which administration an account is of."""

from collections.abc import Collection
from dataclasses import dataclass

from tchap.storage.database import Row, Tx

ACTIVE, SUSPENDED, CLOSING, CLOSED = "active", "suspended", "closing", "closed"


@dataclass(frozen=True, slots=True)
class Administration:
    """One row; `parent_id` is the administration it is a part of, `contact` an e-mail address, `siren` nine digits;
    `is_held` where an operator suspended it."""

    administration_id: str
    name: str
    label: str
    instance: str
    created_ts: int
    kind: str = "other"
    parent_id: str | None = None
    siren: str | None = None
    headcount: int | None = None
    contact: str | None = None
    status: str = ACTIVE
    refuses_clear: bool = True
    requires_mfa: bool = False
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Domain:
    """`domain` is exact, or `*.name` for what stands under a name; `closes_ts` is set while it is closing; `is_held`
    where an operator suspended it, or is closing it."""

    domain: str
    administration_id: str
    added_ts: int
    status: str = ACTIVE
    closes_ts: int | None = None
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class ListedDomain:
    """A domain with what decides on its addresses; both stand or fall together."""

    domain: str
    administration_id: str
    instance: str
    label: str
    is_open: bool


_FIELDS = (
    "administration_id, name, label, instance, created_ts, kind, parent_id, siren, headcount, contact, status,"
    " refuses_clear, requires_mfa, held"
)
_DOMAIN = "domain, administration_id, added_ts, status, closes_ts, held"


def _domain(row: Row) -> Domain:
    return Domain(row[0], row[1], row[2], row[3], row[4], bool(row[5]))


def _administration(row: Row) -> Administration:
    return Administration(*row[:11], *map(bool, row[11:]))


async def find_listed(tx: Tx, names: Collection[str]) -> list[ListedDomain]:
    """What is known of these ways to list a domain; closed ones are as unknown as any other."""
    rows = await tx.all(
        "SELECT d.domain, d.administration_id, a.instance, a.label, d.status, a.status"
        " FROM administration_domains d JOIN administrations a ON a.administration_id = d.administration_id"
        " WHERE d.domain IN_LIST($1) AND d.status <> 'closed'",
        names,
    )
    return [ListedDomain(row[0], row[1], row[2], row[3], row[4] == ACTIVE == row[5]) for row in rows]


async def find_administration(tx: Tx, administration_id: str) -> Administration | None:
    row = await tx.one(f"SELECT {_FIELDS} FROM administrations WHERE administration_id = $1", administration_id)
    return None if row is None else _administration(row)


async def find_administration_named(tx: Tx, name: str) -> Administration | None:
    row = await tx.one(f"SELECT {_FIELDS} FROM administrations WHERE name = $1", name)
    return None if row is None else _administration(row)


async def find_administrations(tx: Tx, ids: Collection[str]) -> list[Administration]:
    """Those of these ids that exist, in order of their names."""
    rows = await tx.all(
        f"SELECT {_FIELDS} FROM administrations WHERE administration_id IN_LIST($1) ORDER BY name", sorted(ids)
    )
    return [_administration(row) for row in rows]


async def find_every_name(tx: Tx) -> list[tuple[str, str]]:
    """`(name, administration_id)` of all, in order of their names: a few tens of thousands at the most."""
    rows = await tx.all("SELECT name, administration_id FROM administrations ORDER BY name, administration_id")
    return [(row[0], row[1]) for row in rows]


async def find_taken_ids(tx: Tx, ids: Collection[str]) -> set[str]:
    """Which of these ids are given."""
    rows = await tx.all("SELECT administration_id FROM administrations WHERE administration_id IN_LIST($1)", list(ids))
    return {row[0] for row in rows}


async def find_below(tx: Tx, ids: Collection[str]) -> frozenset[str]:
    """These administrations and everything below them."""
    rows = await tx.all(
        "WITH RECURSIVE below (administration_id) AS ("
        " SELECT administration_id FROM administrations WHERE administration_id IN_LIST($1)"
        " UNION SELECT c.administration_id FROM administrations c"
        " JOIN below b ON c.parent_id = b.administration_id) SELECT administration_id FROM below",
        sorted(ids),
    )
    return frozenset(row[0] for row in rows)


async def find_lineage(tx: Tx, administration_id: str) -> frozenset[str]:
    """The administration and everything above it."""
    rows = await tx.all(
        "WITH RECURSIVE above (administration_id, parent_id) AS ("
        " SELECT administration_id, parent_id FROM administrations WHERE administration_id = $1"
        " UNION SELECT p.administration_id, p.parent_id FROM administrations p"
        " JOIN above a ON p.administration_id = a.parent_id) SELECT administration_id FROM above",
        administration_id,
    )
    return frozenset(row[0] for row in rows)


async def find_administration_of(tx: Tx, user_id: str) -> Administration | None:
    """The administration of an account; None for an external, and for nobody."""
    columns = ", ".join(f"o.{name.strip()}" for name in _FIELDS.split(","))
    row = await tx.one(
        f"SELECT {columns} FROM accounts a JOIN administrations o ON o.administration_id = a.administration_id"
        " WHERE a.user_id = $1",
        user_id,
    )
    return None if row is None else _administration(row)


async def add_administration(tx: Tx, administration: Administration) -> bool:
    """False where the id or the name is taken."""
    added = await tx.run(
        f"INSERT INTO administrations ({_FIELDS})"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING",
        administration.administration_id,
        administration.name,
        administration.label,
        administration.instance,
        administration.created_ts,
        administration.kind,
        administration.parent_id,
        administration.siren,
        administration.headcount,
        administration.contact,
        administration.status,
        int(administration.refuses_clear),
        int(administration.requires_mfa),
        int(administration.is_held),
    )
    return added > 0


async def set_administration(tx: Tx, changed: Administration) -> None:
    """Writes everything but the id and the moment it was made."""
    await tx.run(
        "UPDATE administrations SET name = $2, label = $3, instance = $4, kind = $5, parent_id = $6, siren = $7,"
        " headcount = $8, contact = $9, status = $10, refuses_clear = $11, requires_mfa = $12, held = $13"
        " WHERE administration_id = $1",
        changed.administration_id,
        changed.name,
        changed.label,
        changed.instance,
        changed.kind,
        changed.parent_id,
        changed.siren,
        changed.headcount,
        changed.contact,
        changed.status,
        int(changed.refuses_clear),
        int(changed.requires_mfa),
        int(changed.is_held),
    )


async def add_domain(tx: Tx, domain: Domain) -> bool:
    """False where the domain is somebody's already. One that was closed is free again."""
    added = await tx.run(
        f"INSERT INTO administration_domains ({_DOMAIN}) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (domain) DO UPDATE SET"
        " administration_id = excluded.administration_id, status = excluded.status, added_ts = excluded.added_ts,"
        " closes_ts = excluded.closes_ts, held = excluded.held"
        " WHERE administration_domains.status = 'closed'",
        domain.domain,
        domain.administration_id,
        domain.added_ts,
        domain.status,
        domain.closes_ts,
        int(domain.is_held),
    )
    return added > 0


async def find_domain(tx: Tx, domain: str) -> Domain | None:
    row = await tx.one(f"SELECT {_DOMAIN} FROM administration_domains WHERE domain = $1", domain)
    return None if row is None else _domain(row)


async def find_domains_of(tx: Tx, ids: Collection[str]) -> list[Domain]:
    """Every domain of these administrations, closed ones too, in order."""
    rows = await tx.all(
        f"SELECT {_DOMAIN} FROM administration_domains WHERE administration_id IN_LIST($1) ORDER BY domain", sorted(ids)
    )
    return [_domain(row) for row in rows]


async def set_domain(tx: Tx, changed: Domain) -> None:
    """Writes whose the domain is, how it stands, by whose decision, and when it is closed."""
    await tx.run(
        "UPDATE administration_domains SET administration_id = $2, status = $3, closes_ts = $4, held = $5"
        " WHERE domain = $1",
        changed.domain,
        changed.administration_id,
        changed.status,
        changed.closes_ts,
        int(changed.is_held),
    )


async def find_unplaced(tx: Tx, after_email: str, limit: int) -> list[tuple[str, str]]:
    """`(email, user_id)` of living accounts of no administration, in order of their addresses."""
    rows = await tx.all(
        "SELECT e.email, e.user_id FROM account_emails e JOIN accounts a ON a.user_id = e.user_id"
        " WHERE e.email > $1 AND a.administration_id IS NULL AND a.deactivated_ts IS NULL ORDER BY e.email LIMIT $2",
        after_email,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def set_administrations(tx: Tx, placed: Collection[tuple[str, str | None]]) -> None:
    """`(user_id, administration_id)`: whose agents these are from now on."""
    await tx.many(
        "UPDATE accounts SET administration_id = $1 WHERE user_id = $2",
        [(administration_id, user_id) for user_id, administration_id in placed],
    )
