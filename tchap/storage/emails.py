"""Proofs that somebody reads an e-mail address, and the invitations sent to one."""

from dataclasses import dataclass

from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Validation:
    """One attempt to prove an address: the hashes of the code and of the link's token, times in ms since 1970."""

    sid: str
    purpose: str
    email: str
    client_secret: str
    code_hash: bytes
    link_hash: bytes
    send_attempt: int
    next_link: str | None
    failed_attempts: int
    expires_ts: int
    validated_ts: int | None


@dataclass(frozen=True, slots=True)
class Invitation:
    """`token` is the state key of the room's `m.room.third_party_invite`; times in ms since 1970.

    `public_key` is the key made for it by the identity service, None where the room itself was told.
    """

    email: str
    room_id: str
    inviter: str
    token: str
    created_ts: int
    expires_ts: int
    public_key: str | None = None


_INVITATION = "email, room_id, inviter, token, created_ts, expires_ts, public_key"
_COLUMNS = (
    "sid, purpose, email, client_secret, code_hash, link_hash, send_attempt, next_link,"
    " failed_attempts, expires_ts, validated_ts"
)


async def find_validation(tx: Tx, sid: str) -> Validation | None:
    row = await tx.one(f"SELECT {_COLUMNS} FROM email_validations WHERE sid = $1", sid)
    return None if row is None else Validation(*row)


async def find_attempt(tx: Tx, email: str, client_secret: str, purpose: str) -> Validation | None:
    row = await tx.one(
        f"SELECT {_COLUMNS} FROM email_validations WHERE email = $1 AND client_secret = $2 AND purpose = $3",
        email,
        client_secret,
        purpose,
    )
    return None if row is None else Validation(*row)


async def find_by_link(tx: Tx, link_hash: bytes) -> Validation | None:
    row = await tx.one(f"SELECT {_COLUMNS} FROM email_validations WHERE link_hash = $1", link_hash)
    return None if row is None else Validation(*row)


async def set_validation(tx: Tx, validation: Validation) -> str:
    """Adds the attempt, or begins a known one (same address, secret and purpose) anew; answers its sid."""
    row = await tx.one(
        f"INSERT INTO email_validations ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        " ON CONFLICT (email, client_secret, purpose) DO UPDATE SET code_hash = excluded.code_hash,"
        " link_hash = excluded.link_hash, send_attempt = excluded.send_attempt, next_link = excluded.next_link,"
        " failed_attempts = excluded.failed_attempts, expires_ts = excluded.expires_ts,"
        " validated_ts = excluded.validated_ts RETURNING sid",
        validation.sid,
        validation.purpose,
        validation.email,
        validation.client_secret,
        validation.code_hash,
        validation.link_hash,
        validation.send_attempt,
        validation.next_link,
        validation.failed_attempts,
        validation.expires_ts,
        validation.validated_ts,
    )
    return row[0] if row is not None else validation.sid


async def add_failed_attempt(tx: Tx, sid: str) -> None:
    await tx.run("UPDATE email_validations SET failed_attempts = failed_attempts + 1 WHERE sid = $1", sid)


async def set_validated(tx: Tx, sid: str, now_ms: int, until_ms: int) -> None:
    """The address is proven, and stays so until `until_ms`."""
    await tx.run(
        "UPDATE email_validations SET validated_ts = $1, expires_ts = $2 WHERE sid = $3", now_ms, until_ms, sid
    )


async def remove_old_validations(tx: Tx, now_ms: int) -> None:
    await tx.run("DELETE FROM email_validations WHERE expires_ts < $1", now_ms)


async def find_pending_events(tx: Tx, email: str, now_ms: int) -> list[bytes]:
    """The rooms' `m.room.third_party_invite` events that await this address, client JSON, also those emptied since."""
    rows = await tx.all(
        "SELECT e.client_json FROM email_invitations i"
        " JOIN room_state s ON s.room_id = i.room_id AND s.type = 'm.room.third_party_invite'"
        " AND s.state_key = i.token AND s.to_position IS NULL"
        " JOIN events e ON e.event_id = s.event_id WHERE i.email = $1 AND i.expires_ts > $2",
        email,
        now_ms,
    )
    return [bytes(row[0]) for row in rows]


async def set_invitation(tx: Tx, invitation: Invitation) -> None:
    """Remembers that an address was invited to a room; the last invitation counts."""
    await tx.run(
        f"INSERT INTO email_invitations ({_INVITATION}) VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (email, room_id) DO UPDATE SET inviter = excluded.inviter, token = excluded.token,"
        " created_ts = excluded.created_ts, expires_ts = excluded.expires_ts, public_key = excluded.public_key",
        invitation.email,
        invitation.room_id,
        invitation.inviter,
        invitation.token,
        invitation.created_ts,
        invitation.expires_ts,
        invitation.public_key,
    )


async def prolong_invitations(tx: Tx, email: str, inviter: str, ends_ts: int) -> bool:
    """Invitations of this inviter wait until then, those that were too old too; False where there is none."""
    changed = await tx.run(
        "UPDATE email_invitations SET expires_ts = $1 WHERE email = $2 AND inviter = $3", ends_ts, email, inviter
    )
    return changed > 0


async def remove_invitations(tx: Tx, email: str, now_ms: int) -> list[Invitation]:
    """Takes every invitation of an address out; answers those still in time."""
    rows = await tx.all(f"DELETE FROM email_invitations WHERE email = $1 RETURNING {_INVITATION}", email)
    found = [Invitation(*row) for row in rows]
    return [invitation for invitation in found if invitation.expires_ts > now_ms]


async def remove_proofs(tx: Tx, email: str, purpose: str) -> None:
    """A proof serves once: every attempt of this address for this purpose ends."""
    await tx.run("DELETE FROM email_validations WHERE email = $1 AND purpose = $2", email, purpose)
