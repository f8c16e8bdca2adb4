"""What is read to serve one pusher, and what may be said of an event to it: in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.protocol.push_payloads import Counts, PushedEvent, tweaks_of
from tchap.services.world import World
from tchap.storage import push_deciding
from tchap.storage import push_deliveries as queue
from tchap.storage.database import Tx
from tchap.storage.push import find_missed_calls, find_unread
from tchap.storage.push_deciding import Marks
from tchap.storage.push_deliveries import Delivery, EventFacts, PusherState, RoomFacts
from tchap.storage.pushers import Pusher, PusherKey, find_pusher, find_served
from tchap.storage.sync import find_joined_rooms


@dataclass(frozen=True, slots=True)
class Batch:
    """A pusher, what waits for it and all that decides what it is told. ``is_served``: its owner may be called."""

    pusher: Pusher
    state: PusherState
    is_served: bool
    waiting: tuple[Delivery, ...]
    counts: Counts
    events: dict[str, EventFacts]
    memberships: dict[str, str]
    marks: Marks
    rooms: RoomFacts


async def load_batch(tx: Tx, key: PusherKey, now_ms: int) -> Batch | None:
    """None where the pusher is gone."""
    pusher, state = await find_pusher(tx, key), await queue.find_state(tx, key)
    if pusher is None or state is None:
        return None
    is_mail = pusher.kind == "email"
    waiting = await queue.find_waiting(tx, key, limits.MAX_MAILED_EVENTS if is_mail else limits.PUSH_BATCH)
    rooms = {each.room_id for each in waiting if each.room_id is not None}
    return Batch(
        pusher,
        state,
        any(each.key == key for each in await find_served(tx, [key.user_id], now_ms)),
        tuple(waiting),
        Counts() if is_mail else await count_unread(tx, key.user_id),
        await queue.find_event_facts(tx, [each.event_id for each in waiting if each.event_id is not None]),
        await queue.find_memberships_in(tx, key.user_id, rooms),
        await push_deciding.find_marks(tx, [key.user_id], rooms),
        await queue.find_room_facts(tx, rooms),
    )


async def count_unread(tx: Tx, user_id: str) -> Counts:
    """As the syncs count, over all rooms the person is in."""
    rooms = await find_joined_rooms(tx, user_id)
    ignored = (await push_deciding.find_ignored_by(tx, [user_id])).get(user_id, frozenset())
    counts = await find_unread(tx, user_id, rooms, ignored=ignored)
    unread = sum(each.notify for threads in counts.values() for each in threads.values())
    return Counts(unread, await find_missed_calls(tx, user_id, rooms))


def verdict_on(batch: Batch, delivery: Delivery) -> str | None:
    """Why a notification is not to be sent any more: ``read`` meanwhile, or ``dropped``; None where it is."""
    if delivery.kind == "ack":
        return None if batch.pusher.ack_token is not None else "dropped"
    event = batch.events.get(delivery.event_id or "")
    if not batch.is_served or event is None or delivery.position is None:
        return "dropped"
    expected = "invite" if _is_invitation(batch, event) else "join"
    if batch.memberships.get(event.room_id) != expected:
        return "dropped"
    place = (event.room_id, delivery.thread_id)
    return "read" if batch.marks.has_read(batch.pusher.user_id, place, delivery.position) else None


def _is_invitation(batch: Batch, event: EventFacts) -> bool:
    return event.type == "m.room.member" and _target(event) == batch.pusher.user_id


def _target(event: EventFacts) -> object:
    return _object(event.client_json).get("state_key")


def _object(data: bytes | None) -> dict[str, Any]:
    value = decode_json(data) if data is not None else None
    return value if isinstance(value, dict) else {}


def content_of(data: bytes | None) -> dict[str, Any]:
    """The content of an event in client format."""
    content = _object(data).get("content")
    return content if isinstance(content, dict) else {}


def room_label(batch: Batch, room_id: str) -> str | None:
    """The room's name, where it has one."""
    name = content_of(batch.rooms.find(room_id, "m.room.name")).get("name")
    return name if isinstance(name, str) and name else None


def is_private(world: World, batch: Batch, room_id: str) -> bool:
    """Whether nothing but ids may leave the server: the room is encrypted, or the operator wants none to."""
    is_encrypted = batch.rooms.find(room_id, "m.room.encryption") is not None
    return is_encrypted or not world.settings.push.include_content


def pushed_event(world: World, batch: Batch, delivery: Delivery) -> PushedEvent:
    """What may be told of a delivery's event."""
    event = batch.events[delivery.event_id or ""]
    tweaks = tweaks_of(delivery.actions)
    if is_private(world, batch, event.room_id):
        return PushedEvent(event.event_id, event.room_id, event.type, tweaks=tweaks)
    alias = content_of(batch.rooms.find(event.room_id, "m.room.canonical_alias")).get("alias")
    return PushedEvent(
        event_id=event.event_id,
        room_id=event.room_id,
        type=event.type,
        sender=event.sender,
        sender_name=event.sender_name,
        room_name=room_label(batch, event.room_id),
        room_alias=alias if isinstance(alias, str) else None,
        content=content_of(event.client_json),
        is_target=event.type == "m.room.member" and _target(event) == batch.pusher.user_id,
        tweaks=tweaks,
    )
