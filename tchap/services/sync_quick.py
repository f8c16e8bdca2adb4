"""The answer to a device that is nearly up to date, from memory alone: no query for a message in a room.

Every step gives up (None) as soon as memory may not know all: then the facts are collected from the disk. It answers
only what is most frequent: nothing at all, somebody typing, a few messages in rooms that are in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tchap.base.encoding import encode_json
from tchap.base.identity import Requester
from tchap.live.rooms import LiveRoom
from tchap.live.subscribers import DeviceMemory, Subscriber, UnreadMemory
from tchap.protocol.events import client_format
from tchap.protocol.notices import DEFAULT_CLASS, Unread
from tchap.protocol.stored_event import StoredEvent
from tchap.protocol.sync_assembly import Shaped, assemble, device_body, is_news, receipts_events, splice, typing_event
from tchap.protocol.sync_rooms import MEMBER, admits, timeline_limit
from tchap.protocol.sync_tokens import SyncToken
from tchap.protocol.sync_values import Ask, DeviceFacts, RoomFacts, RoomPlan, SyncEvent, Timeline
from tchap.protocol.transactions import note_transaction
from tchap.protocol.unread import count_on
from tchap.services.world import World


@dataclass(slots=True)
class _Quick:
    """One answer in the making."""

    world: World
    requester: Requester
    ask: Ask
    subscriber: Subscriber
    memory: DeviceMemory
    now_ms: int
    shaped: dict[str, bytes]

    @property
    def since(self) -> int:
        return self.ask.since or 0


@dataclass(frozen=True, slots=True)
class QuickAnswer:
    body: bytes
    has_news: bool


def find_quick_answer(
    world: World, requester: Requester, ask: Ask, since: SyncToken, subscriber: Subscriber
) -> QuickAnswer | None:
    """The answer, or None where the disk must be asked."""
    memory = subscriber.device(requester.device_id)
    if not _knows(ask, since, subscriber) or memory.keys is None:
        return None
    typing_serial = world.live.typing.serial
    quick = _Quick(world, requester, ask, subscriber, memory, world.clock.now_ms(), {})
    rooms = _rooms(quick, since)
    if rooms is None:
        return None
    shown = [room for room in rooms if is_news(room)]
    if shown:
        subscriber.last_given = max(subscriber.last_given, ask.upto)
    body = assemble(ask, SyncToken(ask.upto, typing_serial), shown, Shaped(quick.shaped), _device(memory))
    return QuickAnswer(body, bool(shown))


def quick_upto(world: World, subscriber: Subscriber, since: int) -> int:
    """How far memory can tell: to the last fact the person heard of, where everything below it is committed too."""
    return max(since, min(subscriber.last_told, world.store.committed_position()))


def _knows(ask: Ask, since: SyncToken, subscriber: Subscriber) -> bool:
    """Whether nothing but what memory follows can have changed for the person."""
    if ask.full_state or since.to_device is not None or subscriber.is_stale:
        return False
    return subscriber.knows(since.position) and subscriber.user_told <= since.position == ask.since


def _device(memory: DeviceMemory) -> dict[str, object]:
    counts, fallbacks = memory.keys or ({}, ())
    return device_body(DeviceFacts(one_time_keys=counts, unused_fallback_types=fallbacks))


def _rooms(quick: _Quick, since: SyncToken) -> list[RoomFacts] | None:
    found: dict[str, RoomFacts] = {}
    for room_id, told in quick.subscriber.rooms_since(quick.since).items():
        room = _room(quick, room_id, told)
        if room is None:
            return None
        found[room_id] = room
    if not _add_receipts(quick, found):
        return None
    for room_id in quick.subscriber.typing_since(since.typing):
        if _wants(quick.ask, room_id, "m.typing"):
            event = typing_event(quick.world.live.typing.typists(room_id))
            _add_ephemeral(quick, found, room_id, [event])
    return list(found.values())


def _add_receipts(quick: _Quick, found: dict[str, RoomFacts]) -> bool:
    """Adds what was read since; False where memory does not know all of it."""
    for room_id in quick.subscriber.receipts_since(quick.since):
        receipts = quick.world.live.notifier.receipts_since(room_id, quick.since, quick.ask.upto)
        if receipts is None:
            return False
        if receipts and _wants(quick.ask, room_id, "m.receipt"):
            said = [(each.event_id, "m.read", each.user_id, each.thread_id, each.ts) for each in receipts]
            _add_ephemeral(quick, found, room_id, receipts_events(said))
        is_told = room_id in found and found[room_id].unread is not None
        if not is_told and any(each.user_id == quick.requester.user_id for each in receipts):
            # The counts changed, and memory does not know to what, or the client wants no receipts.
            return False
    return True


def _add_ephemeral(quick: _Quick, found: dict[str, RoomFacts], room_id: str, events: list[bytes]) -> None:
    known = found.get(room_id)
    if known is None:
        room = quick.world.live.rooms.get(room_id)
        unread = None if room is None else _unread(quick, room)
        known = RoomFacts(_plan(quick, room_id), unread=unread)
    found[room_id] = replace(known, ephemeral=(*known.ephemeral, *events))


def _wants(ask: Ask, room_id: str, kind: str) -> bool:
    wanted = ask.filter.room
    return wanted.admits_room(room_id) and wanted.ephemeral.admits_room(room_id) and wanted.ephemeral.admits_type(kind)


def _plan(quick: _Quick, room_id: str) -> RoomPlan:
    return RoomPlan(room_id, "join", quick.since, quick.ask.upto, False, ())


def _room(quick: _Quick, room_id: str, told: int) -> RoomFacts | None:
    """A room of which something was told, where that was only messages, all of them in memory."""
    room = quick.world.live.rooms.get(room_id)
    if room is None or room.recent_from_position > quick.since or quick.requester.user_id not in room.joined:
        return None
    news = _news(room, quick.since, quick.ask.upto)
    if news is None or room.last_position < told:
        return None
    wanted = quick.ask.filter.room
    if not (wanted.admits_room(room_id) and wanted.timeline.admits_room(room_id)):
        return RoomFacts(_plan(quick, room_id))
    events = [_as_sync_event(each) for each in news if each.sender not in quick.subscriber.ignored]
    shown = [each for each in events if admits(each, wanted.timeline)]
    unread = _unread(quick, room)
    if unread is None or len(shown) > timeline_limit(quick.ask):
        return None
    members = _members(quick, room, shown) if quick.ask.lazy else ()
    for event in shown:
        quick.shaped[event.event_id] = splice(event.client_json, _unsigned(quick, event))
    timeline = Timeline(tuple(shown), False, shown[0].ordering if shown else None)
    return RoomFacts(_plan(quick, room_id), timeline=timeline, state=members, unread=unread)


def _news(room: LiveRoom, since: int, upto: int) -> list[StoredEvent] | None:
    """The events after ``since``, when they are plain messages; None when there is more to say of one."""
    found: list[StoredEvent] = []
    for event in reversed(room.recent):
        position = event.position or 0
        if position <= since:
            break
        if event.state_key is not None or event.type == "m.room.redaction" or event.redacted_by is not None:
            return None
        if position <= upto:
            found.append(event)
    found.reverse()
    ids = {event.event_id for event in found}
    # What is said about an event goes with it, which takes more than memory.
    return None if any(event.relates_to in ids for event in found) else found


def _unread(quick: _Quick, room: LiveRoom) -> dict[str, Unread] | None:
    """The counts known, carried forward over what memory holds since."""
    known = quick.subscriber.unread.get(room.room_id)
    audience = quick.world.live.audience.get(room.room_id)
    if known is None or audience is None or known.position < room.recent_from_position:
        return None
    if known.position > quick.ask.upto:
        return None
    news = []
    for event in _after(room, known.position, quick.ask.upto):
        notices = audience.notices.get(event.event_id)
        if notices is None or notices.withdraws is not None:
            return None
        if event.sender not in quick.subscriber.ignored:
            news.append((event, notices))
    rules = quick.subscriber.rules
    class_id = DEFAULT_CLASS if rules is None else rules.class_in(room.room_id)
    counts = count_on(known.counts, news, quick.requester.user_id, class_id)
    quick.subscriber.keep_unread(room.room_id, UnreadMemory(quick.ask.upto, counts))
    return counts


def _after(room: LiveRoom, since: int, upto: int) -> list[StoredEvent]:
    found: list[StoredEvent] = []
    for event in reversed(room.recent):
        if (event.position or 0) <= since:
            break
        if (event.position or 0) <= upto:
            found.append(event)
    found.reverse()
    return found


def _unsigned(quick: _Quick, event: SyncEvent) -> dict[str, object]:
    unsigned: dict[str, object] = {"age": max(quick.now_ms - event.origin_server_ts, 0), "membership": "join"}
    requester = quick.requester
    if event.txn_id and event.sender == requester.user_id:
        note_transaction(unsigned, event.txn_id, event.txn_device == requester.device_id)
    return unsigned


def _members(quick: _Quick, room: LiveRoom, shown: list[SyncEvent]) -> tuple[SyncEvent, ...]:
    """The membership events of the senders that the device does not have yet ("Lazy-loading room members")."""
    senders = {event.sender for event in shown}
    redundant_too = quick.ask.filter.room.state.include_redundant_members
    sent = {} if redundant_too else quick.memory.sent_in(room.room_id, senders, quick.since)
    found = []
    for sender in sorted(senders):
        event = room.state.get((MEMBER, sender))
        if event is None or sent.get(sender) == event.event_id:
            continue
        member = _sync_event(room.room_id, event.event_id, encode_json(client_format(event)), event.origin_server_ts)
        quick.shaped[event.event_id] = splice(
            member.client_json, {"age": max(quick.now_ms - event.origin_server_ts, 0)}
        )
        quick.memory.note_sent(room.room_id, sender, event.event_id, quick.ask.upto)
        found.append(member)
    return tuple(found)


def _as_sync_event(event: StoredEvent) -> SyncEvent:
    return SyncEvent(
        event.event_id,
        event.room_id,
        event.position or 0,
        event.ordering or 0,
        event.type,
        event.state_key,
        event.sender,
        event.origin_server_ts,
        event.relates_to,
        event.rel_type,
        event.thread_id,
        event.redacted_by,
        event.txn_device,
        event.txn_id,
        event.client_json,
    )


def _sync_event(room_id: str, event_id: str, client_json: bytes, ts: int) -> SyncEvent:
    return SyncEvent(event_id, room_id, 0, 0, MEMBER, "", "", ts, None, None, None, None, None, None, client_json)
