"""Backups of room keys, sealed by the client. Source: client-server API, "Server-side key backups"."""

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.protocol.key_backup import KeyRank
from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Backup:
    """One version of a person's backup; `etag` rises at every change of its keys."""

    version: int
    algorithm: str
    auth_data: bytes
    etag: int
    key_count: int
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class BackedUpKey:
    """One session's key; `session_data` is JSON that only the client can read into."""

    room_id: str
    session_id: str
    rank: KeyRank
    session_data: bytes


_BACKUP = "version, algorithm, auth_data, etag, key_count, is_deleted"
_KEY = "room_id, session_id, is_verified, first_message_index, forwarded_count, session_data"


async def find_backup(tx: Tx, user_id: str, version: int) -> Backup | None:
    """That version, also when it was deleted."""
    row = await tx.one(f"SELECT {_BACKUP} FROM key_backups WHERE user_id = $1 AND version = $2", user_id, version)
    return _backup(row) if row else None


async def find_current(tx: Tx, user_id: str) -> Backup | None:
    """The latest version that was not deleted."""
    row = await tx.one(
        f"SELECT {_BACKUP} FROM key_backups WHERE user_id = $1 AND is_deleted = 0 ORDER BY version DESC LIMIT 1",
        user_id,
    )
    return _backup(row) if row else None


async def add_backup(tx: Tx, user_id: str, algorithm: str, auth_data: bytes) -> int:
    """Begins a version and gives its number, never one used before."""
    row = await tx.one(
        "INSERT INTO key_backups (user_id, version, algorithm, auth_data)"
        " SELECT CAST($1 AS TEXT), COALESCE(MAX(version), 0) + 1, CAST($2 AS TEXT), $3"
        " FROM key_backups WHERE user_id = $1 RETURNING version",
        user_id,
        algorithm,
        auth_data,
    )
    assert row is not None
    return int(row[0])


async def set_auth_data(tx: Tx, user_id: str, version: int, auth_data: bytes) -> None:
    await tx.run(
        "UPDATE key_backups SET auth_data = $3 WHERE user_id = $1 AND version = $2", user_id, version, auth_data
    )


async def set_deleted(tx: Tx, user_id: str, version: int) -> None:
    """Forgets the backup's keys and what opened them; the number stays taken."""
    await tx.run("DELETE FROM backup_keys WHERE user_id = $1 AND version = $2", user_id, version)
    await tx.run(
        "UPDATE key_backups SET is_deleted = 1, key_count = 0, auth_data = $3 WHERE user_id = $1 AND version = $2",
        user_id,
        version,
        b"{}",
    )


async def add_to_count(tx: Tx, user_id: str, version: int, change: tuple[int, int]) -> Backup | None:
    """Adds (to the count of keys, to the etag). Adding nothing still keeps other writers of this backup waiting."""
    row = await tx.one(
        "UPDATE key_backups SET key_count = key_count + $3, etag = etag + $4"
        f" WHERE user_id = $1 AND version = $2 AND is_deleted = 0 RETURNING {_BACKUP}",
        user_id,
        version,
        *change,
    )
    return _backup(row) if row else None


async def find_keys(tx: Tx, user_id: str, version: int) -> list[BackedUpKey]:
    rows = await tx.all(f"SELECT {_KEY} FROM backup_keys WHERE user_id = $1 AND version = $2", user_id, version)
    return [_key(row) for row in rows]


async def find_room_keys(tx: Tx, user_id: str, version: int, room_id: str) -> list[BackedUpKey]:
    rows = await tx.all(
        f"SELECT {_KEY} FROM backup_keys WHERE user_id = $1 AND version = $2 AND room_id = $3",
        user_id,
        version,
        room_id,
    )
    return [_key(row) for row in rows]


async def find_session_keys(tx: Tx, user_id: str, version: int, session_ids: Sequence[str]) -> list[BackedUpKey]:
    """The keys of these sessions, whatever their room."""
    rows = await tx.all(
        f"SELECT {_KEY} FROM backup_keys WHERE user_id = $1 AND version = $2 AND session_id IN_LIST($3)",
        user_id,
        version,
        session_ids,
    )
    return [_key(row) for row in rows]


async def set_keys(tx: Tx, user_id: str, version: int, keys: Sequence[BackedUpKey]) -> None:
    await tx.many(
        "INSERT INTO backup_keys (user_id, version, room_id, session_id, is_verified, first_message_index,"
        " forwarded_count, session_data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        " ON CONFLICT (user_id, version, session_id, room_id) DO UPDATE SET is_verified = excluded.is_verified,"
        " first_message_index = excluded.first_message_index, forwarded_count = excluded.forwarded_count,"
        " session_data = excluded.session_data",
        [
            (
                user_id,
                version,
                key.room_id,
                key.session_id,
                int(key.rank.is_verified),
                key.rank.first_message_index,
                key.rank.forwarded_count,
                key.session_data,
            )
            for key in keys
        ],
    )


async def remove_keys(tx: Tx, user_id: str, version: int) -> int:
    """Every key of the backup; says how many."""
    return await tx.run("DELETE FROM backup_keys WHERE user_id = $1 AND version = $2", user_id, version)


async def remove_room_keys(tx: Tx, user_id: str, version: int, room_id: str) -> int:
    return await tx.run(
        "DELETE FROM backup_keys WHERE user_id = $1 AND version = $2 AND room_id = $3", user_id, version, room_id
    )


async def remove_key(tx: Tx, user_id: str, version: int, session: tuple[str, str]) -> int:
    """The key of one (room id, session id)."""
    return await tx.run(
        "DELETE FROM backup_keys WHERE user_id = $1 AND version = $2 AND room_id = $3 AND session_id = $4",
        user_id,
        version,
        *session,
    )


def _backup(row: tuple[int, str, bytes, int, int, int]) -> Backup:
    return Backup(row[0], row[1], row[2], row[3], row[4], bool(row[5]))


def _key(row: tuple[str, str, int, int, int, bytes]) -> BackedUpKey:
    return BackedUpKey(row[0], row[1], KeyRank(bool(row[2]), row[3], row[4]), row[5])
