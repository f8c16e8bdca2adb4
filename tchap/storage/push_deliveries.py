"""The queue of notifications and, in the same rows, the ledger of what became of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tchap.base import limits
from tchap.storage.database import Row, Tx
from tchap.storage.pushers import Pusher, PusherKey

WAITING = "waiting"

_COLUMNS = (
    "delivery_id, user_id, app_id, pushkey, kind, event_id, room_id, position, thread_id, actions, decided_ts,"
    " attempts, sent_ts, outcome, answer"
)
_OF_PUSHER = "user_id = $1 AND app_id = $2 AND pushkey = $3"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notification for one pusher. ``kind``: ``event``, ``badge`` (counts alone), ``ack`` (MSC4174) or ``test``;
    ``actions`` is JSON text. ``outcome``: ``waiting``, ``sent``, ``rejected`` (the pusher is gone), ``read`` (before it
    could be sent), ``collapsed`` (newer ones took its place), ``dropped`` or ``failed``; ``answer`` is the provider's.
    Times in milliseconds since 1970."""

    delivery_id: int
    user_id: str
    app_id: str
    pushkey: str
    kind: str
    event_id: str | None
    room_id: str | None
    position: int | None
    thread_id: str
    actions: str
    decided_ts: int
    attempts: int = 0
    sent_ts: int | None = None
    outcome: str = WAITING
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a notification is about, whomever it goes to."""

    event_id: str
    room_id: str
    position: int
    thread_id: str
    actions: str


def of_event(pusher: Pusher, subject: Subject, now_ms: int) -> Delivery:
    """A notification yet to be sent; the id is drawn when it is kept."""
    return Delivery(
        delivery_id=0,
        user_id=pusher.user_id,
        app_id=pusher.app_id,
        pushkey=pusher.pushkey,
        kind="event",
        event_id=subject.event_id,
        room_id=subject.room_id,
        position=subject.position,
        thread_id=subject.thread_id,
        actions=subject.actions,
        decided_ts=now_ms,
    )


def plain(key: PusherKey, kind: str, now_ms: int) -> Delivery:
    """A notification about no event."""
    return Delivery(0, key.user_id, key.app_id, key.pushkey, kind, None, None, None, "main", "[]", now_ms)


async def add_deliveries(tx: Tx, deliveries: Sequence[Delivery]) -> None:
    first = await tx.next_positions(len(deliveries))
    await tx.many(
        f"""INSERT INTO push_deliveries ({_COLUMNS})
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)""",
        [
            (
                first + index,
                each.user_id,
                each.app_id,
                each.pushkey,
                each.kind,
                each.event_id,
                each.room_id,
                each.position,
                each.thread_id,
                each.actions,
                each.decided_ts,
                each.attempts,
                each.sent_ts,
                each.outcome,
                each.answer,
            )
            for index, each in enumerate(deliveries)
        ],
    )


async def find_due(tx: Tx, now_ms: int) -> list[PusherKey]:
    """Pushers for which something waits and that may be called now."""
    rows = await tx.all(
        """SELECT p.user_id, p.app_id, p.pushkey FROM
             (SELECT DISTINCT user_id, app_id, pushkey FROM push_deliveries WHERE outcome = 'waiting') d
           JOIN pushers p ON p.user_id = d.user_id AND p.app_id = d.app_id AND p.pushkey = d.pushkey
           WHERE p.wait_until_ts <= $1
           UNION ALL
           SELECT user_id, app_id, pushkey FROM pushers WHERE badge_due_ts <= $1 AND wait_until_ts <= $1
           LIMIT $2""",
        now_ms,
        limits.PUSH_SERVED_AT_ONCE,
    )
    # One may be due for both reasons.
    return list(dict.fromkeys(PusherKey(*row) for row in rows))


async def claim(tx: Tx, key: PusherKey, now_ms: int) -> bool:
    """Nobody else serves the pusher for a while; False where somebody does."""
    claimed = await tx.run(
        f"UPDATE pushers SET wait_until_ts = $5 WHERE {_OF_PUSHER} AND wait_until_ts <= $4",
        key.user_id,
        key.app_id,
        key.pushkey,
        now_ms,
        now_ms + limits.PUSH_LEASE_MS,
    )
    return claimed > 0


@dataclass(frozen=True, slots=True)
class PusherState:
    """How a pusher stands: ``failures`` in a row, the first at ``failing_since_ts``; ``badge`` is the count it was last
    told, ``badge_due_ts`` when it is to be told another."""

    failures: int
    failing_since_ts: int | None
    badge: int
    badge_due_ts: int | None


async def find_state(tx: Tx, key: PusherKey) -> PusherState | None:
    row = await tx.one(
        f"SELECT failures, failing_since_ts, badge, badge_due_ts FROM pushers WHERE {_OF_PUSHER}",
        key.user_id,
        key.app_id,
        key.pushkey,
    )
    return None if row is None else PusherState(*row)


async def set_state(tx: Tx, key: PusherKey, state: PusherState, wait_until_ts: int) -> None:
    """What a call to the pusher changed. ``badge_due_ts`` is what was asked and is now done (None: nothing); what was
    read meanwhile still waits to be told."""
    await tx.run(
        f"""UPDATE pushers SET failures = $4, failing_since_ts = CAST($5 AS BIGINT), badge = $6, wait_until_ts = $8,
              badge_due_ts = CASE WHEN badge_due_ts = CAST($7 AS BIGINT) THEN NULL ELSE badge_due_ts END
            WHERE {_OF_PUSHER}""",
        key.user_id,
        key.app_id,
        key.pushkey,
        state.failures,
        state.failing_since_ts,
        state.badge,
        state.badge_due_ts,
        wait_until_ts,
    )


async def set_wait(tx: Tx, key: PusherKey, wait_until_ts: int) -> None:
    await tx.run(
        f"UPDATE pushers SET wait_until_ts = $4 WHERE {_OF_PUSHER}", key.user_id, key.app_id, key.pushkey, wait_until_ts
    )


async def find_waiting(tx: Tx, key: PusherKey, limit: int) -> list[Delivery]:
    """What waits for the pusher, the oldest first."""
    rows = await tx.all(
        f"""SELECT {_COLUMNS} FROM push_deliveries WHERE {_OF_PUSHER} AND outcome = 'waiting'
            ORDER BY delivery_id LIMIT $4""",
        key.user_id,
        key.app_id,
        key.pushkey,
        limit,
    )
    return [_delivery(row) for row in rows]


def _delivery(row: Row) -> Delivery:
    return Delivery(*row)


async def set_outcomes(tx: Tx, rows: Sequence[tuple[int, str, str]], now_ms: int) -> None:
    """(delivery id, outcome, answer) of deliveries that ended, or failed once more where the outcome is ``waiting``."""
    await tx.many(
        """UPDATE push_deliveries SET outcome = $2, answer = $3, sent_ts = $4,
             attempts = attempts + CASE WHEN $2 IN ('sent', 'waiting', 'rejected', 'failed') THEN 1 ELSE 0 END
           WHERE delivery_id = $1""",
        [(delivery_id, outcome, answer, now_ms) for delivery_id, outcome, answer in rows],
    )


async def collapse(tx: Tx, key: PusherKey) -> int:
    """Nothing old floods a device that was away: of what waits only the newest is kept."""
    return await tx.run(
        f"""UPDATE push_deliveries SET outcome = 'collapsed' WHERE {_OF_PUSHER} AND outcome = 'waiting'
            AND kind = 'event' AND delivery_id < (SELECT max(d.delivery_id) FROM push_deliveries d
              WHERE d.user_id = $1 AND d.app_id = $2 AND d.pushkey = $3 AND d.outcome = 'waiting')""",
        key.user_id,
        key.app_id,
        key.pushkey,
    )


async def end_waiting(tx: Tx, key: PusherKey, outcome: str) -> None:
    await tx.run(
        f"UPDATE push_deliveries SET outcome = $4 WHERE {_OF_PUSHER} AND outcome = 'waiting'",
        key.user_id,
        key.app_id,
        key.pushkey,
        outcome,
    )


async def end_orphans(tx: Tx) -> int:
    """What waits for pushers that are no more."""
    return await tx.run(
        """UPDATE push_deliveries SET outcome = 'dropped' WHERE outcome = 'waiting' AND NOT EXISTS
             (SELECT 1 FROM pushers p WHERE p.user_id = push_deliveries.user_id
              AND p.app_id = push_deliveries.app_id AND p.pushkey = push_deliveries.pushkey)"""
    )


async def remove_old(tx: Tx, before_ts: int) -> int:
    """Forgets what was decided before that time."""
    return await tx.run("DELETE FROM push_deliveries WHERE decided_ts < $1", before_ts)


async def find_ledger(tx: Tx, user_id: str, below: int, limit: int) -> list[Delivery]:
    """What became of a person's notifications, the newest first."""
    rows = await tx.all(
        f"""SELECT {_COLUMNS} FROM push_deliveries WHERE user_id = $1 AND delivery_id < $2
            ORDER BY delivery_id DESC LIMIT $3""",
        user_id,
        below,
        limit,
    )
    return [_delivery(row) for row in rows]


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What a notification says of an event. ``client_json`` is its client format; names are those it bears now."""

    event_id: str
    room_id: str
    type: str
    sender: str
    client_json: bytes
    sender_name: str | None


async def find_event_facts(tx: Tx, event_ids: Collection[str]) -> dict[str, EventFacts]:
    """Of events that were not taken back since."""
    rows = await tx.all(
        """SELECT e.event_id, e.room_id, e.type, e.sender, e.client_json, m.display_name FROM events e
           LEFT JOIN memberships m ON m.room_id = e.room_id AND m.user_id = e.sender AND m.to_position IS NULL
           WHERE e.event_id IN_LIST($1) AND e.redacted_by IS NULL""",
        list(event_ids),
    )
    return {row[0]: EventFacts(row[0], row[1], row[2], row[3], bytes(row[4]), row[5]) for row in rows}


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """The state of a room that a notification shows, as client-format JSON by event type."""

    states: dict[tuple[str, str], bytes]

    def find(self, room_id: str, kind: str) -> bytes | None:
        return self.states.get((room_id, kind))


async def find_room_facts(tx: Tx, room_ids: Collection[str]) -> RoomFacts:
    rows = await tx.all(
        """SELECT s.room_id, s.type, e.client_json FROM room_state s JOIN events e ON e.event_id = s.event_id
           WHERE s.room_id IN_LIST($1) AND s.state_key = '' AND s.to_position IS NULL
             AND s.type IN ('m.room.name', 'm.room.canonical_alias', 'm.room.encryption')""",
        list(room_ids),
    )
    return RoomFacts({(room_id, kind): bytes(body) for room_id, kind, body in rows})


async def find_memberships_in(tx: Tx, user_id: str, room_ids: Collection[str]) -> dict[str, str]:
    """What the person is now in each of the rooms."""
    rows = await tx.all(
        """SELECT room_id, membership FROM memberships
           WHERE user_id = $1 AND room_id IN_LIST($2) AND to_position IS NULL""",
        user_id,
        list(room_ids),
    )
    return {row[0]: row[1] for row in rows}


async def find_mailed(tx: Tx, user_id: str, room_ids: Collection[str]) -> dict[str, int]:
    """When the person was last written to about each of the rooms."""
    rows = await tx.all(
        "SELECT room_id, mailed_ts FROM push_mails WHERE user_id = $1 AND room_id IN_LIST($2)", user_id, list(room_ids)
    )
    return {row[0]: row[1] for row in rows}


async def set_mailed(tx: Tx, user_id: str, room_ids: Collection[str], now_ms: int) -> None:
    await tx.many(
        """INSERT INTO push_mails (user_id, room_id, mailed_ts) VALUES ($1, $2, $3)
           ON CONFLICT (user_id, room_id) DO UPDATE SET mailed_ts = excluded.mailed_ts""",
        [(user_id, room_id, now_ms) for room_id in room_ids],
    )


async def remove_old_mails(tx: Tx, before_ts: int) -> int:
    return await tx.run("DELETE FROM push_mails WHERE mailed_ts < $1", before_ts)
