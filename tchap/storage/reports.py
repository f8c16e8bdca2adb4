"""What people report to those who run the server."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tchap.storage.jobs import Tx

_COLUMNS = """report_id, kind, state, reporter, reporter_administration, reported_user, reported_administration,
  room_id, event_id, event_json, reason, score, created_ts, changed_ts, handled_by, note"""


@dataclass(frozen=True, slots=True)
class Report:
    """One row; administrations are empty where somebody belongs to none, times in milliseconds since 1970."""

    report_id: int
    kind: str
    state: str
    reporter: str
    reporter_administration: str
    reported_user: str | None
    reported_administration: str
    room_id: str | None
    event_id: str | None
    event_json: bytes | None
    reason: str
    score: int | None
    created_ts: int
    changed_ts: int
    handled_by: str | None = None
    note: str | None = None


async def add_report(tx: Tx, report: Report) -> int:
    """The number it is given."""
    report_id = await tx.next_position()
    await tx.run(
        f"""INSERT INTO reports ({_COLUMNS})
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)""",
        report_id,
        report.kind,
        report.state,
        report.reporter,
        report.reporter_administration,
        report.reported_user,
        report.reported_administration,
        report.room_id,
        report.event_id,
        report.event_json,
        report.reason,
        report.score,
        report.created_ts,
        report.changed_ts,
        report.handled_by,
        report.note,
    )
    return report_id


async def find_report(tx: Tx, report_id: int) -> Report | None:
    row = await tx.one(f"SELECT {_COLUMNS} FROM reports WHERE report_id = $1", report_id)
    return Report(*row) if row else None


async def find_reports(tx: Tx, states: tuple[str, ...], above: int, limit: int) -> list[Report]:
    """Reports in one of the states with a greater number, the oldest first."""
    rows = await tx.all(
        f"""SELECT {_COLUMNS} FROM reports WHERE state IN_LIST($1) AND report_id > $2
            ORDER BY report_id LIMIT $3""",
        list(states),
        above,
        limit,
    )
    return [Report(*row) for row in rows]


async def find_reports_on(tx: Tx, ids: Collection[str], states: tuple[str, ...], page: tuple[int, int]) -> list[Report]:
    """Those on people of these administrations but for operators, messages of theirs included; `page` is (number after
    which, how many)."""
    columns = ", ".join(f"r.{name.strip()}" for name in _COLUMNS.split(","))
    rows = await tx.all(
        f"""SELECT {columns} FROM reports r JOIN accounts a ON a.user_id = r.reported_user
            WHERE a.administration_id IN_LIST($1) AND a.is_admin = 0 AND r.state IN_LIST($2) AND r.report_id > $3
            ORDER BY r.report_id LIMIT $4""",
        sorted(ids),
        list(states),
        *page,
    )
    return [Report(*row) for row in rows]


async def set_state(tx: Tx, changed: Report) -> None:
    """Writes what changes when somebody takes a report in hand: its state, who did, when, and their note."""
    await tx.run(
        "UPDATE reports SET state = $2, changed_ts = $3, handled_by = $4, note = $5 WHERE report_id = $1",
        changed.report_id,
        changed.state,
        changed.changed_ts,
        changed.handled_by,
        changed.note,
    )
