"""Rendezvous sessions: one short message each, which lives for minutes (MSC4108, MSC4388)."""

from dataclasses import dataclass

from tchap.base import limits
from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Session:
    """`sequence` counts the writes; `expires_ts` in milliseconds since 1970."""

    session_id: str
    data: bytes
    sequence: int
    expires_ts: int


@dataclass(frozen=True, slots=True)
class Write:
    """New data on top of the write `sequence`; `txn_id` makes a repetition harmless where the client names one."""

    data: bytes
    sequence: int
    txn_id: str | None = None


async def add_session(tx: Tx, session: Session, now_ms: int) -> bool:
    """False when there are too many. Whoever makes a new one sweeps away those whose time is over."""
    await tx.run("DELETE FROM rendezvous WHERE expires_ts <= $1", now_ms)
    row = await tx.one("SELECT COUNT(*) FROM rendezvous")
    if row is not None and row[0] >= limits.MAX_RENDEZVOUS:
        return False
    await tx.run(
        "INSERT INTO rendezvous (session_id, data, sequence, expires_ts) VALUES ($1, $2, $3, $4)",
        session.session_id,
        session.data,
        session.sequence,
        session.expires_ts,
    )
    return True


async def find_session(tx: Tx, session_id: str, now_ms: int) -> Session | None:
    row = await tx.one(
        "SELECT session_id, data, sequence, expires_ts FROM rendezvous WHERE session_id = $1 AND expires_ts > $2",
        session_id,
        now_ms,
    )
    return Session(row[0], bytes(row[1]), row[2], row[3]) if row else None


async def set_data(tx: Tx, session_id: str, write: Write) -> int | None:
    """The new sequence; that of the same write where it is repeated; None when somebody else wrote meanwhile."""
    row = await tx.one(
        "UPDATE rendezvous SET data = $3, sequence = sequence + 1, txn_id = $4"
        " WHERE session_id = $1 AND sequence = $2 RETURNING sequence",
        session_id,
        write.sequence,
        write.data,
        write.txn_id,
    )
    if row is None and write.txn_id is not None:
        row = await tx.one(
            "SELECT sequence FROM rendezvous WHERE session_id = $1 AND txn_id = $2", session_id, write.txn_id
        )
    return row[0] if row else None


async def remove_session(tx: Tx, session_id: str) -> bool:
    return await tx.run("DELETE FROM rendezvous WHERE session_id = $1", session_id) > 0
