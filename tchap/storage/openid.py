"""Tokens by which somebody proves to another service who they are."""

from __future__ import annotations

from tchap.storage.jobs import Tx


async def add_token(tx: Tx, token_hash: bytes, user_id: str, times: tuple[int, int]) -> None:
    """`times` are (now, its end); the tokens that have ended are forgotten on the way."""
    now_ms, expires_ts = times
    await tx.run("DELETE FROM openid_tokens WHERE expires_ts <= $1", now_ms)
    await tx.run(
        "INSERT INTO openid_tokens (token_hash, user_id, expires_ts) VALUES ($1, $2, $3)",
        token_hash,
        user_id,
        expires_ts,
    )


async def find_owner(tx: Tx, token_hash: bytes, now_ms: int) -> str | None:
    """Whose token it is; None when it is unknown or over, or when the account is closed, locked or expired."""
    row = await tx.one(
        """SELECT t.user_id FROM openid_tokens t JOIN accounts a ON a.user_id = t.user_id
           WHERE t.token_hash = $1 AND t.expires_ts > $2 AND a.deactivated_ts IS NULL AND a.locked_ts IS NULL
             AND (a.expires_ts IS NULL OR a.expires_ts > $2)""",
        token_hash,
        now_ms,
    )
    return row[0] if row else None


async def remove_tokens_of(tx: Tx, user_id: str) -> None:
    await tx.run("DELETE FROM openid_tokens WHERE user_id = $1", user_id)
