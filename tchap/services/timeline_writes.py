"""What one append writes, in one transaction: events, state, members, notices, queues, a new room, a redaction.

The jobs of `services/timeline.py`, which plans what they write.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tchap.base import limits
from tchap.base.errors import MatrixError
from tchap.protocol.events import Event
from tchap.protocol.identifiers import MediaUri
from tchap.protocol.notices import NO_NOTICES, Notices
from tchap.protocol.relations import ANNOTATION, THREAD, find_relation
from tchap.protocol.stored_event import StoredEvent
from tchap.storage.aliases import Alias, add_alias, move_aliases
from tchap.storage.appservices import add_to_queue
from tchap.storage.events import add_event, add_events, set_redacted
from tchap.storage.jobs import Tx
from tchap.storage.media_links import REDACTION, Cause, add_links, doom_media_of
from tchap.storage.memberships import Membership, set_memberships
from tchap.storage.push import add_notices
from tchap.storage.relations import find_edit_ids, has_annotated, is_child
from tchap.storage.room_state import StateRow, set_states
from tchap.storage.rooms import (
    RoomRow,
    add_room,
    move_extremity,
    raise_revision,
    set_extremities,
    set_published,
)
from tchap.storage.state_deltas import add_merge_delta


@dataclass(frozen=True, slots=True)
class Erasure:
    """What a redaction leaves of the event it redacts, already encoded."""

    event: StoredEvent


class AliasTaken(Exception):
    """Another room has the alias meanwhile."""


@dataclass(frozen=True, slots=True)
class Planned:
    """An event about to enter a room, and what follows from it; its row has no position yet."""

    event: Event
    stored: StoredEvent
    notices: Notices
    appservices: tuple[str, ...] = ()
    media: tuple[MediaUri, ...] = ()


@dataclass(frozen=True, slots=True)
class Birth:
    """What is written with a new room's first events: its row, the alias it is made under, the room it replaces."""

    row: RoomRow
    alias: Alias | None = None
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Append:
    """All that one job writes."""

    room_id: str
    built_on: int
    extremities: tuple[str, ...]
    planned: tuple[Planned, ...]
    erasure: Erasure | None = None
    birth: Birth | None = None


async def write_append(tx: Tx, append_: Append) -> list[StoredEvent]:
    """Writes all of it and answers with the rows; RoomMoved where the room is no more what it was built on."""
    if append_.birth is not None:
        await _write_birth(tx, append_.birth)
    else:
        await raise_revision(tx, append_.room_id, append_.built_on)
    first = await tx.next_positions(len(append_.planned))
    rows = [replace(each.stored, position=first + index) for index, each in enumerate(append_.planned)]
    if len(rows) == 1:
        await add_event(tx, rows[0])
        await _check_relation(tx, append_.planned[0].event, rows[0])
    else:
        await add_events(tx, rows)
    if len(append_.extremities) > 1:
        await add_merge_delta(tx, rows[0], append_.extremities)
    await _write_extremity(tx, append_, rows[-1].event_id)
    await _write_state(tx, append_, first)
    for planned, row in zip(append_.planned, rows, strict=True):
        if planned.notices is not NO_NOTICES:
            await add_notices(tx, row.event_id, row.room_id, row.ordering or 0, planned.notices)
        if planned.media:
            await add_links(tx, row, planned.media)
    queued = [
        (service, row.position or 0, row.event_id)
        for planned, row in zip(append_.planned, rows, strict=True)
        for service in planned.appservices
    ]
    if queued:
        await add_to_queue(tx, queued)
    if append_.erasure is not None:
        gone = append_.erasure.event
        await set_redacted(tx, gone.event_id, rows[0].event_id, gone.client_json, gone.graph_json)
        # Clients redact a message and leave its edits, which show nothing without it but still bear its files.
        edits = await find_edit_ids(tx, gone, limits.RETENTION_FOLLOWERS)
        ended = dict.fromkeys((gone.event_id, *edits))
        await doom_media_of(tx, ended, Cause(REDACTION, rows[0].origin_server_ts))
    return rows


async def _check_relation(tx: Tx, event: Event, row: StoredEvent) -> None:
    """What an event may not say of another; in the job, where no other append comes between.

    It comes after the row is added, so that a repeated transaction is told of its own event first.
    Source: client-server API, "Avoiding duplicate annotations", "Validation of `m.thread` relationships".
    """
    if row.rel_type == THREAD and await is_child(tx, row.relates_to or ""):
        raise MatrixError(
            "M_UNKNOWN", "A thread cannot start from this event.", "Un fil ne peut pas partir de ce message."
        )
    relation = find_relation(event.content) if row.rel_type == ANNOTATION else None
    if relation is None or relation.key is None:
        return
    if await has_annotated(tx, row, relation.key):
        raise MatrixError(
            "M_DUPLICATE_ANNOTATION", "You have reacted with this already.", "Vous avez déjà réagi ainsi."
        )


async def _write_birth(tx: Tx, birth: Birth) -> None:
    await add_room(tx, birth.row)
    if birth.alias is not None and not await add_alias(tx, birth.alias):
        raise AliasTaken(birth.alias.alias)
    if birth.replaces is not None:
        await move_aliases(tx, birth.replaces, birth.row.room_id)
        await set_published(tx, birth.replaces, False)


async def _write_extremity(tx: Tx, append_: Append, new: str) -> None:
    if len(append_.extremities) == 1:
        await move_extremity(tx, append_.room_id, append_.extremities[0], new)
    else:
        await set_extremities(tx, append_.room_id, [new])


async def _write_state(tx: Tx, append_: Append, first: int) -> None:
    events = [(each.event, first + index) for index, each in enumerate(append_.planned)]
    states = [(event, position) for event, position in events if event.state_key is not None]
    if not states:
        return
    await set_states(
        tx, append_.room_id, [(StateRow(e.type, e.state_key or "", e.event_id), position) for e, position in states]
    )
    members = [(event, position) for event, position in states if event.type == "m.room.member"]
    if members:
        await set_memberships(tx, [membership_row(append_.room_id, e, position) for e, position in members])


def membership_row(room_id: str, event: Event, position: int) -> Membership:
    """The row of a membership event that holds from a position on."""
    content = event.content
    name, avatar = content.get("displayname"), content.get("avatar_url")
    return Membership(
        user_id=event.state_key or "",
        room_id=room_id,
        membership=str(content.get("membership")),
        event_id=event.event_id,
        sender=event.sender,
        from_position=position,
        display_name=name if isinstance(name, str) else None,
        avatar_url=avatar if isinstance(avatar, str) else None,
    )


async def write_both(tx: Tx, job: Append, birth: Append) -> tuple[list[StoredEvent], ...]:
    """Writes what a room ends with and its successor begins with; the rows of each."""
    return await write_append(tx, job), await write_append(tx, birth)
