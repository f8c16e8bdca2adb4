"""Notices: what events gave people to notice, per rule class and per person, and how much of it is unread.

Counts are never stored. They are derived at read from the receipts and from what the person sent themselves
(client-server API, push module, "Marking notifications as read"), by the rules in force when each event was appended.
"""

from __future__ import annotations

from collections.abc import Collection

from tchap.protocol.notices import Notices, RuleVersion, Unread, class_in_force, classes_of
from tchap.storage.database import Tx
from tchap.storage.push_rules import find_versions

# Where each room is read up to: all of it by the unthreaded receipt, what is outside of threads by its own; nothing
# counts from before the present stay in the room, which begins where the last row of another membership ends.
_BOUNDS = """
  WITH stays AS (
    SELECT room_id, CASE WHEN max(CASE WHEN membership <> 'join' THEN to_position END) IS NULL THEN min(from_position)
                         ELSE max(CASE WHEN membership <> 'join' THEN to_position END) END AS position
    FROM memberships WHERE user_id = $1 AND room_id IN_LIST($2) GROUP BY room_id
  ), marks AS (
    SELECT room_id, max(CASE WHEN thread_id = '' THEN event_position ELSE 0 END) AS position,
                    max(CASE WHEN thread_id = 'main' THEN event_position ELSE 0 END) AS main_position FROM (
      SELECT room_id, thread_id, event_position FROM receipts
      WHERE user_id = $1 AND room_id IN_LIST($2) AND receipt_type IN ('m.read', 'm.read.private')
      UNION ALL
      SELECT room_id, thread_id, event_position FROM sent_marks WHERE user_id = $1 AND room_id IN_LIST($2)
    ) AS every_mark GROUP BY room_id
  ), bounds AS (
    SELECT s.room_id, s.position AS stay_position, coalesce(m.main_position, 0) AS main_position,
           CASE WHEN coalesce(m.position, 0) > s.position THEN m.position ELSE s.position END AS position
    FROM stays s LEFT JOIN marks m ON m.room_id = s.room_id
  )"""


def _thread_mark(notice: str) -> str:
    """Up to where the notice's thread is read. The marks of a thread are looked up one by one, by their keys: joined,
    they would be compared with every notice."""
    return f"""CASE WHEN {notice}.thread_id = 'main' THEN b.main_position ELSE
        coalesce((SELECT max(r.event_position) FROM receipts r WHERE r.room_id = {notice}.room_id AND r.user_id = $1
          AND r.receipt_type IN ('m.read', 'm.read.private') AND r.thread_id = {notice}.thread_id), 0) END
      AND {notice}.position > CASE WHEN {notice}.thread_id = 'main' THEN 0 ELSE
        coalesce((SELECT k.event_position FROM sent_marks k WHERE k.room_id = {notice}.room_id AND k.user_id = $1
          AND k.thread_id = {notice}.thread_id), 0) END"""


_NOTICE_UNREAD = _thread_mark("n")
_PERSONAL_UNREAD = _thread_mark("p")


async def add_notices(tx: Tx, event_id: str, room_id: str, _ordering: int, notices: Notices) -> None:
    """Keeps what the event gives; called in the append's job, after the event's row is written."""
    if notices.withdraws is not None:
        await _withdraw(tx, room_id, notices.withdraws)
    if notices.classes:
        await tx.many(
            """INSERT INTO push_notices (room_id, position, class_id, event_id, thread_id, sender, highlight, actions)
               SELECT e.room_id, e.position, CAST($2 AS BIGINT), e.event_id, coalesce(e.thread_id, 'main'), e.sender,
                      CAST($3 AS INTEGER), CAST($4 AS TEXT)
               FROM events e WHERE e.event_id = $1 AND e.position IS NOT NULL""",
            [(event_id, each.class_id, int(each.highlight), each.actions) for each in notices.classes],
        )
    if notices.people:
        await tx.many(
            """INSERT INTO push_personal_notices (user_id, room_id, position, event_id, thread_id, sender,
                                                  notify, highlight, notify_change, highlight_change, actions)
               SELECT CAST($2 AS TEXT), e.room_id, e.position, e.event_id, coalesce(e.thread_id, 'main'), e.sender,
                      CAST($3 AS INTEGER), CAST($4 AS INTEGER), CAST($5 AS INTEGER), CAST($6 AS INTEGER),
                      CAST($7 AS TEXT)
               FROM events e WHERE e.event_id = $1 AND e.position IS NOT NULL""",
            [
                (event_id, p.user_id, int(p.notify), int(p.highlight), p.notify_change, p.highlight_change, p.actions)
                for p in notices.people
            ],
        )
    if notices.marks_read:
        await tx.run(
            """INSERT INTO sent_marks (room_id, user_id, thread_id, event_position)
               SELECT e.room_id, e.sender, coalesce(e.thread_id, 'main'), e.position
               FROM events e WHERE e.event_id = $1 AND e.position IS NOT NULL
               ON CONFLICT (room_id, user_id, thread_id) DO UPDATE SET event_position = excluded.event_position""",
            event_id,
        )


