"""Delegated administrators: who looks after which administration, named by an address before they have an account."""

from collections.abc import Collection
from dataclasses import dataclass

from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Delegate:
    """`user_id` is None until the address opens an account; `named_by` is who named them, as in the audit."""

    administration_id: str
    email: str
    user_id: str | None
    named_by: str
    named_ts: int


_COLUMNS = "administration_id, email, user_id, named_by, named_ts"


async def add_delegate(tx: Tx, delegate: Delegate) -> bool:
    """False where they were named before."""
    added = await tx.run(
        f"INSERT INTO administration_delegates ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        delegate.administration_id,
        delegate.email,
        delegate.user_id,
        delegate.named_by,
        delegate.named_ts,
    )
    return added > 0


async def remove_delegate(tx: Tx, administration_id: str, email: str) -> Delegate | None:
    """Who was one until now; None for nobody."""
    rows = await tx.all(
        f"DELETE FROM administration_delegates WHERE administration_id = $1 AND email = $2 RETURNING {_COLUMNS}",
        administration_id,
        email,
    )
    return Delegate(*rows[0]) if rows else None


async def find_delegates(tx: Tx, ids: Collection[str]) -> list[Delegate]:
    """Those named for one of these administrations, in order."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM administration_delegates WHERE administration_id IN_LIST($1)"
        " ORDER BY administration_id, email",
        sorted(ids),
    )
    return [Delegate(*row) for row in rows]


async def find_delegated(tx: Tx, user_id: str) -> frozenset[str]:
    """The administrations this person looks after at this moment: named for them, and still an agent of them or of
    one above them."""
    rows = await tx.all(
        "WITH RECURSIVE above (delegated, administration_id, parent_id) AS ("
        " SELECT d.administration_id, o.administration_id, o.parent_id FROM administration_delegates d"
        " JOIN administrations o ON o.administration_id = d.administration_id WHERE d.user_id = $1"
        " UNION SELECT a.delegated, p.administration_id, p.parent_id FROM above a"
        " JOIN administrations p ON p.administration_id = a.parent_id)"
        " SELECT DISTINCT a.delegated FROM above a JOIN accounts c ON c.administration_id = a.administration_id"
        " WHERE c.user_id = $1",
        user_id,
    )
    return frozenset(row[0] for row in rows)


async def claim(tx: Tx, email: str, user_id: str) -> None:
    """The account that proved an address has the rights that wait for it."""
    await tx.run(
        "UPDATE administration_delegates SET user_id = $2 WHERE email = $1 AND user_id IS NULL", email, user_id
    )


async def follow_address(tx: Tx, user_id: str, email: str) -> None:
    """The account has another address: it is known as a delegate by that one."""
    await tx.run(
        "DELETE FROM administration_delegates WHERE user_id = $1 AND email <> $2 AND administration_id IN"
        " (SELECT administration_id FROM administration_delegates WHERE email = $2)",
        user_id,
        email,
    )
    await tx.run("UPDATE administration_delegates SET email = $2 WHERE user_id = $1", user_id, email)


async def remove_delegations(tx: Tx, user_id: str, kept: Collection[str] = ()) -> list[Delegate]:
    """Ends what a person looks after, but for these administrations; answers what ended."""
    rows = await tx.all(
        "DELETE FROM administration_delegates WHERE user_id = $1 AND administration_id NOT IN_LIST($2)"
        f" RETURNING {_COLUMNS}",
        user_id,
        sorted(kept),
    )
    return [Delegate(*row) for row in rows]


async def rename_emails(tx: Tx, administration_id: str, old: str, new: str) -> None:
    """Those named by an address under the domain `old` are known by the same under `new`, for what they look after
    in this administration, for what their accounts look after elsewhere, and for what waits for them to have one."""
    await tx.run(
        "UPDATE administration_delegates SET email = substr(email, 1, length(email) - length(CAST($2 AS TEXT)))"
        " || CAST($3 AS TEXT) WHERE substr(email, length(email) - length(CAST($2 AS TEXT)) + 1) = $2"
        " AND (administration_id = $1 OR user_id IS NULL"
        " OR user_id IN (SELECT user_id FROM accounts WHERE administration_id = $1))",
        administration_id,
        f"@{old}",
        f"@{new}",
    )
