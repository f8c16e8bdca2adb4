"""What is searched: words by event, how far each room is indexed, and the matches of a search."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tchap.base import limits
from tchap.protocol.search_text import SearchTerms
from tchap.protocol.stored_event import IN_TIMELINE, StoredEvent
from tchap.storage.events import EVENT_COLUMNS
from tchap.storage.jobs import Row, Tx

_IS_ENCRYPTED = """EXISTS (SELECT 1 FROM room_state x WHERE x.room_id = r.room_id AND x.type = 'm.room.encryption'
  AND x.state_key = '' AND x.to_position IS NULL)"""
_IS_STALE = f"""(s.revision IS NULL OR s.revision <> r.revision) AND (s.room_id IS NOT NULL OR NOT {_IS_ENCRYPTED})"""


class IndexMoved(Exception):
    """Somebody else indexed the same events meanwhile."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one event says, as words; ``edit_id`` is the edit they were taken from."""

    position: int
    event_id: str
    room_id: str
    sender: str
    type: str
    has_url: bool
    edit_id: str | None
    words: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A room's index is known up to ``position`` and goes on to ``upto``, told when the room's revision was this."""

    room_id: str
    position: int | None
    upto: int
    revision: int
    is_encrypted: bool = False


async def find_stale_rooms(tx: Tx, limit: int) -> list[str]:
    """Rooms of the whole server where something happened that the index does not know."""
    rows = await tx.all(
        f"SELECT r.room_id FROM rooms r LEFT JOIN search_rooms s ON s.room_id = r.room_id WHERE {_IS_STALE} LIMIT $1",
        limit,
    )
    return [row[0] for row in rows]


async def find_stale_among(tx: Tx, room_ids: Collection[str], limit: int) -> list[str]:
    """As `find_stale_rooms`, among some rooms."""
    rows = await tx.all(
        f"""SELECT r.room_id FROM rooms r LEFT JOIN search_rooms s ON s.room_id = r.room_id
            WHERE r.room_id IN_LIST($1) AND {_IS_STALE} LIMIT $2""",
        list(room_ids),
        limit,
    )
    return [row[0] for row in rows]


async def find_progress(tx: Tx, room_ids: Collection[str]) -> list[Progress]:
    """How far those of the rooms that have something new are indexed, and how far they go now."""
    rows = await tx.all(
        f"""SELECT r.room_id, s.position, (SELECT max(e.position) FROM events e WHERE e.room_id = r.room_id),
              r.revision, CASE WHEN {_IS_ENCRYPTED} THEN 1 ELSE 0 END
            FROM rooms r LEFT JOIN search_rooms s ON s.room_id = r.room_id
            WHERE r.room_id IN_LIST($1) AND {_IS_STALE} ORDER BY r.room_id""",
        list(room_ids),
    )
    return [Progress(row[0], row[1], row[2] or 0, row[3], bool(row[4])) for row in rows]


async def find_backlog(tx: Tx, room_ids: Collection[str], types: Collection[str], limit: int) -> list[StoredEvent]:
    """The events of some types that the index does not know, room by room, at most ``limit``."""
    columns = ", ".join(f"e.{name.strip()}" for name in EVENT_COLUMNS.split(","))
    rows = await tx.all(
        f"""SELECT {columns} FROM rooms r LEFT JOIN search_rooms s ON s.room_id = r.room_id
            JOIN events e ON e.room_id = r.room_id AND e.position > COALESCE(s.position, 0)
            WHERE r.room_id IN_LIST($1) AND e.type IN_LIST($2) AND e.status = 0
            ORDER BY r.room_id, e.position LIMIT $3""",
        list(room_ids),
        list(types),
        limit,
    )
    return [StoredEvent(*row) for row in rows]


async def find_edited_by(tx: Tx, edit_ids: Collection[str]) -> list[str]:
    """The events whose words were taken from these edits."""
    rows = await tx.all("SELECT event_id FROM search_entries WHERE edit_id IN_LIST($1)", list(edit_ids))
    return [row[0] for row in rows]


async def set_entries(tx: Tx, progress: Sequence[Progress], entries: Sequence[Entry], gone: Collection[str]) -> None:
    """Writes what the events say now and how far the rooms are known; IndexMoved when that is no longer the sequel.

    What was purged while its words were made keeps none.
    """
    for room in progress:
        await _set_progress(tx, room)
    await tx.run("DELETE FROM search_entries WHERE event_id IN_LIST($1)", list(gone))
    await tx.many(
        """INSERT INTO search_entries (position, event_id, room_id, sender, type, has_url, edit_id, words)
           SELECT CAST($1 AS BIGINT), event_id, CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT),
             CAST($6 AS INTEGER), CAST($7 AS TEXT), CAST($8 AS TEXT) FROM events WHERE event_id = $2 AND position = $1
           ON CONFLICT (position) DO UPDATE SET edit_id = excluded.edit_id, words = excluded.words""",
        [(e.position, e.event_id, e.room_id, e.sender, e.type, int(e.has_url), e.edit_id, e.words) for e in entries],
    )


async def tidy_index(tx: Tx) -> bool:
    """Rewrites a bounded piece of the index without the words of what was removed; whether there may be more."""
    before = await tx.one("SELECT CHANGED()")
    await tx.run("TIDY SEARCH INDEX ON search_entries")
    after = await tx.one("SELECT CHANGED()")
    # The request itself counts as one.
    return before is not None and after is not None and after[0] - before[0] > 1


async def _set_progress(tx: Tx, room: Progress) -> None:
    if room.is_encrypted:
        # Module "Server Side Search": encrypted rooms are not searched, whatever was said in clear before.
        await tx.run("DELETE FROM search_entries WHERE room_id = $1", room.room_id)
        await tx.run("DELETE FROM search_rooms WHERE room_id = $1", room.room_id)
        return
    if room.position is None:
        changed = await tx.run(
            """INSERT INTO search_rooms (room_id, position, revision) VALUES ($1, $2, $3)
               ON CONFLICT (room_id) DO NOTHING""",
            room.room_id,
            room.upto,
            room.revision,
        )
    else:
        changed = await tx.run(
            "UPDATE search_rooms SET position = $3, revision = $4 WHERE room_id = $1 AND position = $2",
            room.room_id,
            room.position,
            room.upto,
            room.revision,
        )
    if changed != 1:
        raise IndexMoved(room.room_id)


async def find_searchable_rooms(tx: Tx, user_id: str) -> list[str]:
    """The rooms without encryption that the person is or was in, but for those they forgot."""
    rows = await tx.all(
        f"""SELECT DISTINCT r.room_id FROM memberships r WHERE r.user_id = $1 AND r.membership = 'join'
              AND NOT EXISTS (SELECT 1 FROM forgotten_rooms f WHERE f.user_id = $1 AND f.room_id = r.room_id)
              AND NOT {_IS_ENCRYPTED}""",
        user_id,
    )
    return [row[0] for row in rows]


@dataclass(frozen=True, slots=True)
class Quest:
    """What is looked for: matches below a position, in some rooms, of some types.

    ``senders`` None: anybody's; ``has_url`` None: whether or not they have one.
    """

    terms: SearchTerms
    below: int
    room_ids: tuple[str, ...]
    types: tuple[str, ...]
    senders: tuple[str, ...] | None = None
    not_senders: tuple[str, ...] = ()
    has_url: bool | None = None


@dataclass(frozen=True, slots=True)
class Matches:
    """Matches, newest first: the event without its content, and its words as far as they tell how well it answers.

    ``lowest`` is the position below which nothing was looked at, None when that is all there is.
    """

    found: list[tuple[StoredEvent, str]]
    lowest: int | None


async def find_matches(tx: Tx, quest: Quest) -> Matches:
    """The newest matches, a bounded number out of a bounded number read."""
    hits = """(SELECT m.position FROM MATCHES(search_entries, position, $1) AS m
               WHERE m.position < $2 ORDER BY m.position DESC LIMIT $3) AS h"""
    # CROSS JOIN: SQLite begins with the matches, whatever it believes of them.
    rows = await tx.all(
        f"""SELECT e.position, e.event_id, e.room_id, e.sender, e.type, substr(e.words, 1, $11)
            FROM {hits} CROSS JOIN search_entries e
            WHERE e.position = h.position AND e.room_id IN_LIST($4) AND e.type IN_LIST($5)
              AND (CAST($6 AS INTEGER) = 1 OR e.sender IN_LIST($7)) AND NOT (e.sender IN_LIST($8))
              AND (CAST($9 AS INTEGER) = 2 OR e.has_url = $9)
            ORDER BY e.position DESC LIMIT $10""",
        quest.terms,
        quest.below,
        limits.MAX_SEARCH_SCAN,
        list(quest.room_ids),
        list(quest.types),
        int(quest.senders is None),
        list(quest.senders or ()),
        list(quest.not_senders),
        2 if quest.has_url is None else int(quest.has_url),
        limits.MAX_SEARCH_CANDIDATES,
        limits.MAX_SEARCH_RANKED,
    )
    if len(rows) == limits.MAX_SEARCH_CANDIDATES:
        return Matches([(_bare(row), row[5]) for row in rows], rows[-1][0])
    read = await tx.one(
        f"SELECT count(*), min(h.position) FROM {hits}", quest.terms, quest.below, limits.MAX_SEARCH_SCAN
    )
    lowest = read[1] if read is not None and read[0] == limits.MAX_SEARCH_SCAN else None
    return Matches([(_bare(row), row[5]) for row in rows], lowest)


def _bare(row: Row) -> StoredEvent:
    """As much of the event as tells who may see it."""
    position, event_id, room_id, sender, kind, _ = row
    state_key = None if kind == "m.room.message" else ""
    return StoredEvent(
        event_id=event_id,
        room_id=room_id,
        position=position,
        ordering=None,
        depth=0,
        type=kind,
        state_key=state_key,
        sender=sender,
        origin_server_ts=0,
        relates_to=None,
        rel_type=None,
        thread_id=None,
        redacted_by=None,
        status=IN_TIMELINE,
        txn_device=None,
        txn_id=None,
        client_json=b"{}",
        graph_json=b"{}",
    )


async def find_surroundings(tx: Tx, event_ids: Collection[str], before: int, after: int) -> list[StoredEvent]:
    """The events that stand at most so many places from one of the events in its room, in the room's order."""
    columns = ", ".join(f"e.{name.strip()}" for name in EVENT_COLUMNS.split(","))
    rows = await tx.all(
        f"""SELECT DISTINCT {columns} FROM events t JOIN events e ON e.room_id = t.room_id
              AND e.ordering >= t.ordering - $2 AND e.ordering <= t.ordering + $3
            WHERE t.event_id IN_LIST($1) ORDER BY e.room_id, e.ordering""",
        list(event_ids),
        before,
        after,
    )
    return [StoredEvent(*row) for row in rows]