async def _withdraw(tx: Tx, room_id: str, event_id: str) -> None:
    for table in ("push_notices", "push_personal_notices"):
        await tx.run(
            f"DELETE FROM {table} WHERE room_id = $1 AND position = "
            "(SELECT position FROM events WHERE event_id = $2 AND room_id = $1)",
            room_id,
            event_id,
        )


async def find_unread(
    tx: Tx, user_id: str, room_ids: Collection[str], upto: int = 2**62
) -> dict[str, dict[str, Unread]]:
    """Unread notifications of the person by room and thread ("main" outside of any); three queries."""
    versions = await find_versions(tx, user_id)
    counts: dict[str, dict[str, Unread]] = {}
    for room_id, thread_id, class_id, number, notify, highlight in await _class_counts(
        tx, user_id, room_ids, versions, upto
    ):
        if class_id == class_in_force(versions, number, room_id):
            _add(counts, room_id, thread_id, notify, highlight)
    for room_id, thread_id, notify, highlight in await _personal_counts(tx, user_id, room_ids, upto):
        _add(counts, room_id, thread_id, notify, highlight)
    return counts


def _add(counts: dict[str, dict[str, Unread]], room_id: str, thread_id: str, notify: int, highlight: int) -> None:
    threads = counts.setdefault(room_id, {})
    threads[thread_id] = threads.get(thread_id, Unread()).plus(notify, highlight)


async def _class_counts(
    tx: Tx, user_id: str, room_ids: Collection[str], versions: tuple[RuleVersion, ...], upto: int
) -> list[tuple[str, str, int, int, int, int]]:
    rows = await tx.all(
        _BOUNDS
        + f""", unread AS (
            SELECT n.room_id, n.thread_id, n.class_id, n.highlight, CASE WHEN $5 = 0 THEN 0 ELSE
              (SELECT count(*) FROM push_rule_sets v WHERE v.user_id = $1 AND v.from_position < n.position)
              END AS number
            FROM bounds b CROSS JOIN push_notices n
            WHERE n.room_id = b.room_id AND n.position > b.position AND n.position <= $4 AND n.class_id IN_LIST($3)
              AND n.sender <> $1 AND n.position > {_NOTICE_UNREAD}
          )
          SELECT room_id, thread_id, class_id, number, count(*), sum(highlight) FROM unread
          GROUP BY room_id, thread_id, class_id, number""",
        user_id,
        list(room_ids),
        classes_of(versions, room_ids),
        upto,
        len(versions),
    )
    return [
        (room, thread, class_id, number, notify, int(high)) for room, thread, class_id, number, notify, high in rows
    ]


async def _personal_counts(
    tx: Tx, user_id: str, room_ids: Collection[str], upto: int
) -> list[tuple[str, str, int, int]]:
    rows = await tx.all(
        _BOUNDS
        + f"""
          SELECT p.room_id, p.thread_id, sum(p.notify_change), sum(p.highlight_change)
          FROM bounds b CROSS JOIN push_personal_notices p
          WHERE p.user_id = $1 AND p.room_id = b.room_id AND p.position > b.position AND p.position <= $3
            AND p.sender <> $1 AND p.position > {_PERSONAL_UNREAD}
          GROUP BY p.room_id, p.thread_id""",
        user_id,
        list(room_ids),
        upto,
    )
    return [(room_id, thread_id, int(notify), int(highlight)) for room_id, thread_id, notify, highlight in rows]


async def find_missed_calls(tx: Tx, user_id: str, room_ids: Collection[str]) -> int:
    """Unread calls of others. Whoever answers one sends something, which reads it."""
    row = await tx.one(
        _BOUNDS
        + f""", ringing AS (
            SELECT n.event_id FROM bounds b CROSS JOIN push_notices n
            WHERE n.room_id = b.room_id AND n.position > b.position AND n.sender <> $1
              AND n.actions LIKE '%"ring"%' AND n.position > {_NOTICE_UNREAD}
            UNION
            SELECT p.event_id FROM bounds b CROSS JOIN push_personal_notices p
            WHERE p.user_id = $1 AND p.room_id = b.room_id AND p.position > b.position AND p.sender <> $1
              AND p.actions LIKE '%"ring"%' AND p.position > {_PERSONAL_UNREAD}
          )
          SELECT count(*) FROM ringing r JOIN events e ON e.event_id = r.event_id WHERE e.type = 'm.call.invite'""",
        user_id,
        list(room_ids),
    )
    return int(row[0]) if row else 0
