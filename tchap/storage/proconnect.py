"""Accounts linked to the agents' identity provider, sign-ins under way with it, and what its sign-out needs."""

from dataclasses import dataclass

from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Link:
    """Which account a person of the provider opens; times in ms since 1970."""

    issuer: str
    subject: str
    user_id: str
    email: str
    names: str | None
    siret: str | None
    created_ts: int
    last_seen_ts: int


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """One sign-in sent to the provider; `continue_to` is a path of ours."""

    state_hash: bytes
    browser_hash: bytes
    nonce: str
    verifier: str
    redirect_uri: str
    continue_to: str
    expires_ts: int


_LINK = "issuer, subject, user_id, email, names, siret, created_ts, last_seen_ts"
_PENDING = "state_hash, browser_hash, nonce, verifier, redirect_uri, continue_to, expires_ts"


async def find_link(tx: Tx, issuer: str, subject: str) -> Link | None:
    row = await tx.one(f"SELECT {_LINK} FROM proconnect_links WHERE issuer = $1 AND subject = $2", issuer, subject)
    return None if row is None else Link(*row)


async def find_links_of(tx: Tx, issuer: str, user_id: str) -> list[Link]:
    rows = await tx.all(f"SELECT {_LINK} FROM proconnect_links WHERE user_id = $1 AND issuer = $2", user_id, issuer)
    return [Link(*row) for row in rows]


async def set_link(tx: Tx, link: Link) -> None:
    """Adds the link, or keeps what was said today; when it was first made stays."""
    await tx.run(
        f"INSERT INTO proconnect_links ({_LINK}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        " ON CONFLICT (issuer, subject) DO UPDATE SET user_id = excluded.user_id, email = excluded.email,"
        " names = excluded.names, siret = excluded.siret, last_seen_ts = excluded.last_seen_ts",
        link.issuer,
        link.subject,
        link.user_id,
        link.email,
        link.names,
        link.siret,
        link.created_ts,
        link.last_seen_ts,
    )


async def remove_links_of(tx: Tx, user_id: str) -> None:
    await tx.run("DELETE FROM proconnect_links WHERE user_id = $1", user_id)


async def find_use(tx: Tx, user_id: str) -> tuple[int | None, int | None]:
    """When the account's term is over, if it has one, and when any of its devices was last seen."""
    row = await tx.one(
        "SELECT a.expires_ts, (SELECT MAX(d.last_seen_ts) FROM devices d WHERE d.user_id = a.user_id)"
        " FROM accounts a WHERE a.user_id = $1",
        user_id,
    )
    return (None, None) if row is None else (row[0], row[1])


async def add_sign_in(tx: Tx, pending: PendingSignIn, now_ms: int, keep: int) -> None:
    """Adds one; those that are over go, and of too many the oldest."""
    sign_in_id = await tx.next_position()
    await tx.run("DELETE FROM proconnect_sign_ins WHERE expires_ts <= $1", now_ms)
    await tx.run(
        "DELETE FROM proconnect_sign_ins WHERE sign_in_id IN"
        " (SELECT sign_in_id FROM proconnect_sign_ins ORDER BY sign_in_id DESC LIMIT 10 OFFSET $1)",
        keep,
    )
    await tx.run(
        f"INSERT INTO proconnect_sign_ins (sign_in_id, {_PENDING}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        sign_in_id,
        pending.state_hash,
        pending.browser_hash,
        pending.nonce,
        pending.verifier,
        pending.redirect_uri,
        pending.continue_to,
        pending.expires_ts,
    )


async def remove_sign_in(tx: Tx, state_hash: bytes, browsers: tuple[bytes, bytes], now_ms: int) -> PendingSignIn | None:
    """Uses it up; None where it was used, is too old, or was begun by another browser, which then uses nothing up."""
    row = await tx.one(
        f"DELETE FROM proconnect_sign_ins WHERE state_hash = $1 AND (browser_hash = $2 OR browser_hash = $3)"
        f" RETURNING {_PENDING}",
        state_hash,
        *browsers,
    )
    if row is None or row[6] <= now_ms:
        return None
    return PendingSignIn(bytes(row[0]), bytes(row[1]), *row[2:])


async def set_id_token(tx: Tx, cookie_hash: bytes, id_token: str, now_ms: int, expires_ts: int) -> None:
    await tx.run("DELETE FROM proconnect_id_tokens WHERE expires_ts <= $1", now_ms)
    await tx.run(
        "INSERT INTO proconnect_id_tokens (cookie_hash, id_token, expires_ts) VALUES ($1, $2, $3)"
        " ON CONFLICT (cookie_hash) DO UPDATE SET id_token = excluded.id_token, expires_ts = excluded.expires_ts",
        cookie_hash,
        id_token,
        expires_ts,
    )


async def remove_id_token(tx: Tx, cookie_hash: bytes) -> str | None:
    row = await tx.one("DELETE FROM proconnect_id_tokens WHERE cookie_hash = $1 RETURNING id_token", cookie_hash)
    return None if row is None else str(row[0])
