"""The duty that empties rooms of what is past its time. Source: MSC1763; the law is `policy/retention.py`.

A round finds out how long messages live in each room, removes what is older in bounded transactions, and dooms the
files nothing declared where the deployment wants that. Whoever pages back then finds the end of the history there.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.policy.retention import RETENTION, RoomFacts, lifetime_in_force
from tchap.policy.rooms import ACCESS_RULES, ENCRYPTION
from tchap.protocol.identifiers import MediaUri
from tchap.protocol.media_refs import find_media_refs
from tchap.protocol.room_versions import ROOM_VERSIONS
from tchap.protocol.stored_event import StoredEvent
from tchap.services.erasure import erase
from tchap.services.retention_law import term_of
from tchap.services.world import World
from tchap.storage import media_links, retention, search
from tchap.storage.deletions import add_purges
from tchap.storage.jobs import Tx
from tchap.storage.media_links import Cause
from tchap.storage.retention import Expired, StateContent

_CREATE, _AVATAR, _PACK = "m.room.create", "m.room.avatar", "im.ponies.room_emotes"
_READ = (_CREATE, ACCESS_RULES, ENCRYPTION, RETENTION, _AVATAR, _PACK, "m.room.image_pack")


async def keep_retention(world: World) -> None:
    """Runs until cancelled."""
    # Before the first round nobody knows what the last process had left to do.
    is_stale, due_s = True, world.clock.monotonic()
    while True:
        is_stale = bool(await retain_round(world)) or is_stale
        if is_stale and world.clock.monotonic() >= due_s:
            await forget_words(world)
            is_stale, due_s = False, world.clock.monotonic() + limits.SEARCH_TIDY_S
        await world.clock.sleep(world.settings.retention.interval_s)


async def forget_words(world: World) -> None:
    """Rewrites the search index, piece by piece, without the words of what is gone."""
    while await world.store.write(search.tidy_index):
        await world.clock.sleep(limits.RETENTION_PAUSE_S)


async def retain_round(world: World) -> int:
    """One look at every room; answers how many messages went. A plain Matrix server keeps everything."""
    if world.settings.test_profile:
        return 0
    await _look_at_rooms(world)
    removed = await _purge_all(world)
    await world.store.write(retention.forget_reported)
    await _doom_undeclared(world)
    return removed


async def _purge_all(world: World) -> int:
    removed = 0
    while (batch := await world.store.read(_find_batch, world.clock.now_ms())).is_anything:
        left = await _purge(world, batch)
        removed += len(left)
        if len(left) >= limits.RETENTION_BATCH:
            await world.clock.sleep(limits.RETENTION_PAUSE_S)
    return removed


async def _look_at_rooms(world: World) -> None:
    """Writes down how long messages live in each room, and binds the pictures that state of before has; rooms that
    have not changed since the last round cost the writer nothing."""
    after = ""
    while page := await world.store.read(retention.find_room_page, after, limits.RETENTION_ROOMS):
        look = await world.store.read(_read_page, page)
        rooms: dict[str, dict[str, dict[str, object]]] = {room_id: {} for room_id in page}
        for state in look.states:
            if not state.state_key:
                rooms[state.room_id][state.type] = _content_of(state)
        lifetimes = [(room_id, _lifetime(world, contents)) for room_id, contents in rooms.items()]
        changed = [(room_id, ms) for room_id, ms in lifetimes if look.lifetimes.get(room_id, 0) != ms]
        pictures = [(each.event_id, each.room_id, ref) for each in look.states for ref in _pictures(each)]
        loose = [each for each in pictures if (each[0], each[2]) not in look.links]
        if changed or loose:
            await world.store.write(_write_page, changed, loose)
        after = page[-1]


@dataclass(frozen=True, slots=True)
class _Page:
    """What some rooms say of themselves, and what was written down of it."""

    states: list[StateContent]
    lifetimes: dict[str, int]
    links: set[tuple[str, MediaUri]]


async def _read_page(tx: Tx, room_ids: Sequence[str]) -> _Page:
    states = await retention.find_room_states(tx, room_ids, _READ)
    links = await media_links.find_links(tx, [each.event_id for each in states])
    return _Page(states, await retention.find_lifetimes(tx, room_ids), links)


def _content_of(state: StateContent) -> dict[str, object]:
    value = decode_json(state.client_json)
    content = value.get("content") if isinstance(value, dict) else None
    return content if isinstance(content, dict) else {}


def _lifetime(world: World, contents: dict[str, dict[str, object]]) -> int:
    is_space = contents.get(_CREATE, {}).get("type") == "m.space"
    facts = RoomFacts(contents.get(ACCESS_RULES, {}), bool(contents.get(ENCRYPTION)), is_space)
    return lifetime_in_force(term_of(world, facts), contents.get(RETENTION, {}))


def _pictures(state: StateContent) -> tuple[MediaUri, ...]:
    return find_media_refs(state.type, "", _content_of(state))


async def _write_page(
    tx: Tx, lifetimes: Sequence[tuple[str, int]], pictures: Sequence[tuple[str, str, MediaUri]]
) -> None:
    await retention.set_lifetimes(tx, lifetimes)
    await media_links.keep_links(tx, pictures)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Messages past their time, what says something of them, and how far the rooms are empty once all these go.

    Where more says something of the messages than one batch may take, they wait, and only `followers` go.
    """

    expired: tuple[Expired, ...]
    followers: tuple[StoredEvent, ...]
    upto: dict[str, int]
    now_ms: int

    @property
    def is_anything(self) -> bool:
        return bool(self.upto or self.followers)

    @property
    def is_full(self) -> bool:
        return len(self.followers) >= limits.RETENTION_FOLLOWERS


