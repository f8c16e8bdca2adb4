"""Telling people something in the name of the server. Our own: the specification leaves it to the server."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_bool, maybe_str, need_dict
from tchap.api.routing import Route
from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.base.errors import BadJson
from tchap.services.server_notices import (
    ADMINISTRATION,
    EVERYONE,
    ONE,
    NoticeWish,
    add_notice,
    get_notice,
    list_notices,
    unpin_notice,
)
from tchap.services.world import World
from tchap.storage.server_notices import Notice

_MAX_ID_DIGITS = 15


async def create(world: World, request: Request) -> dict[str, Any]:
    """`to` is `{"user_id": …}`, `{"administration": …}` (id or name) or `{"everyone": true}`; `content` has a `body` at
    least."""
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
    return _body(await get_notice(world, request.requester, _notice_id(request)))


async def list_all(world: World, request: Request) -> dict[str, Any]:
    """The newest first, of the `administration` whose id is given; `before` is the `next` of the page before."""
    limit = request.number("limit", limits.DEFAULT_NOTICES, 1, limits.MAX_NOTICES)
    before = request.number("before", limits.MAX_AUDIT_ID, 0, limits.MAX_AUDIT_ID)
    found = await list_notices(world, request.requester, request.text("administration"), (before, limit))
    body: dict[str, Any] = {"notices": [{**_body(each), "content": decode_json(each.content)} for each in found]}
    return {**body, "next": found[-1].notice_id} if len(found) == limit else body


def _body(notice: Notice) -> dict[str, Any]:
    """The notice; `told` is how many people have it by now."""
    return {
        "notice_id": notice.notice_id,
        "admin": notice.admin,
        "audience": notice.audience,
        "audience_name": notice.audience_name,
        "administration_id": notice.administration_id,
        "pinned": notice.is_pinned,
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
    """0, which no notice has, for what is no number: who asks is checked before anything is said of it."""
    written = request.params["noticeId"]
    return int(written) if written.isascii() and written.isdigit() and len(written) <= _MAX_ID_DIGITS else 0


_BASE = "/_tchap/admin/v1/server_notices"

ROUTES = (
    Route("GET", _BASE, list_all),
    Route("POST", _BASE, create),
    Route("GET", f"{_BASE}/{{noticeId}}", show),
    Route("POST", f"{_BASE}/{{noticeId}}/withdraw", withdraw),
)
