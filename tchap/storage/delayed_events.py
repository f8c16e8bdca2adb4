"""Events to be sent later (MSC4140): those that wait for their time, and for a while what became of them."""

from __future__ import annotations

from dataclasses import dataclass

from tchap.base import limits
from tchap.storage.jobs import Tx

SCHEDULED, SENT, CANCELLED, FAILED = "scheduled", "sent", "cancelled", "failed"


@dataclass(frozen=True, slots=True)
class DelayedEvent:
    """One row; times in milliseconds since 1970. `content` and `error` are JSON, `media` mxc addresses by spaces."""

    delay_id: str
    user_id: str
    device_id: str
    appservice_id: str
    txn_id: str | None
    room_id: str
    type: str
    state_key: str | None
    content: bytes
    origin_server_ts: int | None
    delay_ms: int
    since_ts: int
    send_ts: int
    outcome: str = SCHEDULED
    reason: str | None = None
    event_id: str | None = None
    error: bytes | None = None
    finalised_ts: int | None = None
    media: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """How a delayed event ended: sent as `event_id`, cancelled, or failed with an error (JSON)."""

    outcome: str
    reason: str
    ts: int
    event_id: str | None = None
    error: bytes | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of a person's delayed events are asked for; '' and () leave open."""

    status: str = ""
    delay_ids: tuple[str, ...] = ()
    offset: int = 0


_COLUMNS = """delay_id, user_id, device_id, appservice_id, txn_id, room_id, type, state_key, content, origin_server_ts,
  delay_ms, since_ts, send_ts, outcome, reason, event_id, error, finalised_ts, media"""
_FIND = f"SELECT {_COLUMNS} FROM delayed_events"


async def find_delayed(tx: Tx, delay_id: str) -> DelayedEvent | None:
    row = await tx.one(f"{_FIND} WHERE delay_id = $1", delay_id)
    return DelayedEvent(*row) if row else None


async def find_by_transaction(tx: Tx, wish: DelayedEvent) -> str | None:
    """The id of what the device scheduled under the same transaction id."""
    row = await tx.one(
        "SELECT delay_id FROM delayed_events"
        " WHERE user_id = $1 AND device_id = $2 AND room_id = $3 AND type = $4 AND txn_id = $5",
        wish.user_id,
        wish.device_id,
        wish.room_id,
        wish.type,
        wish.txn_id,
    )
    return row[0] if row else None


async def find_load(tx: Tx, user_id: str) -> tuple[int, int]:
    """How many events of the person wait, and when the first of them is due."""
    row = await tx.one(
        "SELECT COUNT(*), COALESCE(MIN(send_ts), 0) FROM delayed_events WHERE user_id = $1 AND outcome = 'scheduled'",
        user_id,
    )
    return (row[0], row[1]) if row else (0, 0)


async def add_delayed(tx: Tx, event: DelayedEvent) -> None:
    await tx.run(
        "INSERT INTO delayed_events (delay_id, user_id, device_id, appservice_id, txn_id, room_id, type, state_key,"
        " content, origin_server_ts, delay_ms, since_ts, send_ts, media)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        event.delay_id,
        event.user_id,
        event.device_id,
        event.appservice_id,
        event.txn_id,
        event.room_id,
        event.type,
        event.state_key,
        event.content,
        event.origin_server_ts,
        event.delay_ms,
        event.since_ts,
        event.send_ts,
        event.media,
    )


async def find_due(tx: Tx, now_ms: int) -> list[DelayedEvent]:
    """Those whose time has come, the longest due first."""
    rows = await tx.all(
        f"{_FIND} WHERE outcome = 'scheduled' AND send_ts <= $1 ORDER BY send_ts LIMIT $2", now_ms, limits.DELAYED_BATCH
    )
    return [DelayedEvent(*row) for row in rows]


async def find_next_ts(tx: Tx) -> int | None:
    """When the next one is due."""
    row = await tx.one("SELECT MIN(send_ts) FROM delayed_events WHERE outcome = 'scheduled'")
    return row[0] if row else None


async def set_restarted(tx: Tx, delay_id: str, since_ts: int) -> int | None:
    """Its time begins anew; when it is due now, None when it does not wait any more."""
    row = await tx.one(
        "UPDATE delayed_events SET since_ts = $2, send_ts = CAST($2 AS BIGINT) + delay_ms"
        " WHERE delay_id = $1 AND outcome = 'scheduled' RETURNING send_ts",
        delay_id,
        since_ts,
    )
    return row[0] if row else None


async def set_postponed(tx: Tx, delay_id: str, send_ts: int) -> None:
    """It is tried again later; its owner is told the time it was due."""
    await tx.run(
        "UPDATE delayed_events SET send_ts = $2 WHERE delay_id = $1 AND outcome = 'scheduled'", delay_id, send_ts
    )


async def set_ended(tx: Tx, delay_id: str, end: End) -> bool:
    """False when it had ended already. What ended long ago, and more than enough of one person, is forgotten."""
    row = await tx.one(
        "UPDATE delayed_events SET outcome = $2, reason = $3, finalised_ts = $4, event_id = $5, error = $6"
        " WHERE delay_id = $1 AND outcome = 'scheduled' RETURNING user_id",
        delay_id,
        end.outcome,
        end.reason,
        end.ts,
        end.event_id,
        end.error,
    )
    if row is None:
        return False
    await tx.run(
        """DELETE FROM delayed_events WHERE user_id = $1 AND outcome <> 'scheduled' AND (finalised_ts < $2
             OR delay_id IN (SELECT delay_id FROM delayed_events WHERE user_id = $1 AND outcome <> 'scheduled'
                             ORDER BY finalised_ts DESC, delay_id LIMIT 1000000 OFFSET $3))""",
        row[0],
        end.ts - limits.FINALISED_MS,
        limits.MAX_FINALISED,
    )
    return True


async def find_page(tx: Tx, user_id: str, wanted: Wanted) -> list[DelayedEvent]:
    """A page of a person's delayed events, and one more if there is: the next due first, then the last ended first."""
    rows = await tx.all(
        f"""{_FIND} WHERE user_id = $1
             AND ($2 = '' OR ($2 = 'scheduled' AND outcome = 'scheduled')
                  OR ($2 = 'finalised' AND outcome <> 'scheduled'))
             AND (CAST($3 AS BIGINT) = 0 OR delay_id IN_LIST($4))
           ORDER BY CASE WHEN outcome = 'scheduled' THEN 0 ELSE 1 END,
             CASE WHEN outcome = 'scheduled' THEN send_ts ELSE -finalised_ts END, delay_id
           LIMIT $5 OFFSET $6""",
        user_id,
        wanted.status,
        len(wanted.delay_ids),
        list(wanted.delay_ids),
        limits.DELAYED_PAGE + 1,
        wanted.offset,
    )
    return [DelayedEvent(*row) for row in rows]


async def remove_delayed_of(tx: Tx, user_id: str) -> None:
    """Forgets what a closed account wanted to say, and said."""
    await tx.run("DELETE FROM delayed_events WHERE user_id = $1", user_id)
