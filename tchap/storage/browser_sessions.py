"""Browsers signed in on our own pages, known only by the SHA-256 of their cookie."""

from dataclasses import dataclass

from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class BrowserRow:
    """One browser; times in milliseconds since 1970."""

    session_id: int
    user_id: str
    instance: str
    how: str
    opened_ts: int
    proven_ts: int


@dataclass(frozen=True, slots=True)
class NewBrowser:
    cookie_hash: bytes
    user_id: str
    how: str
    now_ms: int
    expires_ts: int


async def find_session(tx: Tx, cookie_hash: bytes, now_ms: int) -> BrowserRow | None:
    """The session in its time, of an account in force."""
    row = await tx.one(
        "SELECT s.session_id, s.user_id, a.instance, s.how, s.opened_ts, s.proven_ts"
        " FROM browser_sessions s JOIN accounts a ON a.user_id = s.user_id"
        " WHERE s.cookie_hash = $1 AND s.expires_ts > $2 AND a.deactivated_ts IS NULL AND a.locked_ts IS NULL"
        " AND (a.expires_ts IS NULL OR a.expires_ts > $2)",
        cookie_hash,
        now_ms,
    )
    return None if row is None else BrowserRow(*row)


async def add_session(tx: Tx, browser: NewBrowser, keep: int) -> None:
    """Adds a session; of its owner's sessions the `keep` newest stay, and those of anybody that are over go."""
    session_id = await tx.next_position()
    await tx.run(
        "INSERT INTO browser_sessions (session_id, cookie_hash, user_id, how, opened_ts, proven_ts, expires_ts)"
        " VALUES ($1, $2, $3, $4, $5, $5, $6)",
        session_id,
        browser.cookie_hash,
        browser.user_id,
        browser.how,
        browser.now_ms,
        browser.expires_ts,
    )
    await tx.run("DELETE FROM browser_sessions WHERE expires_ts <= $1", browser.now_ms)
    await tx.run(
        "DELETE FROM browser_sessions WHERE user_id = $1 AND session_id NOT IN"
        " (SELECT session_id FROM browser_sessions WHERE user_id = $1 ORDER BY session_id DESC LIMIT $2)",
        browser.user_id,
        keep,
    )


async def set_proven(tx: Tx, session_id: int, now_ms: int) -> None:
    await tx.run("UPDATE browser_sessions SET proven_ts = $1 WHERE session_id = $2", now_ms, session_id)


async def remove_session(tx: Tx, cookie_hash: bytes) -> None:
    await tx.run("DELETE FROM browser_sessions WHERE cookie_hash = $1", cookie_hash)


async def remove_sessions_of(tx: Tx, user_id: str) -> None:
    await tx.run("DELETE FROM browser_sessions WHERE user_id = $1", user_id)


async def set_reset_allowed(tx: Tx, user_id: str, now_ms: int, expires_ts: int) -> None:
    """The user may replace her cross-signing keys until then."""
    await tx.run("DELETE FROM cross_signing_resets WHERE expires_ts <= $1", now_ms)
    await tx.run(
        "INSERT INTO cross_signing_resets (user_id, expires_ts) VALUES ($1, $2)"
        " ON CONFLICT (user_id) DO UPDATE SET expires_ts = excluded.expires_ts",
        user_id,
        expires_ts,
    )


async def find_reset_allowed(tx: Tx, user_id: str, now_ms: int) -> bool:
    row = await tx.one(
        "SELECT 1 FROM cross_signing_resets WHERE user_id = $1 AND expires_ts > $2",
        user_id,
        now_ms,
    )
    return row is not None


async def remove_reset_allowed(tx: Tx, user_id: str) -> None:
    await tx.run("DELETE FROM cross_signing_resets WHERE user_id = $1", user_id)
