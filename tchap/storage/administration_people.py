"""The accounts of an administration: counted, listed page by page, and renamed with their domain."""

from collections.abc import Collection
from dataclasses import dataclass

from tchap.storage.database import Row, Tx


@dataclass(frozen=True, slots=True)
class Agent:
    """A living account of an administration; `email` is its oldest address."""

    user_id: str
    administration_id: str
    email: str | None
    display_name: str | None
    created_ts: int
    locked_ts: int | None
    suspended_ts: int | None


_AGENT = (
    "SELECT a.user_id, a.administration_id,"
    " (SELECT e.email FROM account_emails e WHERE e.user_id = a.user_id ORDER BY e.added_ts, e.email LIMIT 1),"
    " p.display_name, a.created_ts, a.locked_ts, a.suspended_ts"
    " FROM accounts a LEFT JOIN profiles p ON p.user_id = a.user_id"
)


def _agent(row: Row) -> Agent:
    return Agent(*row)


async def count_people(tx: Tx, ids: Collection[str]) -> dict[str, int]:
    """How many living accounts each of these administrations has; those without any are left out."""
    rows = await tx.all(
        "SELECT administration_id, COUNT(*) FROM accounts WHERE administration_id IN_LIST($1)"
        " AND deactivated_ts IS NULL GROUP BY administration_id",
        sorted(ids),
    )
    return {row[0]: row[1] for row in rows}


async def find_people(tx: Tx, administration_id: str, after_user: str, limit: int) -> list[Agent]:
    """The living accounts that follow `after_user` in order of their ids."""
    rows = await tx.all(
        f"{_AGENT} WHERE a.administration_id = $1 AND a.user_id > $2 AND a.deactivated_ts IS NULL"
        " ORDER BY a.user_id LIMIT $3",
        administration_id,
        after_user,
        limit,
    )
    return [_agent(row) for row in rows]


async def find_person(tx: Tx, administration_id: str, email: str) -> Agent | None:
    """The living account of this administration that has the address."""
    row = await tx.one(
        f"{_AGENT} JOIN account_emails m ON m.user_id = a.user_id"
        " WHERE m.email = $2 AND a.administration_id = $1 AND a.deactivated_ts IS NULL",
        administration_id,
        email,
    )
    return None if row is None else _agent(row)


async def find_collisions(tx: Tx, administration_id: str, old: str, new: str) -> list[str]:
    """A few addresses under the domain `new` that are somebody's, where somebody of this administration has the same
    local part under `old`."""
    rows = await tx.all(
        "SELECT n.email FROM accounts a JOIN account_emails o ON o.user_id = a.user_id"
        " JOIN account_emails n ON n.email = substr(o.email, 1, length(o.email) - length(CAST($2 AS TEXT)))"
        " || CAST($3 AS TEXT)"
        " WHERE a.administration_id = $1 AND substr(o.email, length(o.email) - length(CAST($2 AS TEXT)) + 1) = $2"
        " ORDER BY n.email LIMIT 5",
        administration_id,
        f"@{old}",
        f"@{new}",
    )
    return [row[0] for row in rows]


async def rename_emails(tx: Tx, administration_id: str, old: str, new: str) -> int:
    """Every address of its people under the domain `old` is from now on under `new`; how many."""
    return await tx.run(
        "UPDATE account_emails SET email = substr(email, 1, length(email) - length(CAST($2 AS TEXT)))"
        " || CAST($3 AS TEXT)"
        " WHERE substr(email, length(email) - length(CAST($2 AS TEXT)) + 1) = $2"
        " AND user_id IN (SELECT user_id FROM accounts WHERE administration_id = $1)",
        administration_id,
        f"@{old}",
        f"@{new}",
    )
