"""The list of what a person was notified of, newest first.

Notices are read in stretches of positions that grow until a page is full: a page costs what is near its place, not
all that every room ever gave.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tchap.base import limits
from tchap.protocol.notices import MAIN_THREAD, RuleVersion, class_in_force, classes_of
from tchap.storage.database import Row, Tx
from tchap.storage.push_deciding import Marks, find_marks
from tchap.storage.push_rules import find_versions

_PERSONAL = -1


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """One entry of a person's list of notifications. ``actions`` is JSON text."""

    room_id: str
    position: int
    event_id: str
    highlight: bool
    actions: str
    read: bool


@dataclass(frozen=True, slots=True)
class NoticePage:
    """Which part of the list: below a position, newest first, at most ``limit``."""

    below: int
    limit: int
    highlights_only: bool = False


@dataclass(frozen=True, slots=True)
class _Reader:
    """The person: their rules over time, since when they are in each room, and up to where they have read."""

    user_id: str
    versions: tuple[RuleVersion, ...]
    stays: dict[str, int]
    marks: Marks
    classes: tuple[int, ...]


async def find_notifications(tx: Tx, user_id: str, room_ids: Collection[str], page: NoticePage) -> list[StoredNotice]:
    """What the person was notified of in the rooms."""
    stays = await _find_stays(tx, user_id, room_ids)
    if not stays:
        return []
    versions = await find_versions(tx, user_id)
    marks = await find_marks(tx, [user_id], stays)
    reader = _Reader(user_id, versions, stays, marks, tuple(classes_of(versions, stays)))
    found: list[StoredNotice] = []
    lowest, below, span = min(stays.values()), await _first_below(tx, page.below), limits.NOTICE_SPAN
    while len(found) < page.limit and below > lowest:
        floor = max(lowest, below - span)
        rows = await _find_rows(tx, reader, (floor, below, int(page.highlights_only)))
        if len(rows) == limits.NOTICE_ROWS:
            # The last position may be cut in two: it is read whole the next time.
            floor = rows[-1][1]
            rows = [row for row in rows if row[1] > floor]
        found += _notices(reader, rows, page)
        below, span = floor + 1 if floor > lowest else lowest, span * 4
    return found[: page.limit]


async def _first_below(tx: Tx, below: int) -> int:
    row = await tx.one("SELECT max(position) FROM events WHERE position IS NOT NULL")
    return min(below, (row[0] or 0) + 1 if row else 1)


async def _find_stays(tx: Tx, user_id: str, room_ids: Collection[str]) -> dict[str, int]:
    """Since which position the person is in each of the rooms: where their last other membership ends."""
    rows = await tx.all(
        """SELECT room_id, max(CASE WHEN membership <> 'join' THEN to_position END), min(from_position)
           FROM memberships WHERE user_id = $1 AND room_id IN_LIST($2) GROUP BY room_id""",
        user_id,
        list(room_ids),
    )
    return {room_id: first if last is None else last for room_id, last, first in rows}


async def _find_rows(tx: Tx, reader: _Reader, window: tuple[int, int, int]) -> list[Row]:
    """(room, position, thread, event, highlight, actions, class, notify) of a stretch, the newest first.

    ``window``: above which position, below which, and 1 where only highlights are wanted.
    """
    return await tx.all(
        """SELECT room_id, position, thread_id, event_id, highlight, actions, class_id, notify FROM (
             SELECT room_id, position, thread_id, event_id, highlight, actions, class_id, 1 AS notify
             FROM push_notices WHERE room_id IN_LIST($2) AND position > $3 AND position < $4
               AND class_id IN_LIST($6) AND sender <> $1 AND highlight >= $5
             UNION ALL
             SELECT room_id, position, thread_id, event_id, highlight, actions, -1 AS class_id, notify
             FROM push_personal_notices
             WHERE user_id = $1 AND room_id IN_LIST($2) AND position > $3 AND position < $4 AND sender <> $1
           ) AS every ORDER BY position DESC LIMIT $7""",
        reader.user_id,
        list(reader.stays),
        *window,
        list(reader.classes),
        limits.NOTICE_ROWS,
    )


def _notices(reader: _Reader, rows: list[Row], page: NoticePage) -> list[StoredNotice]:
    """What is for this person: what they have instead of their class, else what their class has."""
    personal = {row[1] for row in rows if row[6] == _PERSONAL}
    found = []
    for room_id, position, thread_id, event_id, highlight, actions, class_id, notify in rows:
        is_theirs = notify if class_id == _PERSONAL else position not in personal
        if not is_theirs or position <= reader.stays[room_id] or (page.highlights_only and not highlight):
            continue
        if class_id in (_PERSONAL, _class_of(reader, room_id, position)):
            is_read = reader.marks.has_read(reader.user_id, (room_id, thread_id or MAIN_THREAD), position)
            found.append(StoredNotice(room_id, position, event_id, bool(highlight), actions, is_read))
    return found


def _class_of(reader: _Reader, room_id: str, position: int) -> int:
    number = sum(version.from_position < position for version in reader.versions)
    return class_in_force(reader.versions, number, room_id)
