"""Telling people something in the name of the server. Our own: the specification leaves it to the server."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_bool, maybe_str, need_dict
from tchap.api.routing import Route
from tchap.base.errors import BadJson, NotFound
from tchap.services.server_notices import (
    ADMINISTRATION,
    EVERYONE,
    ONE,
    NoticeWish,
    add_notice,
    get_notice,
    unpin_notice,
)
from tchap.services.world import World

_MAX_ID_DIGITS = 15


async def create(world: World, request: Request) -> dict[str, Any]:
    """`to` is `{"user_id": …}`, `{"administration": …}` or `{"everyone": true}`; `content` has a `body` at least."""
    body = request.json()
    audience, name = _parse_audience(need_dict(body, "to"))
    wish = NoticeWish(audience, name, need_dict(body, "content"), maybe_bool(body, "pin"))
    return {"notice_id": await add_notice(world, request.requester, wish)}


def _parse_audience(to: dict[str, Any]) -> tuple[str, str]:
    user_id, administration = maybe_str(to, "user_id"), maybe_str(to, "administration")
    found = [(ONE, user_id), (ADMINISTRATION, administration), (EVERYONE, "" if maybe_bool(to, "everyone") else None)]
    chosen = [(audience, name) for audience, name in found if name is not None]
    if len(chosen) != 1:
        raise BadJson("The field 'to' must name one user, one administration or everyone.")
    return chosen[0]


async def show(world: World, request: Request) -> dict[str, Any]:
    notice = await get_notice(world, request.requester, _notice_id(request))
    return {
        "notice_id": notice.notice_id,
        "status": notice.status,
        "told": notice.told,
        "created_ts": notice.created_ts,
        "ended_ts": notice.ended_ts,
    }


async def withdraw(world: World, request: Request) -> dict[str, Any]:
    """Unpins a notice everywhere."""
    await unpin_notice(world, request.requester, _notice_id(request))
    return {}


def _notice_id(request: Request) -> int:
    written = request.params["noticeId"]
    if not (written.isascii() and written.isdigit() and len(written) <= _MAX_ID_DIGITS):
        raise NotFound("There is no such notice.", "Cet avis n'existe pas.")
    return int(written)


_BASE = "/_tchap/admin/v1/server_notices"

ROUTES = (
    Route("POST", _BASE, create),
    Route("GET", f"{_BASE}/{{noticeId}}", show),
    Route("POST", f"{_BASE}/{{noticeId}}/withdraw", withdraw),
)
