"""Bug reports as today's clients send them (the format of rageshake), and what operators read of them."""

import asyncio
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from tchap.api.http import Request, Response
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.base.errors import BadJson, NotFound
from tchap.services import bug_reports
from tchap.services.bug_reports import Sent
from tchap.services.world import World
from tchap.storage.bug_reports import BugReport, ReportFile


async def submit(world: World, request: Request) -> dict[str, Any]:
    """A form of several parts; nothing is said of where the report is kept."""
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        raise BadJson("A report is a multipart form.", "Un signalement est un formulaire à plusieurs parties.")
    # Megabytes of logs are read beside the loop.
    sent = await asyncio.to_thread(_parse, kind, request.body)
    await bug_reports.submit_bug_report(world, sent)
    return {}


def _parse(kind: str, body: bytes) -> Sent:
    """RFC 7578: each part is a field by its name, or a file where it has a file name."""
    head = f"Content-Type: {kind}\r\n\r\n".encode("latin-1", "replace")
    whole = BytesParser(policy=HTTP).parsebytes(head + body)
    fields: dict[str, list[str]] = {}
    files: list[tuple[str, bytes]] = []
    for part in whole.iter_parts() if whole.is_multipart() else ():
        data = _bytes_of(part)
        name, file_name = _parameter(part, "name"), part.get_filename()
        if file_name is not None:
            files.append((file_name, data))
        elif name:
            fields.setdefault(name, []).append(data.decode("utf-8", "replace").replace("\0", ""))
    if not fields:
        raise BadJson("This form says nothing.", "Ce formulaire ne dit rien.")
    return Sent(fields, files)


def _bytes_of(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _parameter(part: Message, name: str) -> str:
    value = part.get_param(name, "", "Content-Disposition")
    return value if isinstance(value, str) else ""


async def list_reports(world: World, request: Request) -> dict[str, Any]:
    """The newest first; `before` is the `next` of the page before."""
    limit = request.number("limit", limits.DEFAULT_REPORTS, 1, limits.MAX_REPORTS)
    before = request.number("before", limits.MAX_REPORT_ID, 0, limits.MAX_REPORT_ID)
    found = await bug_reports.find_bug_reports(world, request.requester, before, limit)
    body: dict[str, Any] = {"reports": [_show(report) for report in found]}
    return body | ({"next": found[-1].report_id} if len(found) == limit else {})


async def get_report(world: World, request: Request) -> dict[str, Any]:
    report, files = await bug_reports.get_bug_report(world, request.requester, _number(request, "reportId"))
    return {**_show(report), "files": [_show_file(file) for file in files]}


def _show(report: BugReport) -> dict[str, Any]:
    return {
        "report_id": report.report_id,
        "created_ts": report.created_ts,
        "app": report.app,
        "version": report.version,
        "text": report.body,
        "email": report.email,
        "fields": decode_json(report.fields),
    }


def _show_file(file: ReportFile) -> dict[str, Any]:
    return {"number": file.number, "name": file.name, "size": file.size}


async def get_file(world: World, request: Request) -> Response:
    """The file's bytes, for saving alone: a log is nothing a browser should show."""
    numbers = _number(request, "reportId"), _number(request, "number")
    _, data = await bug_reports.get_report_file(world, request.requester, *numbers)
    headers = [("Content-Disposition", "attachment"), ("X-Content-Type-Options", "nosniff")]
    return Response(200, data, "application/octet-stream", headers)


def _number(request: Request, name: str) -> int:
    text = request.params[name]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound("There is no such report.", "Ce signalement n'existe pas.")
    return int(text)


_REPORTS = "/_tchap/admin/v1/bug_reports"

ROUTES = (
    Route("POST", "/bugreports/submit", submit, auth="none", limit="bug_report", max_body=limits.MAX_BUG_REPORT),
    Route("GET", _REPORTS, list_reports),
    Route("GET", f"{_REPORTS}/{{reportId}}", get_report),
    Route("GET", f"{_REPORTS}/{{reportId}}/files/{{number}}", get_file),
)
