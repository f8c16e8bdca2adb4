"""Access, refresh and login tokens, known only by their SHA-256."""

from dataclasses import dataclass

from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class AccessToken:
    """One row with what the owner's account says; `expires_ts` None: until signed out."""

    token_id: int
    user_id: str
    device_id: str
    expires_ts: int | None
    refresh_id: int | None
    is_used: bool
    instance: str
    is_admin: bool
    account_expires_ts: int | None
    is_locked: bool
    is_suspended: bool


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """`replaced_by` names its successor; once that one was used, this one `is_spent`."""

    refresh_id: int
    user_id: str
    device_id: str
    replaced_by: int | None
    is_spent: bool


@dataclass(frozen=True, slots=True)
class NewAccessToken:
    token_hash: bytes
    user_id: str
    device_id: str
    created_ts: int
    expires_ts: int | None
    refresh_id: int | None


async def find_access_token(tx: Tx, token_hash: bytes) -> AccessToken | None:
    """The token of a living account."""
    row = await tx.one(
        "SELECT t.token_id, t.user_id, t.device_id, t.expires_ts, t.refresh_id, t.is_used, a.instance, a.is_admin,"
        " a.expires_ts, a.locked_ts, a.suspended_ts"
        " FROM access_tokens t JOIN accounts a ON a.user_id = t.user_id"
        " WHERE t.token_hash = $1 AND a.deactivated_ts IS NULL",
        token_hash,
    )
    if row is None:
        return None
    flags = (row[9] is not None, row[10] is not None)
    return AccessToken(row[0], row[1], row[2], row[3], row[4], bool(row[5]), row[6], bool(row[7]), row[8], *flags)


async def add_access_token(tx: Tx, token: NewAccessToken) -> int:
    """The new token's id."""
    token_id = await tx.next_position()
    await tx.run(
        "INSERT INTO access_tokens (token_id, token_hash, user_id, device_id, created_ts, expires_ts, refresh_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        token_id,
        token.token_hash,
        token.user_id,
        token.device_id,
        token.created_ts,
        token.expires_ts,
        token.refresh_id,
    )
    return token_id


async def set_used(tx: Tx, token_id: int, refresh_id: int) -> None:
    """First use of a refreshed access token: what came before it ends (client-server API, `POST /refresh`)."""
    await tx.run("UPDATE access_tokens SET is_used = 1 WHERE token_id = $1", token_id)
    await set_predecessor_spent(tx, refresh_id)


async def set_predecessor_spent(tx: Tx, refresh_id: int) -> None:
    """Ends the refresh token that `refresh_id` replaced, and the access token issued with it."""
    row = await tx.one("SELECT refresh_id FROM refresh_tokens WHERE replaced_by = $1", refresh_id)
    if row is not None:
        await tx.run("UPDATE refresh_tokens SET is_spent = 1 WHERE refresh_id = $1", row[0])
        await tx.run("DELETE FROM access_tokens WHERE refresh_id = $1", row[0])


async def find_refresh_token(tx: Tx, token_hash: bytes) -> RefreshToken | None:
    row = await tx.one(
        "SELECT refresh_id, user_id, device_id, replaced_by, is_spent FROM refresh_tokens WHERE token_hash = $1",
        token_hash,
    )
    return None if row is None else RefreshToken(row[0], row[1], row[2], row[3], bool(row[4]))


async def add_refresh_token(tx: Tx, token_hash: bytes, owner: tuple[str, str], now_ms: int) -> int:
    """A new refresh token of `(user_id, device_id)`; answers its id."""
    refresh_id = await tx.next_position()
    await tx.run(
        "INSERT INTO refresh_tokens (refresh_id, token_hash, user_id, device_id, created_ts)"
        " VALUES ($1, $2, $3, $4, $5)",
        refresh_id,
        token_hash,
        *owner,
        now_ms,
    )
    return refresh_id


async def set_replaced(tx: Tx, refresh_id: int, replaced_by: int) -> None:
    await tx.run("UPDATE refresh_tokens SET replaced_by = $1 WHERE refresh_id = $2", replaced_by, refresh_id)


async def remove_refresh_token(tx: Tx, refresh_id: int) -> None:
    """Takes back a refresh token and the access token issued with it."""
    await tx.run("DELETE FROM access_tokens WHERE refresh_id = $1", refresh_id)
    await tx.run("DELETE FROM refresh_tokens WHERE refresh_id = $1", refresh_id)


async def remove_old_refresh_tokens(tx: Tx, user_id: str, device_id: str, before_ts: int) -> None:
    """Spent tokens are kept only so that their reuse is noticed."""
    await tx.run(
        "DELETE FROM refresh_tokens WHERE user_id = $1 AND device_id = $2 AND is_spent = 1 AND created_ts < $3",
        user_id,
        device_id,
        before_ts,
    )


async def set_family_ended(tx: Tx, user_id: str, device_id: str) -> None:
    """Ends every token of a device without forgetting them: its owner must sign in again and keeps her device."""
    await tx.run(
        "UPDATE access_tokens SET expires_ts = 0 WHERE user_id = $1 AND device_id = $2",
        user_id,
        device_id,
    )
    await tx.run(
        "UPDATE refresh_tokens SET is_spent = 1 WHERE user_id = $1 AND device_id = $2",
        user_id,
        device_id,
    )


async def remove_tokens(tx: Tx, user_id: str, device_id: str) -> None:
    await tx.run("DELETE FROM access_tokens WHERE user_id = $1 AND device_id = $2", user_id, device_id)
    await tx.run("DELETE FROM refresh_tokens WHERE user_id = $1 AND device_id = $2", user_id, device_id)


async def add_login_token(tx: Tx, token_hash: bytes, user_id: str, now_ms: int, expires_ts: int) -> None:
    await tx.run("DELETE FROM login_tokens WHERE expires_ts <= $1", now_ms)
    await tx.run(
        "INSERT INTO login_tokens (token_hash, user_id, expires_ts) VALUES ($1, $2, $3)",
        token_hash,
        user_id,
        expires_ts,
    )


async def remove_login_token(tx: Tx, token_hash: bytes, now_ms: int) -> str | None:
    """Uses the token up; its owner, or None when it was used or is too old."""
    row = await tx.one(
        "DELETE FROM login_tokens WHERE token_hash = $1 RETURNING user_id, expires_ts",
        token_hash,
    )
    return row[0] if row is not None and row[1] > now_ms else None
