"""Reports of what does not work, and which files came with each. The bytes are in the media store."""

from collections.abc import Sequence
from dataclasses import dataclass

from tchap.storage.database import Row, Tx


@dataclass(frozen=True, slots=True)
class BugReport:
    """`fields` is a JSON object of lists of texts; `created_ts` in ms since 1970."""

    report_id: int
    created_ts: int
    app: str
    version: str
    body: str
    email: str | None
    fields: bytes


@dataclass(frozen=True, slots=True)
class ReportFile:
    """`size` in bytes; `blob_name` in the media store."""

    number: int
    name: str
    size: int
    blob_name: str


_FIELDS = "report_id, created_ts, app, version, body, email, fields"


async def add_bug_report(tx: Tx, report: BugReport, files: Sequence[ReportFile]) -> int:
    """The new report's number."""
    report_id = await tx.next_position()
    await tx.run(
        f"INSERT INTO bug_reports ({_FIELDS}) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        report_id,
        report.created_ts,
        report.app,
        report.version,
        report.body,
        report.email,
        report.fields,
    )
    await tx.many(
        "INSERT INTO bug_report_files (report_id, number, name, size, blob_name) VALUES ($1, $2, $3, $4, $5)",
        [(report_id, file.number, file.name, file.size, file.blob_name) for file in files],
    )
    return report_id


async def find_bug_reports(tx: Tx, before: int, limit: int) -> list[BugReport]:
    """The newest before a number."""
    rows = await tx.all(
        f"SELECT {_FIELDS} FROM bug_reports WHERE report_id < $1 ORDER BY report_id DESC LIMIT $2", before, limit
    )
    return [_report(row) for row in rows]


def _report(row: Row) -> BugReport:
    return BugReport(row[0], row[1], row[2], row[3], row[4], row[5], bytes(row[6]))


async def find_bug_report(tx: Tx, report_id: int) -> BugReport | None:
    row = await tx.one(f"SELECT {_FIELDS} FROM bug_reports WHERE report_id = $1", report_id)
    return None if row is None else _report(row)


async def find_files(tx: Tx, report_id: int) -> list[ReportFile]:
    rows = await tx.all(
        "SELECT number, name, size, blob_name FROM bug_report_files WHERE report_id = $1 ORDER BY number", report_id
    )
    return [ReportFile(*row) for row in rows]


async def find_old(tx: Tx, before_ts: int, limit: int) -> list[int]:
    """Reports older than a moment."""
    rows = await tx.all(
        "SELECT report_id FROM bug_reports WHERE created_ts < $1 ORDER BY created_ts LIMIT $2", before_ts, limit
    )
    return [row[0] for row in rows]


async def remove_bug_report(tx: Tx, report_id: int) -> None:
    await tx.run("DELETE FROM bug_report_files WHERE report_id = $1", report_id)
    await tx.run("DELETE FROM bug_reports WHERE report_id = $1", report_id)
