"""Administrations, their e-mail domains, and which administration an account is of."""

from collections.abc import Collection
from dataclasses import dataclass

from tchap.storage.database import Row, Tx

ACTIVE, SUSPENDED, CLOSING, CLOSED = "active", "suspended", "closing", "closed"


@dataclass(frozen=True, slots=True)
class Administration:
    """One row; `parent_id` is the administration it is a part of, `contact` an e-mail address, `siren` nine digits."""

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


@dataclass(frozen=True, slots=True)
class Domain:
    """`domain` is exact, or `*.name` for what stands under a name; `closes_ts` is set while it is closing."""

    domain: str
    administration_id: str
    added_ts: int
    status: str = ACTIVE
    closes_ts: int | None = None


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
    " refuses_clear, requires_mfa"
)


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
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
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
    )
    return added > 0


async def add_domain(tx: Tx, domain: Domain) -> bool:
    """False where the domain is somebody's already."""
    added = await tx.run(
        "INSERT INTO administration_domains (domain, administration_id, status, added_ts, closes_ts)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (domain) DO NOTHING",
        domain.domain,
        domain.administration_id,
        domain.status,
        domain.added_ts,
        domain.closes_ts,
    )
    return added > 0


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


async def set_domain_status(tx: Tx, domain: str, status: str) -> None:
    await tx.run("UPDATE administration_domains SET status = $1 WHERE domain = $2", status, domain)