async def _find_batch(tx: Tx, now_ms: int) -> _Batch:
    look = await retention.find_expired(tx, now_ms, limits.RETENTION_BATCH)
    ids = {each.event.event_id for each in look.expired}
    followers = await retention.find_followers(tx, ids, limits.RETENTION_FOLLOWERS) if ids else []
    return _Batch(tuple(look.expired), tuple(followers), look.upto, now_ms)


async def _purge(world: World, batch: _Batch) -> list[StoredEvent]:
    left, causes = await asyncio.to_thread(_make_left, batch)
    cause = Cause(media_links.RETENTION, batch.now_ms)
    await world.store.write(_write_purge, left, causes, {} if batch.is_full else batch.upto, cause)
    ids = {each.event_id for each in left}
    rooms = {each.room_id for each in left}
    for room_id in rooms:
        room = world.live.rooms.get(room_id)
        if room is not None:
            room.forget_recent(ids)
    world.live.notifier.forget_unread(rooms)
    return left


def _make_left(batch: _Batch) -> tuple[list[StoredEvent], dict[str, int]]:
    """What is left of each event, and the lifetime of each room."""
    rooms = {each.event.room_id: each for each in batch.expired}
    own = [] if batch.is_full else [each.event for each in batch.expired]
    left = [
        # They keep their place here: what is written needs to know it.
        replace(erase(ROOM_VERSIONS[rooms[each.room_id].version], each), thread_id=None)
        for each in {each.event_id: each for each in (*own, *batch.followers)}.values()
    ]
    return left, {room_id: each.lifetime_ms for room_id, each in rooms.items()}


async def _write_purge(
    tx: Tx, left: Sequence[StoredEvent], lifetimes: dict[str, int], upto: dict[str, int], cause: Cause
) -> None:
    await retention.set_upto(tx, upto)
    # Another process may have had the same batch: what it purged is not counted twice in the log.
    whole = await retention.find_whole(tx, [each.event_id for each in left]) if left else set()
    left = [each for each in left if each.event_id in whole]
    if not left:
        return
    await retention.purge_events(tx, left)
    await media_links.doom_media_of(tx, {each.event_id: lifetimes[each.room_id] for each in left}, cause)
    await add_purges(tx, Counter((each.room_id, lifetimes[each.room_id]) for each in left), cause)


async def _doom_undeclared(world: World) -> None:
    days = world.settings.media.undeclared_lifetime_days
    if not days:
        return
    after: tuple[int, str] | None = (0, "")
    while after is not None:
        now_ms = world.clock.now_ms()
        found, after = await world.store.read(media_links.find_undeclared, now_ms - days * limits.DAY_MS, after)
        if found:
            await world.store.write(media_links.doom_undeclared, found, days * limits.DAY_MS, now_ms)
