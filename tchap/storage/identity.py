"""The identity service's tokens, peppers and hashes. Source: identity service API, "Association lookup"."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tchap.storage.jobs import Tx

CURRENT, NEXT, FORMER = "current", "next", "former"


@dataclass(frozen=True, slots=True)
class Pepper:
    """`after_email` is the last address it was made ready for, or taken away from; `created_ts` in ms since 1970."""

    pepper_id: int
    pepper: str
    status: str
    after_email: str
    created_ts: int


def lookup_hash(email: str, pepper: str) -> str:
    """What a client sends to look an address up: SHA-256 of `address medium pepper`, URL-safe unpadded base64."""
    digest = hashlib.sha256(f"{email} email {pepper}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def add_token(tx: Tx, token_hash: bytes, user_id: str, now_ms: int, most: int) -> None:
    """Keeps the newest `most` tokens of a person."""
    await tx.run(
        "INSERT INTO identity_tokens (token_hash, user_id, created_ts) VALUES ($1, $2, $3)", token_hash, user_id, now_ms
    )
    await tx.run(
        "DELETE FROM identity_tokens WHERE user_id = $1 AND token_hash NOT IN"
        " (SELECT token_hash FROM identity_tokens WHERE user_id = $1 ORDER BY created_ts DESC, token_hash LIMIT $2)",
        user_id,
        most,
    )


async def find_token_owner(tx: Tx, token_hash: bytes) -> tuple[str, int | None] | None:
    """Whose token it is and when the account expires; None for one unknown, and for a closed or locked account."""
    row = await tx.one(
        "SELECT t.user_id, a.expires_ts FROM identity_tokens t JOIN accounts a ON a.user_id = t.user_id"
        " WHERE t.token_hash = $1 AND a.deactivated_ts IS NULL AND a.locked_ts IS NULL",
        token_hash,
    )
    return None if row is None else (row[0], row[1])


async def remove_token(tx: Tx, token_hash: bytes) -> bool:
    return await tx.run("DELETE FROM identity_tokens WHERE token_hash = $1", token_hash) > 0


async def remove_tokens_of(tx: Tx, user_id: str) -> None:
    await tx.run("DELETE FROM identity_tokens WHERE user_id = $1", user_id)


async def find_peppers(tx: Tx) -> list[Pepper]:
    """All of them, the oldest first: seldom more than one."""
    rows = await tx.all(
        "SELECT pepper_id, pepper, status, after_email, created_ts FROM identity_peppers ORDER BY pepper_id"
    )
    return [Pepper(*row) for row in rows]


async def add_pepper(tx: Tx, pepper: str, now_ms: int) -> None:
    """One more, to be made ready."""
    await tx.run(
        "INSERT INTO identity_peppers (pepper_id, pepper, status, after_email, created_ts) VALUES ($1, $2, $3, '', $4)",
        await tx.next_position(),
        pepper,
        NEXT,
        now_ms,
    )


async def set_progress(tx: Tx, pepper_id: int, status: str, after_email: str) -> None:
    await tx.run(
        "UPDATE identity_peppers SET status = $1, after_email = $2 WHERE pepper_id = $3", status, after_email, pepper_id
    )


async def remove_pepper(tx: Tx, pepper_id: int) -> None:
    await tx.run("DELETE FROM identity_peppers WHERE pepper_id = $1", pepper_id)


async def find_addresses(tx: Tx, after_email: str, limit: int) -> list[str]:
    """The next addresses of accounts, but those not to be looked up, in their order."""
    rows = await tx.all(
        "SELECT e.email FROM account_emails e LEFT JOIN identity_unbound u ON u.email = e.email"
        " WHERE e.email > $1 AND u.email IS NULL ORDER BY e.email LIMIT $2",
        after_email,
        limit,
    )
    return [row[0] for row in rows]


async def add_hashes(tx: Tx, emails: Sequence[str], peppers: Collection[Pepper]) -> None:
    """The addresses can be looked up under these peppers."""
    rows = [
        (lookup_hash(email, each.pepper), each.pepper_id, email)
        for each in peppers
        if each.status != FORMER
        for email in emails
    ]
    await tx.many(
        "INSERT INTO identity_hashes (lookup_hash, pepper_id, email) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", rows
    )


async def remove_hashes_of(tx: Tx, email: str) -> None:
    await tx.run("DELETE FROM identity_hashes WHERE email = $1", email)


async def remove_hashes_of_owner(tx: Tx, user_id: str) -> None:
    """None of the addresses that an account has is looked up any more."""
    await tx.run(
        "DELETE FROM identity_hashes WHERE email IN (SELECT email FROM account_emails WHERE user_id = $1)", user_id
    )


async def remove_hashes_under(tx: Tx, pepper_id: int, limit: int) -> int:
    """Takes some of a former pepper's hashes away; how many."""
    return await tx.run(
        "DELETE FROM identity_hashes WHERE lookup_hash IN"
        " (SELECT lookup_hash FROM identity_hashes WHERE pepper_id = $1 LIMIT $2)",
        pepper_id,
        limit,
    )


