"""Closed accounts: who closed them, what is kept to open them again, and how they stand for those who ask."""

from collections.abc import Collection
from dataclasses import dataclass

from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Closing:
    """How an account was closed: by its `owner`, an `admin` or its `term`, None where that is not known."""

    user_id: str
    instance: str
    closed_by: str | None
    is_erased: bool
    former_email: str | None


async def set_closed_by(tx: Tx, user_id: str, closed_by: str, former_email: str | None) -> None:
    """Says who closed it, beside `accounts.set_deactivated`; nothing more is to happen to it by itself."""
    await tx.run(
        "UPDATE accounts SET closed_by = $1, former_email = $2, validity_next_ts = NULL WHERE user_id = $3",
        closed_by,
        former_email,
        user_id,
    )


async def find_closing(tx: Tx, user_id: str) -> Closing | None:
    """None where there is no such account or it is not closed."""
    row = await tx.one(
        "SELECT user_id, instance, closed_by, is_erased, former_email FROM accounts"
        " WHERE user_id = $1 AND deactivated_ts IS NOT NULL",
        user_id,
    )
    return None if row is None else Closing(row[0], row[1], row[2], bool(row[3]), row[4])


async def set_open(tx: Tx, user_id: str) -> bool:
    """Opens a closed account again, without a password; its term begins when it is next looked at. False where it is
    open, or was erased."""
    opened = await tx.run(
        "UPDATE accounts SET deactivated_ts = NULL, closed_by = NULL, former_email = NULL, expires_ts = NULL,"
        " validity_told_ts = NULL, validity_next_ts = 0, guest_ended_ts = NULL"
        " WHERE user_id = $1 AND deactivated_ts IS NOT NULL AND is_erased = 0",
        user_id,
    )
    return opened > 0


async def find_standings(tx: Tx, user_ids: Collection[str], now_ms: int) -> dict[str, tuple[bool, bool]]:
    """Of the accounts among these ids: `(is expired, is closed)`."""
    rows = await tx.all(
        "SELECT user_id, expires_ts, deactivated_ts FROM accounts WHERE user_id IN_LIST($1)", sorted(user_ids)
    )
    return {row[0]: (row[1] is not None and row[1] <= now_ms, row[2] is not None) for row in rows}
