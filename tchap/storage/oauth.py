"""Applications, authorization codes and device grants; codes are known only by their SHA-256."""

from dataclasses import dataclass

from tchap.storage.database import Row, Tx


@dataclass(frozen=True, slots=True)
class Code:
    """What a code was given for. Times in milliseconds since 1970."""

    code_hash: bytes
    client_id: str
    redirect_uri: str
    user_id: str
    device_id: str
    scope: str
    challenge: str
    expires_ts: int
    is_spent: bool = False


@dataclass(frozen=True, slots=True)
class DeviceGrant:
    """A device that waits for somebody to allow it; `is_allowed` None: nobody has answered yet."""

    code_hash: bytes
    user_code: str
    client_id: str
    device_id: str
    scope: str
    interval_s: int
    next_poll_ts: int
    expires_ts: int
    user_id: str | None = None
    is_allowed: bool | None = None


async def find_client(tx: Tx, client_id: str) -> bytes | None:
    """The metadata of an application, as JSON."""
    row = await tx.one("SELECT metadata FROM oauth_clients WHERE client_id = $1", client_id)
    return None if row is None else row[0]


async def add_client(tx: Tx, client_id: str, metadata: bytes, now_ms: int) -> bool:
    """False where it was known already: its use is then noted."""
    await set_client_used(tx, client_id, now_ms)
    added = await tx.run(
        "INSERT INTO oauth_clients (client_id, metadata, used_ts) VALUES ($1, $2, $3)"
        " ON CONFLICT (client_id) DO NOTHING",
        client_id,
        metadata,
        now_ms,
    )
    return added > 0


async def set_client_used(tx: Tx, client_id: str, now_ms: int) -> None:
    await tx.run("UPDATE oauth_clients SET used_ts = $1 WHERE client_id = $2", now_ms, client_id)


async def count_clients(tx: Tx) -> int:
    row = await tx.one("SELECT COUNT(*) FROM oauth_clients")
    return int(row[0]) if row is not None else 0


_IS_IDLE = (
    "NOT EXISTS (SELECT 1 FROM refresh_tokens t WHERE t.oauth_client = c.client_id)"
    " AND NOT EXISTS (SELECT 1 FROM oauth_device_grants g WHERE g.client_id = c.client_id)"
)


async def remove_idle_clients(tx: Tx, before_ts: int, at_most: int) -> int:
    """Forgets applications without a session that were not used since, the oldest first; how many.

    "The server MUST NOT delete client registrations that have an active session" (client-server API, "Dynamic client
    registration flow").
    """
    return await tx.run(
        "DELETE FROM oauth_clients WHERE client_id IN"
        f" (SELECT c.client_id FROM oauth_clients c WHERE c.used_ts < $1 AND {_IS_IDLE}"
        " ORDER BY c.used_ts LIMIT $2)",
        before_ts,
        at_most,
    )


async def add_code(tx: Tx, code: Code) -> None:
    await tx.run(
        "INSERT INTO oauth_codes"
        " (code_hash, client_id, redirect_uri, user_id, device_id, scope, challenge, expires_ts)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        code.code_hash,
        code.client_id,
        code.redirect_uri,
        code.user_id,
        code.device_id,
        code.scope,
        code.challenge,
        code.expires_ts,
    )


async def find_code(tx: Tx, code_hash: bytes) -> Code | None:
    row = await tx.one(
        "SELECT code_hash, client_id, redirect_uri, user_id, device_id, scope, challenge, expires_ts, is_spent"
        " FROM oauth_codes WHERE code_hash = $1",
        code_hash,
    )
    return None if row is None else _code(row)


async def remove_untaken(tx: Tx, user_id: str) -> None:
    """Forgets what a person allowed and no application has taken yet."""
    await tx.run("DELETE FROM oauth_codes WHERE user_id = $1 AND is_spent = 0", user_id)
    await tx.run("DELETE FROM oauth_device_grants WHERE user_id = $1", user_id)


async def set_code_spent(tx: Tx, code_hash: bytes) -> None:
    await tx.run("UPDATE oauth_codes SET is_spent = 1 WHERE code_hash = $1", code_hash)


async def remove_other_codes(tx: Tx, user_id: str, device_id: str, kept: bytes) -> None:
    """Forgets what was given for a device before: its second use says nothing of the session that follows."""
    await tx.run(
        "DELETE FROM oauth_codes WHERE user_id = $1 AND device_id = $2 AND code_hash <> $3", user_id, device_id, kept
    )


async def add_device_grant(tx: Tx, grant: DeviceGrant) -> bool:
    """False when the user code is taken."""
    added = await tx.run(
        "INSERT INTO oauth_device_grants"
        " (code_hash, user_code, client_id, device_id, scope, interval_s, next_poll_ts, expires_ts)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (user_code) DO NOTHING",
        grant.code_hash,
        grant.user_code,
        grant.client_id,
        grant.device_id,
        grant.scope,
        grant.interval_s,
        grant.next_poll_ts,
        grant.expires_ts,
    )
    return added > 0


async def count_device_grants(tx: Tx) -> int:
    row = await tx.one("SELECT COUNT(*) FROM oauth_device_grants")
    return int(row[0]) if row is not None else 0


_GRANT = (
    "SELECT code_hash, user_code, client_id, device_id, scope, interval_s, next_poll_ts, expires_ts, user_id,"
    " is_allowed FROM oauth_device_grants"
)


async def find_device_grant(tx: Tx, code_hash: bytes) -> DeviceGrant | None:
    return _grant(await tx.one(f"{_GRANT} WHERE code_hash = $1", code_hash))


async def find_grant_by_user_code(tx: Tx, user_code: str) -> DeviceGrant | None:
    return _grant(await tx.one(f"{_GRANT} WHERE user_code = $1", user_code))


async def set_device_answer(tx: Tx, user_code: str, user_id: str, is_allowed: bool) -> bool:
    """False when it was answered already."""
    changed = await tx.run(
        "UPDATE oauth_device_grants SET user_id = $1, is_allowed = $2 WHERE user_code = $3 AND is_allowed IS NULL",
        user_id,
        int(is_allowed),
        user_code,
    )
    return changed > 0


async def set_next_poll(tx: Tx, code_hash: bytes, interval_s: int, next_poll_ts: int) -> None:
    await tx.run(
        "UPDATE oauth_device_grants SET interval_s = $1, next_poll_ts = $2 WHERE code_hash = $3",
        interval_s,
        next_poll_ts,
        code_hash,
    )


async def remove_device_grant(tx: Tx, code_hash: bytes) -> None:
    await tx.run("DELETE FROM oauth_device_grants WHERE code_hash = $1", code_hash)


async def remove_old_grants(tx: Tx, now_ms: int, spent_before_ts: int) -> None:
    """Codes and device grants whose time is over."""
    await tx.run("DELETE FROM oauth_codes WHERE expires_ts < $1", spent_before_ts)
    await tx.run("DELETE FROM oauth_device_grants WHERE expires_ts < $1", now_ms)


def _code(row: Row) -> Code:
    return Code(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], bool(row[8]))


def _grant(row: Row | None) -> DeviceGrant | None:
    if row is None:
        return None
    is_allowed = None if row[9] is None else bool(row[9])
    return DeviceGrant(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], is_allowed)
