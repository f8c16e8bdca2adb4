"""Simplified sliding sync (MSC4186): the long poll over a connection's places, on the collector of classic sync."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from tchap.base.encoding import encode_json
from tchap.base.errors import MatrixError
from tchap.base.identity import Requester
from tchap.live.sliding import Connection
from tchap.live.subscribers import Subscriber, Waiter
from tchap.protocol.sliding_assembly import room_body
from tchap.protocol.sliding_rooms import next_known
from tchap.protocol.sliding_values import Chosen, Place, SlidingRequest
from tchap.protocol.sync_assembly import Json, typing_event
from tchap.services.events import Reader
from tchap.services.sliding_collect import SlidingAsk, SlidingFacts, collect_sliding
from tchap.services.sliding_shape import (
    extensions_body,
    in_scope,
    room_sources,
    shape_rooms,
    told_room,
)
from tchap.services.sync_shape import note_members
from tchap.services.thread_updates import updates_body
from tchap.services.world import World
from tchap.storage import to_device
from tchap.storage.sync import find_joined_rooms


@dataclass(frozen=True, slots=True)
class _Line:
    """A device on its connection, at a place (None: the beginning)."""

    requester: Requester
    connection: Connection
    place: Place | None
    subscriber: Subscriber


async def sliding_sync(world: World, requester: Requester, request: SlidingRequest) -> bytes:
    """The encoded answer. Raises M_UNKNOWN_POS where the connection cannot be resumed: the client begins anew."""
    waiter = world.live.notifier.listen(requester.user_id, requester.device_id)
    try:
        connection, place = _resume(world, requester, request)
        await _acknowledge(world, requester, request, connection)
        return await _poll(world, request, _Line(requester, connection, place, waiter.subscriber), waiter)
    finally:
        world.live.notifier.leave(waiter)


def _resume(world: World, requester: Requester, request: SlidingRequest) -> tuple[Connection, Place | None]:
    key = (requester.user_id, requester.device_id, request.conn_id)
    if request.pos is None:
        return world.live.sliding.begin(key), None
    found = world.live.sliding.resume(key, request.pos)
    if found is None:
        raise MatrixError("M_UNKNOWN_POS", "This connection has expired.", "Cette connexion a expiré.")
    return found


async def _acknowledge(world: World, requester: Requester, request: SlidingRequest, connection: Connection) -> None:
    """The extension's token says that the device has its messages: they are forgotten, where any were given."""
    wanted, last = request.extensions.to_device, connection.memory.last_message
    if wanted is None or not wanted.since:
        return
    if last is None or 0 < last <= wanted.since:
        connection.memory.last_message = 0
        await world.store.write(to_device.remove_messages, requester.user_id, requester.device_id, wanted.since)


async def _poll(world: World, request: SlidingRequest, line: _Line, waiter: Waiter) -> bytes:
    deadline = world.clock.monotonic() + request.timeout_ms / 1000
    while True:
        waiter.told.clear()
        body, has_news, place = await _answer(world, request, line)
        remaining = deadline - world.clock.monotonic()
        is_over = has_news or line.place is None or world.live.notifier.stopped or remaining <= 0
        if not is_over:
            with world.metrics.long_polls.track_inprogress():
                is_over = not await waiter.wait(remaining)
        if is_over:
            body["pos"] = world.live.sliding.offer(line.connection, place)
            return encode_json(body)


async def _answer(world: World, request: SlidingRequest, line: _Line) -> tuple[Json, bool, Place]:
    """The answer without its ``pos``, whether it says anything, and the place it leads to."""
    await _follow(world, line.subscriber)
    place, memory = line.place, line.connection.memory
    typing_serial = world.live.typing.serial
    since = None if place is None else line.subscriber.mend(place.position)
    upto = max(await world.store.horizon(), 0 if place is None else place.position)
    ask = SlidingAsk(line.requester.user_id, line.requester.device_id, request, place, since, upto)
    found = await world.store.read(collect_sliding, ask, world.live.sliding)
    for room_id, kind in found.types.items():
        world.live.sliding.note_type(room_id, kind)
    if found.messages:
        memory.last_message = found.messages[-1].position
    sources = room_sources(found, memory)
    rooms = [told_room(ask, found, source, memory) for source in sources]
    shown = [room for room in rooms if room.is_news]
    note_members([room.facts for room in shown], memory, upto)
    extensions, has_news = extensions_body(ask, found, sources)
    typing = _typing(world, ask, found, {room.facts.plan.room_id for room in rooms if room.is_initial})
    if typing:
        extensions["typing"] = {"rooms": typing}
    updates = updates_body(found.updates, Reader.of(line.requester, world.clock.now_ms()), ("updates", "prev_batch"))
    if updates:
        extensions["io.element.msc4360.threads"] = updates
    shaped = shape_rooms(line.requester, sources, shown, world.clock.now_ms())
    body: Json = {
        "lists": {name: {"count": count} for name, count in found.counts.items()},
        "rooms": {room.facts.plan.room_id: room_body(room, shaped) for room in shown},
        "extensions": extensions,
    }
    if request.txn_id is not None:
        body["txn_id"] = request.txn_id
    told = {room.facts.plan.room_id: room.facts.timeline.limited for room in shown}
    known = next_known(place, found.chosen, told, found.dms)
    return body, bool(shown or typing or updates) or has_news, Place(upto, typing_serial, known)


def _typing(world: World, ask: SlidingAsk, found: SlidingFacts, initial: Collection[str]) -> dict[str, msgspec.Raw]:
    scope = ask.request.extensions.typing
    if scope is None:
        return {}
    told = {}
    for room_id, room in found.chosen.items():
        if room.entry.membership == "join" and in_scope(scope, room):
            people = world.live.typing.typists(room_id)
            if people if room_id in initial else _typing_changed(world, ask, room):
                told[room_id] = msgspec.Raw(typing_event(people))
    return told


def _typing_changed(world: World, ask: SlidingAsk, room: Chosen) -> bool:
    serial = 0 if ask.place is None else ask.place.typing
    return world.live.typing.changed_since(room.entry.room_id, serial)


async def _follow(world: World, subscriber: Subscriber) -> None:
    """Before anything is read, the person hears of every room they are in, so that no change falls between."""
    if subscriber.is_stale:
        subscriber.is_stale = False
        rooms = await world.store.read(find_joined_rooms, subscriber.user_id)
        world.live.notifier.follow(subscriber, frozenset(rooms), world.store.committed_position())
