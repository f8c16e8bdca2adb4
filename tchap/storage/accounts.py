"""Accounts and the e-mail addresses that open them."""

from dataclasses import dataclass

from tchap.storage.database import Tx
from tchap.storage.identity import (
    add_hashes,
    find_peppers,
    follow_unbound,
    remove_hashes_of,
    remove_hashes_of_owner,
)


@dataclass(frozen=True, slots=True)
class Account:
    """One row; times in milliseconds since 1970."""

    user_id: str
    instance: str
    password_hash: str | None
    created_ts: int
    is_admin: bool = False
    deactivated_ts: int | None = None
    locked_ts: int | None = None
    suspended_ts: int | None = None
    administration_id: str | None = None
    expires_ts: int | None = None


@dataclass(frozen=True, slots=True)
class AccountEmail:
    """An address an account is reached by."""

    email: str
    user_id: str
    added_ts: int
    validated_ts: int


async def find_account(tx: Tx, user_id: str) -> Account | None:
    row = await tx.one(
        "SELECT user_id, instance, password_hash, created_ts, is_admin, deactivated_ts, locked_ts, suspended_ts,"
        " administration_id, expires_ts FROM accounts WHERE user_id = $1",
        user_id,
    )
    return None if row is None else Account(row[0], row[1], row[2], row[3], bool(row[4]), *row[5:])


async def add_account(tx: Tx, account: Account) -> bool:
    """False when the user id is taken, by a living or a closed account: an id is never given twice."""
    added = await tx.run(
        "INSERT INTO accounts (user_id, instance, password_hash, created_ts, is_admin, administration_id)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id) DO NOTHING",
        account.user_id,
        account.instance,
        account.password_hash,
        account.created_ts,
        int(account.is_admin),
        account.administration_id,
    )
    return added > 0


async def find_known(tx: Tx, user_ids: list[str]) -> set[str]:
    """Which of these ids have a living account."""
    rows = await tx.all("SELECT user_id FROM accounts WHERE user_id IN_LIST($1) AND deactivated_ts IS NULL", user_ids)
    return {row[0] for row in rows}


async def set_password_hash(tx: Tx, user_id: str, password_hash: str | None) -> None:
    await tx.run("UPDATE accounts SET password_hash = $1 WHERE user_id = $2", password_hash, user_id)


async def set_terms(tx: Tx, user_id: str, version: str) -> None:
    await tx.run("UPDATE accounts SET terms_version = $1 WHERE user_id = $2", version, user_id)


async def set_locked(tx: Tx, user_id: str, since_ts: int | None) -> None:
    """Locks the account, or with None unlocks it."""
    await tx.run("UPDATE accounts SET locked_ts = $1 WHERE user_id = $2", since_ts, user_id)


async def set_suspended(tx: Tx, user_id: str, since_ts: int | None) -> None:
    """Suspends the account, or with None lets it act again."""
    await tx.run("UPDATE accounts SET suspended_ts = $1 WHERE user_id = $2", since_ts, user_id)


async def set_admin(tx: Tx, user_id: str, is_admin: bool) -> bool:
    """False where no living account has this id."""
    changed = await tx.run(
        "UPDATE accounts SET is_admin = $1 WHERE user_id = $2 AND deactivated_ts IS NULL", int(is_admin), user_id
    )
    return changed > 0


async def find_admins(tx: Tx) -> list[str]:
    """The user ids of all administrators."""
    rows = await tx.all("SELECT user_id FROM accounts WHERE is_admin = 1 AND deactivated_ts IS NULL ORDER BY user_id")
    return [row[0] for row in rows]


async def set_deactivated(tx: Tx, user_id: str, now_ms: int, is_erased: bool) -> None:
    """Closes the account; an administrator's office ends with it, and does not come back where it opens again."""
    await tx.run(
        "UPDATE accounts SET deactivated_ts = $1, is_erased = $2, password_hash = NULL, is_admin = 0"
        " WHERE user_id = $3",
        now_ms,
        int(is_erased),
        user_id,
    )


async def find_email(tx: Tx, email: str) -> AccountEmail | None:
    row = await tx.one("SELECT email, user_id, added_ts, validated_ts FROM account_emails WHERE email = $1", email)
    return None if row is None else AccountEmail(*row)


async def find_owners(tx: Tx, emails: list[str]) -> dict[str, str]:
    """The user ids of those of these addresses that open an account."""
    rows = await tx.all("SELECT email, user_id FROM account_emails WHERE email IN_LIST($1)", emails)
    return {row[0]: row[1] for row in rows}


async def find_emails_of(tx: Tx, user_id: str) -> list[AccountEmail]:
    rows = await tx.all(
        "SELECT email, user_id, added_ts, validated_ts FROM account_emails WHERE user_id = $1 ORDER BY added_ts, email",
        user_id,
    )
    return [AccountEmail(*row) for row in rows]


async def add_email(tx: Tx, email: AccountEmail) -> bool:
    """False when the address belongs to an account already. It can be looked up from now on, unless its owner has
    chosen otherwise."""
    added = await tx.run(
        "INSERT INTO account_emails (email, user_id, added_ts, validated_ts) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (email) DO NOTHING",
        email.email,
        email.user_id,
        email.added_ts,
        email.validated_ts,
    )
    if added and not await follow_unbound(tx, email.email, email.user_id):
        await add_hashes(tx, [email.email], await find_peppers(tx))
    return added > 0


async def remove_email(tx: Tx, user_id: str, email: str) -> None:
    if await tx.run("DELETE FROM account_emails WHERE email = $1 AND user_id = $2", email, user_id):
        await remove_hashes_of(tx, email)


async def remove_emails(tx: Tx, user_id: str) -> None:
    await remove_hashes_of_owner(tx, user_id)
    await tx.run("DELETE FROM account_emails WHERE user_id = $1", user_id)
