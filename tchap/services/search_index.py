"""Indexing what is said, so that it can be searched: nothing is asked of those who send.

A room's revision grows with everything that happens in it; where it is not the one the index knows, the events in
between are read. A duty goes over all rooms now and then; a search first sees to those it is about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from tchap.base import limits
from tchap.protocol.search_text import (
    KEY_OF_TYPE,
    find_edited_text,
    find_search_text,
    index_words,
    is_edit,
    room_word,
)
from tchap.protocol.stored_event import IN_TIMELINE, StoredEvent
from tchap.services.events import is_lawful_edit
from tchap.services.world import World
from tchap.storage import search
from tchap.storage.events import find_events
from tchap.storage.jobs import Tx
from tchap.storage.relations import find_edits
from tchap.storage.search import Entry, IndexMoved, Progress

REDACTION = "m.room.redaction"


@dataclass(frozen=True, slots=True)
class Backlog:
    """A batch to index: the events whose words are made anew, with their edits, and how far the rooms then are."""

    progress: tuple[Progress, ...]
    subjects: tuple[StoredEvent, ...]
    edits: tuple[StoredEvent, ...]


async def index_rooms(world: World) -> None:
    """Runs until cancelled."""
    while True:
        worked = await index_round(world)
        # Those who write and read come first: the rest of the work waits a little, every time.
        await world.clock.sleep(limits.SEARCH_PAUSE_S if worked else limits.SEARCH_IDLE_S)


async def index_round(world: World) -> int:
    """Sees to a batch of what is new; answers how many there were, 0 when nothing is left."""
    stale = await world.store.read(search.find_stale_rooms, limits.SEARCH_ROUND_ROOMS)
    return await _index(world, stale, 1) if stale else 0


async def catch_up(world: World, room_ids: Collection[str]) -> None:
    """Before a search: what was just said in the rooms is found too, within a bound."""
    stale = await world.store.read(search.find_stale_among, room_ids, limits.MAX_SEARCH_CANDIDATES)
    if stale:
        await _index(world, stale, limits.SEARCH_CATCH_UP)


async def _index(world: World, room_ids: Sequence[str], batches: int) -> int:
    for batch in range(batches):
        backlog = await world.store.read(_read_backlog, room_ids)
        if not backlog.progress:
            return batch
        # Words are made on a thread of their own: a long message takes a while, and others wait for the loop.
        entries, gone = await asyncio.to_thread(_make_entries, backlog)
        try:
            await world.store.write(search.set_entries, backlog.progress, entries, gone)
        except IndexMoved:
            return batch
        room_ids = [each for each in room_ids if each >= backlog.progress[-1].room_id]
    return batches


async def _read_backlog(tx: Tx, room_ids: Sequence[str]) -> Backlog:
    rooms = await search.find_progress(tx, room_ids)
    readable = [each.room_id for each in rooms if not each.is_encrypted]
    events = await search.find_backlog(tx, readable, [*KEY_OF_TYPE, REDACTION], limits.SEARCH_BATCH)
    found = await find_events(tx, list(await _find_subjects(tx, events)))
    # An event can name one of another room, and changes nothing there.
    subjects = tuple(each for each in found.values() if each.room_id in readable)
    edits = await find_edits(tx, [each.event_id for each in subjects], limits.MAX_EDITS_TRIED)
    return Backlog(tuple(_advance(rooms, events)), subjects, tuple(edits))


def _advance(rooms: Sequence[Progress], events: Sequence[StoredEvent]) -> list[Progress]:
    """How far the rooms are once the events are indexed; a full batch ends in the midst of a room."""
    if len(events) < limits.SEARCH_BATCH:
        return list(rooms)
    last = events[-1]
    whole = [room for room in rooms if room.room_id < last.room_id]
    # No revision is -1: the room stays among those with something new.
    cut = [replace(room, upto=last.position or 0, revision=-1) for room in rooms if room.room_id == last.room_id]
    return whole + cut


async def _find_subjects(tx: Tx, events: Sequence[StoredEvent]) -> set[str]:
    """The events whose words the new ones are, or change."""
    wanted: set[str] = set()
    redacted: set[str] = set()
    for event in events:
        if event.type == REDACTION:
            redacted.add(_redacts(event))
        elif event.rel_type == "m.replace" and event.relates_to is not None:
            wanted.add(event.relates_to)
        else:
            wanted.add(event.event_id)
    # The end of an edit brings back what was said before.
    return wanted | redacted | set(await search.find_edited_by(tx, redacted))


def _redacts(event: StoredEvent) -> str:
    said = event.client()
    target = said.get("redacts") or said["content"].get("redacts")
    return target if isinstance(target, str) else ""


def _make_entries(backlog: Backlog) -> tuple[list[Entry], list[str]]:
    """The entries to write, and the events that have none any more."""
    edits: dict[str, list[StoredEvent]] = {}
    for edit in backlog.edits:
        edits.setdefault(edit.relates_to or "", []).append(edit)
    made = [_make_entry(event, edits.get(event.event_id, ())) for event in backlog.subjects]
    gone = [event.event_id for event, entry in zip(backlog.subjects, made, strict=True) if entry is None]
    return [entry for entry in made if entry is not None], gone


def _make_entry(event: StoredEvent, edits: Sequence[StoredEvent]) -> Entry | None:
    if event.position is None or event.status != IN_TIMELINE or event.redacted_by is not None:
        return None
    content = event.client()["content"]
    if is_edit(content):
        return None
    edit = next((each for each in edits if is_lawful_edit(event, each)), None)
    text = find_search_text(event.type, content)
    if edit is not None:
        text = find_edited_text(edit.type, edit.client()["content"])
    words = index_words(text)
    if not words:
        return None
    return Entry(
        position=event.position,
        event_id=event.event_id,
        room_id=event.room_id,
        sender=event.sender,
        type=event.type,
        has_url=isinstance(content.get("url"), str),
        edit_id=None if edit is None else edit.event_id,
        # The room's word first: a search in one room reads that room's matches alone.
        words=" ".join([room_word(event.room_id), *words]),
    )
