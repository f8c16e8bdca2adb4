"""The long poll: register, collect, answer or wait (client-server API, "Syncing")."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tchap.base.errors import InvalidParam
from tchap.base.identity import Requester
from tchap.live.subscribers import DeviceMemory, Subscriber, UnreadMemory, Waiter
from tchap.protocol.filters import Filter
from tchap.protocol.sync_assembly import assemble, device_body, is_news, typing_event
from tchap.protocol.sync_tokens import SyncToken, parse_token
from tchap.protocol.sync_values import Ask, RoomFacts
from tchap.services.sync_collect import Collected, collect
from tchap.services.sync_quick import find_quick_answer, quick_upto
from tchap.services.sync_shape import global_account_data, note_members, room_facts, shape
from tchap.services.world import World
from tchap.storage import to_device
from tchap.storage.database import Tx
from tchap.storage.sync import find_joined_rooms

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """What the client asks. ``since`` is its token as text."""

    since: str | None
    filter: Filter
    timeout_ms: int
    full_state: bool = False
    state_after: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    has_news: bool


async def sync(world: World, requester: Requester, request: SyncRequest) -> bytes:
    """The encoded answer: at once when there is news, when the time is over otherwise.

    Raises M_INVALID_PARAM for a token that this server never gave.
    """
    since = _parse_since(request.since)
    waiter = world.live.notifier.listen(requester.user_id, requester.device_id)
    try:
        if since is not None:
            await _acknowledge(world, requester, waiter.subscriber, since)
        return await _poll(world, requester, request, since, waiter)
    finally:
        world.live.notifier.leave(waiter)


def _parse_since(text: str | None) -> SyncToken | None:
    if not text:
        return None
    try:
        return parse_token(text)
    except ValueError as error:
        raise InvalidParam("The token 'since' is not one of this server.", "Le jeton « since » est inconnu.") from error


async def _poll(
    world: World, requester: Requester, request: SyncRequest, since: SyncToken | None, waiter: Waiter
) -> bytes:
    deadline = world.clock.monotonic() + request.timeout_ms / 1000
    while True:
        waiter.told.clear()
        answer = await _answer(world, requester, request, since, waiter.subscriber)
        remaining = deadline - world.clock.monotonic()
        is_final = since is None or request.full_state or world.live.notifier.stopped
        if answer.has_news or is_final or remaining <= 0:
            return answer.body
        with world.metrics.long_polls.track_inprogress():
            if not await waiter.wait(remaining):
                return answer.body


async def _answer(
    world: World, requester: Requester, request: SyncRequest, since: SyncToken | None, subscriber: Subscriber
) -> Answer:
    await _follow(world, subscriber)
    ask = Ask(
        user_id=requester.user_id,
        device_id=requester.device_id,
        since=None if since is None else subscriber.mend(since.position),
        upto=quick_upto(world, subscriber, since.position if since else 0),
        filter=request.filter,
        full_state=request.full_state,
        state_after=request.state_after,
    )
    if since is not None:
        quick = find_quick_answer(world, requester, ask, since, subscriber)
        if quick is not None:
            return Answer(quick.body, quick.has_news)
    horizon = await world.store.horizon()
    # A token of before a backup was restored may be ahead of the facts: it must not go backwards.
    return await _collect(world, requester, replace(ask, upto=max(horizon, ask.upto)), since, subscriber)


async def _collect(
    world: World, requester: Requester, ask: Ask, since: SyncToken | None, subscriber: Subscriber
) -> Answer:
    typing_serial = world.live.typing.serial
    memory = subscriber.device(requester.device_id)
    epochs = (subscriber.unread_epoch, memory.keys_epoch)
    found = await world.store.read(collect, ask, 0 if since is None else since.delivered)
    rooms = [_with_typing(world, ask, room, since) for room in room_facts(ask, found, memory)]
    token = SyncToken(ask.upto, typing_serial, found.to_device_upto)
    if ask.lazy:
        if since is None:
            memory.sent.clear()
        note_members(rooms, memory, token.position)
    _remember(subscriber, memory, found, ask, epochs)
    more = _more(ask, found)
    shaped = shape(requester, found, rooms, world.clock.now_ms())
    has_news = any(map(is_news, rooms)) or "account_data" in more or _has_device_news(found)
    return Answer(assemble(ask, token, rooms, shaped, more), has_news)


def _remember(
    subscriber: Subscriber, memory: DeviceMemory, found: Collected, ask: Ask, epochs: tuple[int, int]
) -> None:
    """Keeps what the next answers can be made of without the disk; what moved while it was read is not kept."""
    unread_epoch, keys_epoch = epochs
    if subscriber.unread_epoch == unread_epoch:
        for room_id, counts in found.unread.items():
            subscriber.keep_unread(room_id, UnreadMemory(ask.upto, counts))
    if memory.keys_epoch == keys_epoch:
        memory.keys = (dict(found.device.one_time_keys), found.device.unused_fallback_types)
    if found.device.last_message:
        memory.last_message = found.device.last_message
    subscriber.ignored = found.ignored
    subscriber.rules = None if found.rules is None else found.rules.classes


def _has_device_news(found: Collected) -> bool:
    return bool(found.device.to_device or found.device.changed or found.device.left)


def _more(ask: Ask, found: Collected) -> Json:
    more = device_body(found.device)
    events = global_account_data(ask, found)
    if events:
        more["account_data"] = {"events": events}
    return more


async def _follow(world: World, subscriber: Subscriber) -> None:
    """Before anything is read, the person hears of every room they are in, so that no change falls between."""
    if subscriber.is_stale:
        subscriber.is_stale = False
        rooms = await world.store.read(find_joined_rooms, subscriber.user_id)
        world.live.notifier.follow(subscriber, frozenset(rooms), world.store.committed_position())


def _with_typing(world: World, ask: Ask, room: RoomFacts, since: SyncToken | None) -> RoomFacts:
    wanted = ask.filter.room.ephemeral
    room_id = room.plan.room_id
    if room.plan.section != "join" or not (wanted.admits_type("m.typing") and wanted.admits_room(room_id)):
        return room
    people = world.live.typing.typists(room_id)
    is_new = room.plan.since == 0 or since is None
    if people if is_new else world.live.typing.changed_since(room_id, since.typing if since else 0):
        return replace(room, ephemeral=(*room.ephemeral, typing_event(people)))
    return room


async def _acknowledge(world: World, requester: Requester, subscriber: Subscriber, since: SyncToken) -> None:
    """The token says that the device has its messages: they are forgotten ("Send-to-Device messaging")."""
    memory = subscriber.device(requester.device_id)
    if memory.last_message is None:
        memory.last_message = await world.store.read(_find_delivered, requester, since.delivered)
    if 0 < memory.last_message <= since.delivered:
        memory.last_message = 0
        await world.store.write(to_device.remove_messages, requester.user_id, requester.device_id, since.delivered)


async def _find_delivered(tx: Tx, requester: Requester, upto: int) -> int:
    """The position of a message that has arrived and is still kept, 0 when there is none."""
    kept = await to_device.find_messages(tx, requester.user_id, requester.device_id, (0, upto), 1)
    return kept[0].position if kept else 0