async def find_hashed(tx: Tx, pepper_id: int, hashes: Collection[str]) -> list[tuple[str, str]]:
    """`(hash, user_id)` of those that are somebody's address, of a living account."""
    rows = await tx.all(
        "SELECT h.lookup_hash, e.user_id FROM identity_hashes h JOIN account_emails e ON e.email = h.email"
        " JOIN accounts a ON a.user_id = e.user_id"
        " WHERE h.lookup_hash IN_LIST($1) AND h.pepper_id = $2 AND a.deactivated_ts IS NULL",
        hashes,
        pepper_id,
    )
    return [(row[0], row[1]) for row in rows]


async def set_unbound(tx: Tx, email: str, user_id: str, now_ms: int) -> None:
    """The address is looked up no more."""
    await tx.run(
        "INSERT INTO identity_unbound (email, user_id, since_ts) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        email,
        user_id,
        now_ms,
    )
    await remove_hashes_of(tx, email)


async def follow_unbound(tx: Tx, email: str, user_id: str) -> bool:
    """The address is this account's from now on: whether its owner has chosen that it is not looked up. What somebody
    chose who had the address before ends."""
    await tx.run("DELETE FROM identity_unbound WHERE email = $1 AND user_id <> $2", email, user_id)
    return await tx.one("SELECT 1 FROM identity_unbound WHERE email = $1", email) is not None


async def move_unbound(tx: Tx, formers: Collection[str], email: str, user_id: str) -> None:
    """Who is not looked up by one of these addresses is not by the one that takes their place either."""
    since = await tx.one(
        "SELECT MAX(since_ts) FROM identity_unbound WHERE email IN_LIST($1) AND user_id = $2", formers, user_id
    )
    if since is None or since[0] is None:
        return
    await tx.run("DELETE FROM identity_unbound WHERE email IN_LIST($1)", (*formers, email))
    await set_unbound(tx, email, user_id, since[0])


async def rename_unbound(tx: Tx, administration_id: str, old: str, new: str) -> None:
    """Who is not looked up under the domain `old` is not under `new` either; who had a new address once, and has it no
    more, chooses nothing for it."""
    await tx.run(
        "DELETE FROM identity_unbound WHERE email IN"
        " (SELECT substr(u.email, 1, length(u.email) - length(CAST($2 AS TEXT))) || CAST($3 AS TEXT)"
        " FROM identity_unbound u JOIN accounts a ON a.user_id = u.user_id WHERE a.administration_id = $1"
        " AND substr(u.email, length(u.email) - length(CAST($2 AS TEXT)) + 1) = $2)",
        administration_id,
        f"@{old}",
        f"@{new}",
    )
    await tx.run(
        "UPDATE identity_unbound SET email = substr(email, 1, length(email) - length(CAST($2 AS TEXT)))"
        " || CAST($3 AS TEXT) WHERE substr(email, length(email) - length(CAST($2 AS TEXT)) + 1) = $2"
        " AND user_id IN (SELECT user_id FROM accounts WHERE administration_id = $1)",
        administration_id,
        f"@{old}",
        f"@{new}",
    )


async def rename_hashes(tx: Tx, renamed: Sequence[tuple[str, str]]) -> None:
    """People are looked up by their new addresses, `(old, new)`, and no more by the old ones."""
    olds, news = [old for old, _ in renamed], [new for _, new in renamed]
    await tx.run("DELETE FROM identity_hashes WHERE email IN_LIST($1)", olds)
    rows = await tx.all("SELECT email FROM identity_unbound WHERE email IN_LIST($1)", news)
    unbound = {row[0] for row in rows}
    await add_hashes(tx, [new for new in news if new not in unbound], await find_peppers(tx))


async def remove_unbound(tx: Tx, email: str) -> None:
    await tx.run("DELETE FROM identity_unbound WHERE email = $1", email)


async def find_invitation_sender(tx: Tx, token: str) -> str | None:
    """Who sent the invitation of this token."""
    row = await tx.one("SELECT inviter FROM email_invitations WHERE token = $1", token)
    return None if row is None else row[0]


async def has_invitation_key(tx: Tx, public_key: str, now_ms: int) -> bool:
    """Whether a key was made for an invitation that still stands."""
    row = await tx.one("SELECT 1 FROM email_invitations WHERE public_key = $1 AND expires_ts > $2", public_key, now_ms)
    return row is not None
