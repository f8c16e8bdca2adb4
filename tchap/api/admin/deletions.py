"""What was deleted for good, and by which rule: never what was in it."""

from typing import Any

from tchap.api.http import Request
from tchap.api.routing import Route
from tchap.base import limits
from tchap.services.media_deletions import list_deletions
from tchap.services.world import World
from tchap.storage.deletions import Deletion

_NEWEST = 2**62


async def show(world: World, request: Request) -> dict[str, Any]:
    """Newest first. `next` is the `from` of the following page."""
    limit = request.number("limit", limits.DEFAULT_DELETIONS, 1, limits.MAX_DELETIONS)
    below = request.number("from", _NEWEST, 1, _NEWEST)
    found = await list_deletions(world, request.requester, below, limit + 1)
    body: dict[str, Any] = {"deletions": [_show(each) for each in found[:limit]]}
    if len(found) > limit:
        body["next"] = found[limit - 1].deletion_id
    return body


def _show(deletion: Deletion) -> dict[str, Any]:
    """One line of the log; what does not apply to it is left out. Times in milliseconds since 1970."""
    address = None if deletion.media_id is None else f"mxc://{deletion.server}/{deletion.media_id}"
    shown = {
        "what": deletion.what,
        "rule": deletion.rule,
        "lifetime_ms": deletion.lifetime_ms,
        "media": address,
        "event_id": deletion.event_id,
        "room_id": deletion.room_id,
        "bytes" if deletion.what == "media" else "messages": deletion.amount,
        "deleted_ts": deletion.deleted_ts,
    }
    return {key: value for key, value in shown.items() if value is not None}


ROUTES = (Route("GET", "/_tchap/admin/v1/deletions", show),)
