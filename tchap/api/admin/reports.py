"""What administrators read of reports and do with them; delegates with those on their people alone."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_str, need_str
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.base.errors import InvalidParam
from tchap.services import reports
from tchap.services.world import World
from tchap.storage.reports import Report


async def list_reports(world: World, request: Request) -> dict[str, Any]:
    """`state` may be repeated; without it, those not closed. `next` is the `from` of the following page."""
    states = tuple(request.texts("state")) or (reports.OPEN, reports.IN_HAND)
    for state in states:
        _check_state(state)
    limit = request.number("limit", limits.DEFAULT_REPORTS, 1, limits.MAX_REPORTS)
    after = request.number("from", 0, 0, limits.MAX_REPORT_ID)
    found = await reports.list_reports(world, request.requester, states, (after, limit + 1))
    body: dict[str, Any] = {"reports": [_show(each) for each in found[:limit]]}
    if len(found) > limit:
        body["next"] = found[limit - 1].report_id
    return body


async def get_report(world: World, request: Request) -> dict[str, Any]:
    return _show(await reports.get_report(world, request.requester, _report_id(request)))


async def put_report(world: World, request: Request) -> dict[str, Any]:
    """`state` is open, in_hand or closed; `note` says in words what was done."""
    body = request.json()
    state, note = need_str(body, "state"), maybe_str(body, "note")
    _check_state(state)
    if note is not None and len(note) > limits.MAX_REPORT_REASON:
        raise InvalidParam("The note is too long.", "La note est trop longue.")
    return _show(await reports.set_report_state(world, request.requester, _report_id(request), (state, note)))


def _check_state(state: str) -> None:
    if state not in reports.STATES:
        raise InvalidParam("A report is open, in_hand or closed.", "Un signalement est open, in_hand ou closed.")


def _report_id(request: Request) -> int:
    """0, which no report has, for what is no number: who asks is checked before anything is said of it."""
    text = request.params["reportId"]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _show(report: Report) -> dict[str, Any]:
    """The report; what does not apply to its kind is left out."""
    shown = {
        "report_id": report.report_id,
        "kind": report.kind,
        "state": report.state,
        "reporter": report.reporter or None,
        "reporter_administration": report.reporter_administration if report.reporter else None,
        "reported_user": report.reported_user,
        "reported_administration": report.reported_administration,
        "room_id": report.room_id,
        "event_id": report.event_id,
        "event": None if report.event_json is None else decode_json(report.event_json),
        "reason": report.reason,
        "score": report.score,
        "created_ts": report.created_ts,
        "changed_ts": report.changed_ts,
        "handled_by": report.handled_by,
        "note": report.note,
    }
    return {name: value for name, value in shown.items() if value is not None}


_BASE = "/_tchap/admin/v1/reports"

ROUTES = (
    Route("GET", _BASE, list_reports),
    Route("GET", f"{_BASE}/{{reportId}}", get_report),
    Route("PUT", f"{_BASE}/{{reportId}}", put_report),
)
