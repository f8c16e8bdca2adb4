"""Messages waiting for devices. Source: client-server API, "Send-to-Device messaging"."""

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.storage.database import Tx


@dataclass(frozen=True, slots=True)
class DeviceMessage:
    """`message_json` is `{"sender", "type", "content"}`, ready for /sync."""

    position: int
    message_json: bytes


@dataclass(frozen=True, slots=True)
class Addressed:
    """A message for one device."""

    user_id: str
    device_id: str
    message_json: bytes


@dataclass(frozen=True, slots=True)
class Transaction:
    """What makes a send unique: the sending device, the type and the client's transaction id."""

    user_id: str
    device_id: str
    type: str
    txn_id: str


async def find_messages(tx: Tx, user_id: str, device_id: str, span: tuple[int, int], limit: int) -> list[DeviceMessage]:
    """The oldest messages of the device at positions in (since, upto], `span` being those two."""
    rows = await tx.all(
        "SELECT position, message_json FROM device_messages"
        " WHERE user_id = $1 AND device_id = $2 AND position > $3 AND position <= $4 ORDER BY position LIMIT $5",
        user_id,
        device_id,
        *span,
        limit,
    )
    return [DeviceMessage(*row) for row in rows]


async def remove_messages(tx: Tx, user_id: str, device_id: str, upto: int) -> int:
    """Forgets what the device acknowledged; says how many messages that were."""
    return await tx.run(
        "DELETE FROM device_messages WHERE user_id = $1 AND device_id = $2 AND position <= $3",
        user_id,
        device_id,
        upto,
    )


async def find_devices(tx: Tx, user_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Every (user, device) of these people."""
    rows = await tx.all("SELECT user_id, device_id FROM devices WHERE user_id IN_LIST($1)", user_ids)
    return [(row[0], row[1]) for row in rows]


async def add_messages(tx: Tx, messages: Sequence[Addressed]) -> int:
    """Queues the messages in their order; gives the last position."""
    first = await tx.next_positions(len(messages))
    await tx.many(
        "INSERT INTO device_messages (user_id, device_id, position, message_json) VALUES ($1, $2, $3, $4)",
        [
            (message.user_id, message.device_id, first + index, message.message_json)
            for index, message in enumerate(messages)
        ],
    )
    return first + len(messages) - 1


async def add_transaction(tx: Tx, transaction: Transaction, now_ms: int) -> bool:
    """False when this very send was done already."""
    added = await tx.run(
        "INSERT INTO device_message_transactions (user_id, device_id, type, txn_id, sent_ts)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id, device_id, type, txn_id) DO NOTHING",
        transaction.user_id,
        transaction.device_id,
        transaction.type,
        transaction.txn_id,
        now_ms,
    )
    return added > 0


async def remove_transactions(tx: Tx, user_id: str, device_id: str, before_ts: int) -> None:
    """Forgets the device's sends older than this time (ms): nobody repeats them any more."""
    await tx.run(
        "DELETE FROM device_message_transactions WHERE user_id = $1 AND device_id = $2 AND sent_ts < $3",
        user_id,
        device_id,
        before_ts,
    )
