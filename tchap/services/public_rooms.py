"""The directory of public rooms."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from tchap.base.errors import Forbidden, InvalidParam, NotFound
from tchap.base.identity import Requester
from tchap.policy.rooms import ACCESS_RULES, RESTRICTED
from tchap.services.live_rooms import get_room
from tchap.services.room_law import is_external
from tchap.services.world import World
from tchap.storage.public_rooms import PublishedRoom, find_published
from tchap.storage.rooms import find_room, set_published


@dataclass(frozen=True, slots=True)
class DirectoryQuery:
    """``server`` None: every instance hosted here. ``since`` is the page's token, the number of rooms before it."""

    limit: int
    since: str | None = None
    server: str | None = None
    search: str | None = None
    kinds: tuple[str | None, ...] | None = None


async def find_public_rooms(world: World, requester: Requester | None, query: DirectoryQuery) -> dict[str, Any]:
    """A page of the directory, largest rooms first. Externals see an empty one."""
    if requester is not None and not world.settings.test_profile and is_external(world, requester.user_id):
        return {"chunk": [], "total_room_count_estimate": 0}
    names = _instances(world, requester, query)
    rooms = [room for room in await world.store.read(find_published, names) if _matches(room, query)]
    rooms = [room for room in rooms if _is_open_to(room, requester)]
    rooms.sort(key=lambda room: (-room.joined, room.room_id))
    start = _parse_since(query.since)
    page = rooms[start : start + query.limit]
    body: dict[str, Any] = {
        "chunk": [directory_entry(room) for room in page],
        "total_room_count_estimate": len(rooms),
    }
    if start + query.limit < len(rooms):
        body["next_batch"] = str(start + query.limit)
    if start > 0:
        body["prev_batch"] = str(max(0, start - query.limit))
    return body


def _instances(world: World, requester: Requester | None, query: DirectoryQuery) -> tuple[str, ...]:
    if query.server is None:
        return tuple(world.settings.instance_names)
    if query.server not in world.settings.instance_names:
        raise NotFound("This server is not reachable from here.", "Ce serveur n'est pas joignable d'ici.")
    return (query.server,)


def _parse_since(since: str | None) -> int:
    if since is None:
        return 0
    if not (since.isascii() and since.isdigit() and len(since) < 10):
        raise InvalidParam("This page does not exist.", "Cette page n'existe pas.")
    return int(since)


def _is_open_to(room: PublishedRoom, requester: Requester | None) -> bool:
    """A room limited to its domain is hidden from the other instances."""
    limited = room.contents.get("m.room.create", {}).get("m.federate") is False
    return not limited or (requester is not None and requester.instance == room.instance)


def _matches(room: PublishedRoom, query: DirectoryQuery) -> bool:
    kind = room.contents.get("m.room.create", {}).get("type")
    if query.kinds is not None and kind not in query.kinds:
        return False
    if not query.search:
        return True
    entry = directory_entry(room)
    text = " ".join(str(entry.get(key, "")) for key in ("name", "topic", "canonical_alias"))
    return all(word in fold(text) for word in fold(query.search).split())


def fold(text: str) -> str:
    """Lower case without accents, so that "ecologie" finds "Écologie"."""
    return "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))


def directory_entry(room: PublishedRoom) -> dict[str, Any]:
    """The room as `PublishedRoomsChunk`; what is not set is absent."""

    def told(kind: str, name: str) -> object:
        value = room.contents.get(kind, {}).get(name)
        return value if isinstance(value, str) and value else None

    shown = {
        "room_id": room.room_id,
        "num_joined_members": room.joined,
        "world_readable": told("m.room.history_visibility", "history_visibility") == "world_readable",
        "guest_can_join": told("m.room.guest_access", "guest_access") == "can_join",
        "join_rule": told("m.room.join_rules", "join_rule") or "invite",
        "name": told("m.room.name", "name"),
        "topic": told("m.room.topic", "topic"),
        "avatar_url": told("m.room.avatar", "url"),
        "canonical_alias": told("m.room.canonical_alias", "alias"),
        "room_type": told("m.room.create", "type"),
    }
    return {key: value for key, value in shown.items() if value is not None}


async def is_published(world: World, room_id: str) -> bool:
    row = await world.store.read(find_room, room_id)
    if row is None:
        raise NotFound("There is no such room.", "Ce salon n'existe pas.")
    return bool(row.is_published)


async def publish(world: World, requester: Requester, room_id: str, is_public: bool) -> None:
    """Puts the room in its instance's directory or takes it out: for who may set its canonical alias."""
    room = await get_room(world, room_id)
    if requester.user_id not in room.joined or not room.power_levels.may_send(
        requester.user_id, "m.room.canonical_alias", True
    ):
        raise Forbidden("Only moderators publish the room.", "Seuls les modérateurs publient le salon.")
    if is_public and not world.settings.test_profile and room.content_of(ACCESS_RULES).get("rule") != RESTRICTED:
        raise Forbidden(
            "A room open to external guests is not published.", "Un salon ouvert aux externes n'est pas publié."
        )
    await world.store.write(set_published, room_id, is_public)
