"""Receipts and the fully-read marker: how far a person has read (receipts and read markers modules)."""

from __future__ import annotations

from dataclasses import dataclass

from tchap.base.encoding import decode_json, encode_json
from tchap.base.errors import Forbidden, InvalidParam, NotFound
from tchap.base.identity import Requester
from tchap.live.subscribers import ReceiptNews
from tchap.protocol.notices import MAIN_THREAD
from tchap.services.appservice_news import SeenEvent, tell_receipt
from tchap.services.world import World
from tchap.storage import receipts
from tchap.storage.account_data import find_account_data, set_account_data
from tchap.storage.database import Tx
from tchap.storage.pushers import set_badge_due
from tchap.storage.receipts import ReadEvent, Receipt
from tchap.storage.sync import is_joined

READ_TYPES = ("m.read", "m.read.private")
FULLY_READ = "m.fully_read"


@dataclass(frozen=True, slots=True)
class Marks:
    """What to move in a room, by receipt type; the event ids may be all the same."""

    room_id: str
    events: tuple[tuple[str, str], ...]
    thread_id: str = ""


@dataclass(frozen=True, slots=True)
class _Moved:
    """A mark that moved: ``position`` is that of the change, ``event`` what was read."""

    position: int
    receipt_type: str
    event: ReadEvent


async def set_marks(world: World, requester: Requester, marks: Marks) -> None:
    """Moves receipts and the marker forward. Raises M_FORBIDDEN outside the room, M_NOT_FOUND for an unknown event and
    M_INVALID_PARAM for a thread the event is not in."""
    for receipt_type, _ in marks.events:
        _check_type(receipt_type, marks.thread_id)
    now_ms = world.clock.now_ms()
    moved = await world.store.write(_set_marks, requester.user_id, marks, now_ms)
    notifier, user_id = world.live.notifier, requester.user_id
    for each in moved:
        if each.receipt_type in READ_TYPES:
            notifier.note_read(user_id, marks.room_id, _read_all_upto(world, marks, each.event))
        if each.receipt_type == "m.read":
            event_id, thread = each.event.event_id, marks.thread_id
            notifier.tell_receipt(ReceiptNews(each.position, marks.room_id, event_id, user_id, thread, now_ms))
        else:
            # Others need not be woken for what only concerns the reader.
            notifier.tell(each.position, users=[user_id])
        if each.receipt_type in READ_TYPES:
            seen = SeenEvent(each.receipt_type, each.event.event_id, marks.thread_id, now_ms)
            await tell_receipt(world, requester, marks.room_id, seen)


def _read_all_upto(world: World, marks: Marks, event: ReadEvent) -> int | None:
    """The position up to which nothing is left unread, where the event is the last of its room."""
    room = world.live.rooms.get(marks.room_id)
    is_last = room is not None and event.position == room.last_position
    return event.position if is_last and not marks.thread_id else None


def _check_type(receipt_type: str, thread_id: str) -> None:
    if receipt_type not in (*READ_TYPES, FULLY_READ):
        raise InvalidParam(f"There is no receipt type '{receipt_type}'.", "Ce type d'accusé n'existe pas.")
    if receipt_type == FULLY_READ and thread_id:
        raise InvalidParam("The fully-read marker is of no thread.", "Ce marqueur ne s'applique pas à un fil.")


async def _set_marks(tx: Tx, user_id: str, marks: Marks, now_ms: int) -> list[_Moved]:
    if not await is_joined(tx, user_id, marks.room_id):
        raise Forbidden("You are not in this room.", "Vous n'êtes pas dans ce salon.")
    moved = []
    for receipt_type, event_id in marks.events:
        event = await _get_event(tx, marks, event_id)
        if receipt_type == FULLY_READ:
            position = await _set_fully_read(tx, user_id, marks.room_id, event)
        else:
            receipt = Receipt(marks.room_id, user_id, receipt_type, marks.thread_id, event_id, now_ms)
            position = await receipts.set_receipt(tx, receipt)
        if position is not None:
            moved.append(_Moved(position, receipt_type, event))
    if any(each.receipt_type in READ_TYPES for each in moved):
        await set_badge_due(tx, [user_id], now_ms)
    return moved


async def _get_event(tx: Tx, marks: Marks, event_id: str) -> ReadEvent:
    event = await receipts.find_read_event(tx, marks.room_id, event_id)
    if event is None:
        raise NotFound("There is no such event in this room.", "Ce message n'existe pas dans ce salon.")
    if marks.thread_id and not _is_in_thread(event, marks.thread_id):
        raise InvalidParam("The event is not in this thread.", "Le message n'est pas dans ce fil.")
    return event


def _is_in_thread(event: ReadEvent, thread_id: str) -> bool:
    """The root of a thread, and what relates to it, may be read in either timeline."""
    if thread_id == MAIN_THREAD:
        return event.thread_id is None
    return thread_id in (event.thread_id, event.event_id, event.relates_to)


async def _set_fully_read(tx: Tx, user_id: str, room_id: str, event: ReadEvent) -> int | None:
    """The marker only moves forward."""
    known = await find_account_data(tx, user_id, room_id, FULLY_READ)
    content = decode_json(known) if known else None
    known_id = content.get("event_id") if isinstance(content, dict) else None
    if isinstance(known_id, str):
        before = await receipts.find_read_event(tx, room_id, known_id)
        if before is not None and before.ordering >= event.ordering:
            return None
    return await set_account_data(tx, user_id, room_id, FULLY_READ, encode_json({"event_id": event.event_id}))
