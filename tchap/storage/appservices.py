"""The queue of events each application service has yet to take, and the transaction that carries them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.base import limits
from tchap.storage.events import GONE, StoredEvent, find_events
from tchap.storage.jobs import Tx


@dataclass(frozen=True, slots=True)
class Batch:
    """A transaction: its number, and its events in the order of their positions."""

    txn_id: int
    events: tuple[StoredEvent, ...]


async def add_to_queue(tx: Tx, rows: Sequence[tuple[str, int, str]]) -> None:
    """`(application service, position, event id)` each."""
    await tx.many("INSERT INTO appservice_queue (appservice_id, position, event_id) VALUES ($1, $2, $3)", rows)


async def begin_transaction(tx: Tx, service_id: str) -> Batch | None:
    """The transaction under way, as it was; else a new one of what waits; None when nothing does."""
    known = await tx.one(
        "SELECT txn_id, upto_position FROM appservice_transactions WHERE appservice_id = $1", service_id
    )
    txn_id, upto = known or (0, None)
    waiting = await tx.all(
        "SELECT position, event_id FROM appservice_queue WHERE appservice_id = $1 ORDER BY position LIMIT $2",
        service_id,
        limits.MAX_APPSERVICE_EVENTS,
    )
    if not waiting:
        return None
    if upto is None:
        txn_id, upto = txn_id + 1, waiting[-1][0]
        await _set_transaction(tx, service_id, txn_id, upto)
    event_ids = [event_id for position, event_id in waiting if position <= upto]
    found = await find_events(tx, event_ids)
    return Batch(txn_id, tuple(found[each] for each in event_ids if each in found and found[each].status != GONE))


async def end_transaction(tx: Tx, service_id: str, txn_id: int) -> None:
    """The service took the transaction: its events leave the queue."""
    await tx.run(
        """DELETE FROM appservice_queue WHERE appservice_id = $1 AND position <=
             (SELECT upto_position FROM appservice_transactions WHERE appservice_id = $1 AND txn_id = $2)""",
        service_id,
        txn_id,
    )
    await tx.run(
        "UPDATE appservice_transactions SET upto_position = NULL WHERE appservice_id = $1 AND txn_id = $2",
        service_id,
        txn_id,
    )


async def next_transaction(tx: Tx, service_id: str) -> int:
    """The number of a transaction of news that are not stored."""
    known = await tx.one("SELECT txn_id FROM appservice_transactions WHERE appservice_id = $1", service_id)
    txn_id: int = (known[0] if known else 0) + 1
    await _set_transaction(tx, service_id, txn_id, None)
    return txn_id


async def _set_transaction(tx: Tx, service_id: str, txn_id: int, upto: int | None) -> None:
    await tx.run(
        """INSERT INTO appservice_transactions (appservice_id, txn_id, upto_position) VALUES ($1, $2, $3)
           ON CONFLICT (appservice_id) DO UPDATE SET txn_id = $2, upto_position = $3""",
        service_id,
        txn_id,
        upto,
    )
