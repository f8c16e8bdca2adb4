"""The long poll: register, collect, answer or wait (client-server API, "Syncing")."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tchap.base.errors import InvalidParam
from tchap.base.identity import Requester
from tchap.live.notifier import Subscriber, Waiter
from tchap.protocol.filters import Filter
from tchap.protocol.sync_assembly import assemble, device_body, is_news, typing_event
from tchap.protocol.sync_tokens import SyncToken, parse_token
from tchap.protocol.sync_values import Ask, RoomFacts
from tchap.services.sync_collect import Collected, collect
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
    state_after: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    has_news: bool


async def sync(world: World, requester: Requester, request: SyncRequest) -> bytes:
    """The encoded answer: at once when there is news, when the time is over otherwise.

    Raises M_INVALID_PARAM for a token that this server never gave.
    """
    since = _parse_since(request.since)
    waiter = world.live.notifier.listen(requester.user_id)
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
        if not await waiter.wait(remaining):
            return answer.body


async def _answer(
    world: World, requester: Requester, request: SyncRequest, since: SyncToken | None, subscriber: Subscriber
) -> Answer:
    await _follow(world, subscriber)
    horizon = await world.store.horizon()
    typing_serial = world.live.typing.serial
    ask = Ask(
        user_id=requester.user_id,
        device_id=requester.device_id,
        since=None if since is None else subscriber.mend(since.position),
        # A token of before a restored backup may be ahead of the facts: it must not go backwards.
        upto=horizon if since is None else max(horizon, since.position),
        filter=request.filter,
        full_state=request.full_state,
        state_after=request.state_after,
    )
    found = await world.store.read(collect, ask, 0 if since is None else since.delivered)
    memory = subscriber.device(requester.device_id)
    rooms = [_with_typing(world, ask, room, since) for room in room_facts(ask, found, memory)]
    token = SyncToken(ask.upto, typing_serial, found.to_device_upto)
    if ask.lazy:
        note_members(rooms, memory, token.position)
    more = _more(ask, found)
    shaped = shape(requester, found, rooms, world.clock.now_ms())
    has_news = any(map(is_news, rooms)) or len(more) > len(device_body(found.device)) or _has_device_news(found)
    return Answer(assemble(ask, token, rooms, shaped, more), has_news)


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
        world.live.notifier.follow(subscriber, frozenset(rooms))


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
    if memory.delivered >= since.delivered:
        return
    if await world.store.read(_has_delivered, requester, since.delivered):
        await world.store.write(to_device.remove_messages, requester.user_id, requester.device_id, since.delivered)
    memory.delivered = since.delivered


async def _has_delivered(tx: Tx, requester: Requester, upto: int) -> bool:
    return bool(await to_device.find_messages(tx, requester.user_id, requester.device_id, (0, upto), 1))
