"""Terms of accounts: whose is to be looked at, what they become, and the links that renew them."""

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.base import limits
from tchap.storage.database import Row, Tx


@dataclass(frozen=True, slots=True)
class TermRow:
    """An account's term with what is decided from; times in ms since 1970.

    `email` is its oldest address and `proof_ts` when one of its addresses was last proven, None where it has none.
    """

    user_id: str
    instance: str
    created_ts: int
    expires_ts: int | None
    told_ts: int | None
    mails: bool
    is_admin: bool
    is_locked: bool
    email: str | None
    proof_ts: int | None


@dataclass(frozen=True, slots=True)
class TermChange:
    """What a term becomes, and when it is to be looked at again (None: never)."""

    user_id: str
    expires_ts: int | None
    told_ts: int | None
    next_ts: int | None


@dataclass(frozen=True, slots=True)
class RenewalLink:
    """A link that was sent: `used_ts` is when the account was renewed, by it or otherwise."""

    user_id: str
    email: str
    used_ts: int | None


_TERM = (
    "SELECT a.user_id, a.instance, a.created_ts, a.expires_ts, a.validity_told_ts, a.renewal_mails, a.is_admin,"
    " a.locked_ts,"
    " (SELECT e.email FROM account_emails e WHERE e.user_id = a.user_id ORDER BY e.added_ts, e.email LIMIT 1),"
    " (SELECT MAX(e.validated_ts) FROM account_emails e WHERE e.user_id = a.user_id)"
    " FROM accounts a WHERE a.deactivated_ts IS NULL"
)


async def take_due(tx: Tx, now_ms: int, again_ts: int) -> list[TermRow]:
    """Some living accounts that are to be looked at, those that wait longest; nobody else is given them until then."""
    rows = await tx.all(
        # The condition stands twice: another process may have taken some of them meanwhile.
        "UPDATE accounts SET validity_next_ts = $2 WHERE validity_next_ts <= $1 AND user_id IN"
        " (SELECT user_id FROM accounts WHERE validity_next_ts <= $1 ORDER BY validity_next_ts LIMIT $3)"
        " RETURNING user_id",
        now_ms,
        again_ts,
        limits.VALIDITY_BATCH,
    )
    taken = await tx.all(f"{_TERM} AND a.user_id IN_LIST($1) ORDER BY a.user_id", [row[0] for row in rows])
    return [_term(row) for row in taken]


async def find_term(tx: Tx, user_id: str) -> TermRow | None:
    """The term of a living account."""
    row = await tx.one(f"{_TERM} AND a.user_id = $1", user_id)
    return None if row is None else _term(row)


def _term(row: Row) -> TermRow:
    flags = (bool(row[5]), bool(row[6]), row[7] is not None)
    return TermRow(row[0], row[1], row[2], row[3], row[4], *flags, *row[8:])


async def find_next(tx: Tx) -> int | None:
    """When the next account is to be looked at."""
    row = await tx.one("SELECT MIN(validity_next_ts) FROM accounts WHERE validity_next_ts IS NOT NULL")
    return None if row is None else row[0]


async def set_terms(tx: Tx, changes: Sequence[TermChange]) -> None:
    await tx.many(
        "UPDATE accounts SET expires_ts = $1, validity_told_ts = $2, validity_next_ts = $3 WHERE user_id = $4",
        [(one.expires_ts, one.told_ts, one.next_ts, one.user_id) for one in changes],
    )


async def set_renewed(tx: Tx, user_id: str, expires_ts: int, now_ms: int) -> None:
    """An account with a term lasts at least until then, its address is proven, and links sent before are spent."""
    await tx.run(
        "UPDATE accounts SET expires_ts = $1, validity_told_ts = NULL, validity_next_ts = $3"
        " WHERE user_id = $2 AND expires_ts < $1",
        expires_ts,
        user_id,
        now_ms,
    )
    await tx.run("UPDATE account_emails SET validated_ts = $1 WHERE user_id = $2", now_ms, user_id)
    await tx.run("UPDATE renewal_links SET used_ts = $1 WHERE user_id = $2 AND used_ts IS NULL", now_ms, user_id)


async def set_renewal_mails(tx: Tx, user_id: str, wanted: bool) -> None:
    await tx.run("UPDATE accounts SET renewal_mails = $1 WHERE user_id = $2", int(wanted), user_id)


async def lift_terms(tx: Tx) -> list[str]:
    """Takes the term from some accounts that were given one; whose. They are looked at as for the first time then."""
    rows = await tx.all(
        "UPDATE accounts SET expires_ts = NULL, validity_told_ts = NULL, validity_next_ts = 0 WHERE user_id IN"
        " (SELECT user_id FROM accounts WHERE validity_next_ts > 0 LIMIT $1) RETURNING user_id",
        limits.VALIDITY_BATCH,
    )
    return [row[0] for row in rows]


async def add_link(tx: Tx, token_hash: bytes, link: RenewalLink) -> None:
    """Adds a link; of one account's the newest stay."""
    await tx.run(
        "INSERT INTO renewal_links (token_hash, link_id, user_id, email) VALUES ($1, $2, $3, $4)",
        token_hash,
        await tx.next_position(),
        link.user_id,
        link.email,
    )
    await tx.run(
        "DELETE FROM renewal_links WHERE user_id = $1 AND link_id NOT IN"
        " (SELECT link_id FROM renewal_links WHERE user_id = $1 ORDER BY link_id DESC LIMIT $2)",
        link.user_id,
        limits.MAX_RENEWAL_LINKS,
    )


async def find_link(tx: Tx, token_hash: bytes) -> RenewalLink | None:
    """The link, unless its account was closed."""
    row = await tx.one("SELECT user_id, email, used_ts FROM renewal_links WHERE token_hash = $1", token_hash)
    return None if row is None else RenewalLink(*row)


async def remove_links_of(tx: Tx, user_id: str) -> None:
    await tx.run("DELETE FROM renewal_links WHERE user_id = $1", user_id)
