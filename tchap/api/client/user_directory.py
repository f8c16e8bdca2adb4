"""Searching people (client-server API, "User Directory")."""

from typing import Any

from tchap.api.http import Request
from tchap.api.parse import maybe_int, need_str
from tchap.api.routing import Route
from tchap.services.directory import search_people
from tchap.services.directory_listing import ROLE_FIELDS
from tchap.services.world import World
from tchap.storage.profiles import Profile

_DEFAULT_LIMIT = 10


async def search(world: World, request: Request) -> dict[str, Any]:
    body = request.json()
    limit = maybe_int(body, "limit", 0) or _DEFAULT_LIMIT
    found = await search_people(world, request.requester, need_str(body, "search_term"), limit)
    return {"results": [_body(profile) for profile in found.people], "limited": found.is_limited}


def _body(profile: Profile) -> dict[str, Any]:
    body: dict[str, Any] = {"user_id": profile.user_id}
    body |= {key: profile.fields[key] for key in ROLE_FIELDS if key in profile.fields}
    if profile.display_name is not None:
        body["display_name"] = profile.display_name
    if profile.avatar_url is not None:
        body["avatar_url"] = profile.avatar_url
    return body


ROUTES = (Route("POST", "/_matrix/client/v3/user_directory/search", search, limit="directory"),)
