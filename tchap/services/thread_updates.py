"""The threads written in since a device was last told, over all rooms the person is in. Source: MSC4360."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from tchap.base.identity import Requester
from tchap.protocol.stored_event import GONE, StoredEvent
from tchap.protocol.sync_tokens import format_place, format_updates
from tchap.services.events import Around, Reader, client_event, find_arounds
from tchap.services.relations import without_words
from tchap.services.visibility import Sight, find_sights
from tchap.services.world import World
from tchap.storage import thread_updates as storage
from tchap.storage.events import find_events
from tchap.storage.jobs import Tx
from tchap.storage.sync import find_joined_rooms
from tchap.storage.thread_updates import ThreadUpdate, UpdateQuery


@dataclass(frozen=True, slots=True)
class UpdatesAsk:
    """Threads of the rooms, which the person is in, with messages at positions in (since, upto].

    ``told``: messages that the device is given anyway. ``below``: only threads whose last message came before it.
    """

    user_id: str
    room_ids: tuple[str, ...]
    span: tuple[int, int]
    limit: int
    include_roots: bool
    told: frozenset[str] = frozenset()
    below: int | None = None


@dataclass(frozen=True, slots=True)
class Updates:
    """A page of threads, the one written to last first; ``more`` is the token of the next page, None on the last."""

    page: Sequence[ThreadUpdate] = ()
    more: str | None = None
    roots: Mapping[str, StoredEvent] = field(default_factory=dict)
    arounds: Mapping[str, Around] = field(default_factory=dict)


NO_UPDATES = Updates()


async def find_updates(tx: Tx, ask: UpdatesAsk) -> Updates:
    """One query where nobody wrote in a thread, else a fixed number, whatever the rooms and threads."""
    since, upto = ask.span
    rooms = await storage.find_rooms_with_updates(tx, ask.room_ids, ask.span) if ask.room_ids and since < upto else []
    if not rooms:
        return NO_UPDATES
    sights = await find_sights(tx, ask.user_id, rooms)
    query = UpdateQuery(
        user_id=ask.user_id,
        room_ids=tuple(rooms),
        since=since,
        upto=upto,
        below=upto + 1 if ask.below is None else ask.below,
        limit=ask.limit + 1,
        ignored=tuple(sorted(sights[rooms[0]].ignored)),
        hidden=tuple(start for sight in sights.values() for start in sight.hidden_starts()),
        told=tuple(sorted(ask.told)),
    )
    found = await storage.find_updates(tx, query)
    page = found[: ask.limit]
    more = format_updates(upto, page[-1].position) if len(found) > ask.limit else None
    if not page or not ask.include_roots:
        return Updates(page, more)
    roots = await _find_roots(tx, page, sights)
    shown = {root.room_id: sights[root.room_id] for root in roots}
    arounds = await find_arounds(tx, shown, roots)
    return Updates(page, more, {root.event_id: root for root in roots}, arounds)


async def _find_roots(tx: Tx, page: Sequence[ThreadUpdate], sights: Mapping[str, Sight]) -> list[StoredEvent]:
    """The roots as the person may see them, those of people they ignore without words, as in the list of threads."""
    events = await find_events(tx, [update.root for update in page])
    found = []
    for update in page:
        root, sight = events[update.root], sights[update.room_id]
        if root.status != GONE and replace(sight, ignored=frozenset[str]()).sees(root):
            found.append(without_words(root, update.version) if root.sender in sight.ignored else root)
    return found


@dataclass(frozen=True, slots=True)
class PageAsk:
    """A page of `/thread_updates`: after the position ``since``; ``start`` are the positions behind `from`."""

    since: int
    start: tuple[int, int] | None
    limit: int
    include_roots: bool


async def read_updates(world: World, requester: Requester, ask: PageAsk) -> dict[str, Any]:
    """The page as clients read it."""
    upto, below = ask.start if ask.start is not None else (await world.store.horizon(), None)
    found = await world.store.read(_read_updates, requester.user_id, ask, (upto, below))
    reader = Reader.of(requester, world.clock.now_ms())
    return {"chunk": {}, **updates_body(found, reader, ("chunk", "next_batch"))}


async def _read_updates(tx: Tx, user_id: str, ask: PageAsk, high: tuple[int, int | None]) -> Updates:
    rooms = tuple(await find_joined_rooms(tx, user_id))
    upto, below = high
    return await find_updates(
        tx, UpdatesAsk(user_id, rooms, (ask.since, upto), ask.limit, ask.include_roots, below=below)
    )


def updates_body(found: Updates, reader: Reader, names: tuple[str, str]) -> dict[str, Any]:
    """The threads by room and, where there are others, the token to go on from, under the names; empty for none."""
    threads: dict[str, dict[str, Any]] = {}
    for update in found.page:
        told: dict[str, Any] = {}
        root = found.roots.get(update.root)
        if root is not None:
            told["thread_root"] = msgspec.Raw(client_event(root, found.arounds[update.room_id], reader))
        if update.count > 1:
            # "In other words, the `prev_batch` points to the prior-to-latest event."
            told["prev_batch"] = format_place(update.ordering - 1)
        threads.setdefault(update.room_id, {})[update.root] = told
    body: dict[str, Any] = {names[0]: threads} if threads else {}
    return body if found.more is None else {**body, names[1]: found.more}
