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
    oauth_client: str | None
    is_locked: bool
    is_suspended: bool
    administration_id: str | None
    refuses_clear: bool


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """`replaced_by` names its successor; once that one was used, this one `is_spent`.

    `oauth_client` is the application it was given to, None for a session of the older API.
    """

    refresh_id: int
    user_id: str
    device_id: str
    replaced_by: int | None
    is_spent: bool
    oauth_client: str | None = None


@dataclass(frozen=True, slots=True)
class NewRefreshToken:
    token_hash: bytes
    user_id: str
    device_id: str
    created_ts: int
    oauth_client: str | None = None


@dataclass(frozen=True, slots=True)
class NewAccessToken:
    token_hash: bytes
    user_id: str
    device_id: str
    created_ts: int
    expires_ts: int | None
    refresh_id: int | None
    oauth_client: str | None = None


async def find_access_token(tx: Tx, token_hash: bytes) -> AccessToken | None:
    """The token of a living account."""
    row = await tx.one(
        "SELECT t.token_id, t.user_id, t.device_id, t.expires_ts, t.refresh_id, t.is_used, a.instance, a.is_admin,"
        " a.expires_ts, t.oauth_client, a.locked_ts, a.suspended_ts, a.administration_id, o.refuses_clear"
        " FROM access_tokens t JOIN accounts a ON a.user_id = t.user_id"
        " LEFT JOIN administrations o ON o.administration_id = a.administration_id"
        " WHERE t.token_hash = $1 AND a.deactivated_ts IS NULL",
        token_hash,
    )
    if row is None:
        return None
    flags = (row[10] is not None, row[11] is not None)
    token_id, user_id, device_id, expires_ts, refresh_id, is_used, instance, is_admin, account_expires_ts = row[:9]
    token = (token_id, user_id, device_id, expires_ts, refresh_id, bool(is_used))
    # Externals are of no administration, and write in clear no more than others.
    law = (row[12], row[13] is None or bool(row[13]))
    return AccessToken(*token, instance, bool(is_admin), account_expires_ts, row[9], *flags, *law)


async def add_access_token(tx: Tx, token: NewAccessToken) -> int:
    """The new token's id."""
    token_id = await tx.next_position()
    await tx.run(
        "INSERT INTO access_tokens"
        " (token_id, token_hash, user_id, device_id, created_ts, expires_ts, refresh_id, oauth_client)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        token_id,
        token.token_hash,
        token.user_id,
        token.device_id,
        token.created_ts,
        token.expires_ts,
        token.refresh_id,
        token.oauth_client,
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
        "SELECT refresh_id, user_id, device_id, replaced_by, is_spent, oauth_client"
        " FROM refresh_tokens WHERE token_hash = $1",
        token_hash,
    )
    return None if row is None else RefreshToken(row[0], row[1], row[2], row[3], bool(row[4]), row[5])


async def add_refresh_token(tx: Tx, token: NewRefreshToken) -> int:
    """The new token's id."""
    refresh_id = await tx.next_position()
    await tx.run(
        "INSERT INTO refresh_tokens (refresh_id, token_hash, user_id, device_id, created_ts, oauth_client)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        refresh_id,
        token.token_hash,
        token.user_id,
        token.device_id,
        token.created_ts,
        token.oauth_client,
    )
    return refresh_id


async def has_session_with(tx: Tx, user_id: str, oauth_client: str) -> bool:
    """Whether the application holds a refresh token of the person that still serves."""
    row = await tx.one(
        "SELECT 1 FROM refresh_tokens WHERE user_id = $1 AND oauth_client = $2 AND is_spent = 0 LIMIT 1",
        user_id,
        oauth_client,
    )
    return row is not None


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


async def find_owner(tx: Tx, token_hash: bytes) -> tuple[str, str] | None:
    """The `(user_id, device_id)` an access or a refresh token was given to, whether or not it still serves."""
    row = await tx.one(
        "SELECT user_id, device_id FROM access_tokens WHERE token_hash = $1"
        " UNION ALL SELECT user_id, device_id FROM refresh_tokens WHERE token_hash = $1",
        token_hash,
    )
    return None if row is None else (row[0], row[1])


async def find_oauth_client(tx: Tx, user_id: str, device_id: str) -> str | None:
    """The application a device is signed in with, None where it is of the older API."""
    row = await tx.one(
        "SELECT oauth_client FROM refresh_tokens WHERE user_id = $1 AND device_id = $2 AND oauth_client IS NOT NULL",
        user_id,
        device_id,
    )
    return None if row is None else row[0]


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


async def remove_login_tokens_of(tx: Tx, user_id: str) -> None:
    await tx.run("DELETE FROM login_tokens WHERE user_id = $1", user_id)
