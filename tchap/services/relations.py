"""What was said about an event, and the threads of a room."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from tchap.base import limits
from tchap.base.encoding import encode_json
from tchap.base.identity import Requester
from tchap.protocol.redaction import redact_content
from tchap.protocol.room_versions import ROOM_VERSIONS
from tchap.protocol.stored_event import StoredEvent
from tchap.protocol.sync_tokens import format_place, parse_place
from tchap.services.events import Reader, client_events, find_around
from tchap.services.history import END, bad_token, find_token_place, find_visible
from tchap.services.state import get_stay
from tchap.services.visibility import find_sight
from tchap.services.world import World
from tchap.storage.events import find_events
from tchap.storage.jobs import Tx
from tchap.storage.relations import RelationQuery, ThreadQuery, find_child_ids, find_children, find_threads
from tchap.storage.rooms import find_room


@dataclass(frozen=True, slots=True)
class RelationsAsk:
    """`GET /relations`; empty kinds mean any."""

    room_id: str
    event_id: str
    rel_type: str = ""
    event_type: str = ""
    since: str | None = None
    upto: str | None = None
    backwards: bool = True
    limit: int = limits.DEFAULT_PAGE
    recurse: bool = False


@dataclass(frozen=True, slots=True)
class Children:
    """A page of children; ``depth`` is how far the recursion went, None when none was asked."""

    chunk: list[msgspec.Raw]
    next_batch: str | None
    depth: int | None = None


async def read_relations(world: World, requester: Requester, ask: RelationsAsk) -> Children:
    """The children of an event. NotFound when the requester may not see the event itself."""
    return await world.store.read(_read_relations, ask, Reader.of(requester, world.clock.now_ms()))


async def _read_relations(tx: Tx, ask: RelationsAsk, reader: Reader) -> Children:
    sight = await find_sight(tx, reader.user_id, ask.room_id)
    await find_visible(tx, sight, ask.room_id, ask.event_id)
    parents = await _find_parents(tx, ask) if ask.recurse else (ask.event_id,)
    start = await find_token_place(tx, ask.room_id, ask.since)
    bound = await find_token_place(tx, ask.room_id, ask.upto)
    low, high = (-END if bound is None else bound, END if start is None else start + 1)
    if not ask.backwards:
        low, high = (-END if start is None else start, END if bound is None else bound + 1)
    query = RelationQuery(ask.room_id, parents, ask.rel_type, ask.event_type, low, high, ask.limit + 1, ask.backwards)
    found = await find_children(tx, query)
    page = found[: ask.limit]
    visible = sight.visible(page)
    around = await find_around(tx, sight, ask.room_id, visible)
    next_batch = None
    if len(found) > ask.limit:
        last = page[-1].ordering or 0
        next_batch = format_place(last - 1 if ask.backwards else last)
    return Children(
        client_events(visible, around, reader), next_batch, limits.MAX_RELATION_DEPTH if ask.recurse else None
    )


async def _find_parents(tx: Tx, ask: RelationsAsk) -> tuple[str, ...]:
    """The event and what relates to it, level by level; what is asked for may relate to any of them."""
    parents, level = [ask.event_id], [ask.event_id]
    for _ in range(limits.MAX_RELATION_DEPTH - 1):
        level = await find_child_ids(tx, ask.room_id, level, limits.MAX_RELATION_PARENTS)
        level = [each for each in level if each not in parents]
        if not level:
            break
        parents += level
    return tuple(parents)


async def read_threads(world: World, requester: Requester, room_id: str, ask: tuple[str | None, int, bool]) -> Children:
    """The roots of the room's threads, the one written to last first; `(token, limit, only own ones)`."""
    await get_stay(world, requester, room_id)
    since, limit, participated = ask
    try:
        below = END if since is None else parse_place(since)
    except ValueError as error:
        raise bad_token() from error
    query = ThreadQuery(room_id, below, limit + 1, requester.user_id if participated else "")
    return await world.store.read(_read_threads, query, Reader.of(requester, world.clock.now_ms()))


async def _read_threads(tx: Tx, query: ThreadQuery, reader: Reader) -> Children:
    sight = await find_sight(tx, reader.user_id, query.room_id)
    found = await find_threads(tx, replace(query, ignored=tuple(sorted(sight.ignored))))
    page = found[: query.limit - 1]
    roots = await find_events(tx, [root for root, _ in page])
    # Who is ignored is shown as nobody who says nothing, so that the thread has a beginning.
    everybody = replace(sight, ignored=frozenset[str]())
    visible = everybody.visible([roots[root] for root, _ in page if root in roots])
    room = await find_room(tx, query.room_id) if any(event.sender in sight.ignored for event in visible) else None
    shown = [
        without_words(event, room.version) if room and event.sender in sight.ignored else event for event in visible
    ]
    around = await find_around(tx, sight, query.room_id, shown)
    next_batch = format_place(page[-1][1]) if len(found) > len(page) else None
    return Children(client_events(shown, around, reader), next_batch)


def without_words(event: StoredEvent, version: str) -> StoredEvent:
    """ "If the thread root event was sent by an ignored user, the event is returned redacted to the caller"."""
    left = redact_content(ROOM_VERSIONS[version], event.type, event.client()["content"])
    return replace(event, client_json=encode_json({**event.client(), "content": left}))
