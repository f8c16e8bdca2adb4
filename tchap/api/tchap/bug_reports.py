"""Bug reports as today's clients send them (the format of rageshake), and what operators read of them."""

import asyncio
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Any

from tchap.api.http import Request, Response
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.base.errors import BadJson, MatrixError, NotFound
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
    fields: dict[str, list[str]] = {}
    files: list[tuple[str, bytes]] = []
    for head, data in _parts_of(kind, body):
        name, file_name = _parameter(head, "name"), _parameter(head, "filename")
        if file_name:
            files.append((file_name, data))
        elif name:
            fields.setdefault(name, []).append(data.decode("utf-8", "replace").replace("\0", ""))
    if not fields:
        raise BadJson("This form says nothing.", "Ce formulaire ne dit rien.")
    return Sent(fields, files)


def _parts_of(kind: str, body: bytes) -> Iterator[tuple[Message, bytes]]:
    """The parts of a form with their heads, cut at the boundary alone.

    The library reads parts within parts, line by line: two megabytes made for it take it a minute.
    """
    boundary = _head_of(f"Content-Type: {kind}".encode("latin-1", "replace")).get_boundary("")
    pieces = (b"\r\n" + body).split(
        f"\r\n--{boundary}".encode("utf-8", "surrogateescape"), limits.MAX_BUG_REPORT_PARTS + 1
    )
    if len(pieces) > limits.MAX_BUG_REPORT_PARTS + 1:
        raise MatrixError("M_TOO_LARGE", "This form has too many parts.", "Ce formulaire a trop de parties.")
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            return
        head, _, data = piece.partition(b"\r\n\r\n")
        yield _head_of(head[: limits.MAX_BUG_REPORT_HEAD].lstrip()), data


def _head_of(head: bytes) -> Message:
    # The newer policies of the library take seconds for a thousand quotes, and recursion for parentheses.
    return BytesHeaderParser(policy=compat32).parsebytes(head + b"\r\n\r\n")


def _parameter(head: Message, name: str) -> str:
    value = head.get_param(name, "", "Content-Disposition")
    text = value[2] if isinstance(value, tuple) else value
    return text.encode("utf-8", "replace").decode().replace("\0", "") if isinstance(text, str) else ""


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
    data = await bug_reports.get_report_file(world, request.requester, *numbers)
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
