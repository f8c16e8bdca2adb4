"""Sending messages to devices. Source: client-server API, "Send-to-Device messaging"."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tchap.base import limits
from tchap.base.encoding import encode_json
from tchap.base.errors import MatrixError
from tchap.base.identity import Requester
from tchap.protocol.identifiers import server_of
from tchap.services.world import World
from tchap.storage import to_device
from tchap.storage.database import Tx
from tchap.storage.to_device import Addressed, Transaction

EVERY_DEVICE = "*"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message for one device of somebody, or for every one of them (`*`)."""

    user_id: str
    device_id: str
    content: dict[str, Any]


async def send_to_devices(
    world: World, requester: Requester, event_type: str, txn_id: str, messages: Iterable[Outgoing]
) -> None:
    """Queues the messages for the devices that exist, once per transaction id; those devices' syncs are woken."""
    local = [item for item in messages if server_of(item.user_id) in world.settings.instance_names]
    addressed = [Addressed(item.user_id, item.device_id, _encode(requester, event_type, item)) for item in local]
    transaction = Transaction(requester.user_id, requester.device_id, event_type, txn_id)
    position, users = await world.store.write(_queue, transaction, addressed, world.clock.now_ms())
    if users:
        world.live.notifier.tell(position, users=users)


def _encode(requester: Requester, event_type: str, item: Outgoing) -> bytes:
    encoded = encode_json({"sender": requester.user_id, "type": event_type, "content": item.content})
    if len(encoded) > limits.MAX_DEVICE_MESSAGE_BYTES:
        raise MatrixError("M_TOO_LARGE", "A message is too large.", "Un message est trop volumineux.")
    return encoded


async def _queue(
    tx: Tx, transaction: Transaction, messages: Sequence[Addressed], now_ms: int
) -> tuple[int, frozenset[str]]:
    """The last position used, and whose devices now have something to read."""
    forgotten_ts = now_ms - limits.DEVICE_TRANSACTION_MS
    await to_device.remove_transactions(tx, transaction.user_id, transaction.device_id, forgotten_ts)
    if not await to_device.add_transaction(tx, transaction, now_ms):
        return 0, frozenset()
    devices = await to_device.find_devices(tx, sorted({message.user_id for message in messages}))
    found = _expand(messages, devices)
    if len(found) > limits.MAX_DEVICE_MESSAGES:
        raise MatrixError("M_TOO_LARGE", "Too many devices at once.", "Trop d'appareils à la fois.")
    if not found:
        return 0, frozenset()
    return await to_device.add_messages(tx, found), frozenset(message.user_id for message in found)


def _expand(messages: Sequence[Addressed], devices: Iterable[tuple[str, str]]) -> list[Addressed]:
    """One message per device that exists: `*` means each of the user's devices."""
    by_user: dict[str, list[str]] = {}
    for user_id, device_id in devices:
        by_user.setdefault(user_id, []).append(device_id)
    found = []
    for message in messages:
        known = by_user.get(message.user_id, [])
        targets = known if message.device_id == EVERY_DEVICE else [d for d in known if d == message.device_id]
        found += [Addressed(message.user_id, device_id, message.message_json) for device_id in targets]
    return found
