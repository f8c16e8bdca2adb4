"""The directory of public rooms."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tchap.base import limits
from tchap.base.errors import Forbidden, InvalidParam, NotFound
from tchap.base.identity import Requester
from tchap.live.rooms import LiveRoom
from tchap.policy.rooms import RoomView, decide_publication
from tchap.protocol.appservices import AppService
from tchap.services.live_rooms import get_room
from tchap.services.room_law import check_decision, is_external
from tchap.services.world import World
from tchap.storage.database import Tx
from tchap.storage.public_rooms import (
    PublishedRoom,
    find_contents,
    find_listed,
    find_published,
    find_rooms,
    set_listed,
)
from tchap.storage.rooms import find_room, set_published


@dataclass(frozen=True, slots=True)
class DirectoryQuery:
    """``server`` None: every instance hosted here. ``since`` is the page's token, the number of rooms before it.

    ``network`` is the `third_party_instance_id`: the rooms of that network instead of those published here.
    """

    limit: int
    since: str | None = None
    server: str | None = None
    search: str | None = None
    kinds: tuple[str | None, ...] | None = None
    network: str | None = None
    all_networks: bool = False


async def find_public_rooms(world: World, requester: Requester | None, query: DirectoryQuery) -> dict[str, Any]:
    """A page of the directory, largest rooms first. Externals see an empty one."""
    if requester is not None and is_external(world, requester.user_id):
        return {"chunk": [], "total_room_count_estimate": 0}
    if query.network is not None and query.all_networks:
        raise InvalidParam("One network or all of them, not both.", "Un réseau ou tous, pas les deux.")
    names = _instances(world, requester, query)
    start = _parse_since(query.since)
    instance = None if requester is None else requester.instance
    page, total = await world.store.read(_read_page, query, names, start, instance)
    body: dict[str, Any] = {"chunk": [directory_entry(room) for room in page], "total_room_count_estimate": total}
    if start + query.limit < total:
        body["next_batch"] = str(start + query.limit)
    if start > 0:
        body["prev_batch"] = str(max(0, start - query.limit))
    return body


async def _read_page(
    tx: Tx, query: DirectoryQuery, names: Sequence[str], start: int, instance: str | None
) -> tuple[list[PublishedRoom], int]:
    """The page and how many rooms there are, in a fixed number of queries: of all rooms only what is judged is read."""
    rooms = await _find_rooms(tx, query, names)
    known = await find_contents(tx, [room.room_id for room in rooms], _SEARCHED if query.search else _JUDGED)
    judged = (replace(room, contents=known[room.room_id]) for room in rooms)
    matching = [room for room in judged if _matches(room, query) and not is_limited_to_others(room, instance)]
    matching.sort(key=lambda room: (-room.joined, room.room_id))
    page = matching[start : start + query.limit]
    contents = await find_contents(tx, [room.room_id for room in page])
    return [replace(room, contents=contents[room.room_id]) for room in page], len(matching)


_JUDGED = ("m.room.create",)
_SEARCHED = ("m.room.create", "m.room.name", "m.room.topic", "m.room.canonical_alias")


async def _find_rooms(tx: Tx, query: DirectoryQuery, names: Sequence[str]) -> list[PublishedRoom]:
    if query.network is not None:
        service, _, network = query.network.rpartition("|")
        return await find_rooms(tx, await find_listed(tx, network, service or None, names))
    published = await find_published(tx, names)
    if not query.all_networks:
        return published
    known = {room.room_id for room in published}
    return published + await find_rooms(tx, set(await find_listed(tx, None, None, names)) - known)


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


def is_limited_to_others(room: PublishedRoom, instance: str | None) -> bool:
    """A room limited to its domain is hidden from the other instances."""
    limited = room.contents.get("m.room.create", {}).get("m.federate") is False
    return limited and instance != room.instance


def _matches(room: PublishedRoom, query: DirectoryQuery) -> bool:
    kind = room.contents.get("m.room.create", {}).get("type")
    if query.kinds is not None and kind not in query.kinds:
        return False
    if not query.search:
        return True
    entry = directory_entry(room)
    others = room.contents.get("m.room.canonical_alias", {}).get("alt_aliases")
    aliases = others if isinstance(others, list) else []
    text = fold(" ".join(str(each) for each in (*(entry.get(key, "") for key in _TEXTS), *aliases)))
    return all(word in text for word in fold(query.search).split())


_TEXTS = ("name", "topic", "canonical_alias")


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
    if is_public:
        _check_publication(world, room)
    await world.store.write(set_published, room_id, is_public)


def _check_publication(world: World, room: LiveRoom) -> None:
    if not world.settings.test_profile:
        check_decision(decide_publication(RoomView(room.version, room.state)))


async def list_in_network(world: World, service: AppService, network_id: str, room_id: str, is_public: bool) -> None:
    """Puts the room in the directory the service keeps of its network, or takes it out.

    Forbidden for a room the service does not know: neither in its namespaces nor holding one of its users.
    """
    if not network_id or len(network_id.encode()) > limits.MAX_ID_BYTES:
        raise InvalidParam("This network cannot be.", "Ce réseau n'est pas possible.")
    room = await get_room(world, room_id)
    if not service.has_room(room_id) and not any(service.has_user(user_id) for user_id in room.joined):
        raise Forbidden("The application service is not in this room.", "Le service n'est pas dans ce salon.")
    if is_public:
        _check_publication(world, room)
    await world.store.write(set_listed, service.id, network_id, room_id, is_public)
