"""Rooms seen from outside: the summary of one, and the tree under a space.

Source: client-server API, `GET /room_summary/{roomIdOrAlias}` and `GET /rooms/{roomId}/hierarchy`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tchap.base import limits
from tchap.base.encoding import decode_json, encode_json, parse_unpadded_base64, unpadded_base64
from tchap.base.errors import Forbidden, InvalidParam, MatrixError, NotFound
from tchap.base.identity import Requester
from tchap.protocol.room_previews import (
    Child,
    RoomFacts,
    Tree,
    find_allowed_rooms,
    is_child,
    is_open,
    may_preview,
    sort_children,
    walk,
)
from tchap.protocol.room_versions import ROOM_VERSIONS
from tchap.services.memberships import resolve_room
from tchap.services.public_rooms import directory_entry, is_limited_to_others
from tchap.services.room_law import is_external
from tchap.services.world import World
from tchap.storage.jobs import Tx
from tchap.storage.memberships import find_standing
from tchap.storage.public_rooms import PublishedRoom, find_contents, find_rooms
from tchap.storage.spaces import find_children, find_tree

Json = dict[str, Any]
_JUDGED = ("m.room.create", "m.room.join_rules", "m.room.history_visibility")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: nobody known when there is no user id. Guests of the administrations see what they are invited to."""

    user_id: str | None
    instance: str | None = None
    is_external: bool = False


@dataclass(frozen=True, slots=True)
class HierarchyAsk:
    """One page of a space's tree; ``since`` is the token of the page before."""

    room_id: str
    limit: int = limits.DEFAULT_SPACE_PAGE
    max_depth: int = limits.MAX_SPACE_DEPTH
    suggested_only: bool = False
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Hierarchy:
    rooms: list[Json]
    next_batch: str | None


def _viewer(world: World, requester: Requester | None) -> Viewer:
    if requester is not None:
        return Viewer(requester.user_id, requester.instance, is_external(world, requester.user_id))
    if not world.settings.test_profile:
        # "Servers MAY allow unauthenticated access": our public rooms are for agents, who are signed in.
        raise MatrixError("M_MISSING_TOKEN", "Missing access token.", "Connectez-vous pour continuer.")
    return Viewer(None)


async def summarise_room(world: World, requester: Requester | None, room_id_or_alias: str) -> Json:
    """What the room is called and how one gets in; NotFound where it is not for the requester to know."""
    viewer = _viewer(world, requester)
    room_id = await resolve_room(world, room_id_or_alias)
    found = await world.store.read(_find_summary, room_id, viewer)
    if found is None:
        raise NotFound("There is no such room.", "Ce salon n'existe pas.")
    room, membership = found
    return summary_of(room) | ({} if requester is None else {"membership": membership})


async def _find_summary(tx: Tx, room_id: str, viewer: Viewer) -> tuple[PublishedRoom, str] | None:
    room = next(iter(await _describe(tx, [room_id])), None)
    standing = {} if viewer.user_id is None else await find_standing(tx, viewer.user_id)
    if room is None or not _may_see(viewer, room, standing):
        return None
    return room, standing.get(room_id, "leave")


async def _describe(tx: Tx, room_ids: Collection[str]) -> list[PublishedRoom]:
    contents = await find_contents(tx, room_ids)
    return [replace(room, contents=contents[room.room_id]) for room in await find_rooms(tx, room_ids)]


def _may_see(viewer: Viewer, room: PublishedRoom, standing: Mapping[str, str]) -> bool:
    membership = standing.get(room.room_id)
    if membership in ("join", "invite", "knock"):
        return True
    if viewer.is_external or is_limited_to_others(room, viewer.instance):
        return False
    facts = _facts(room, membership)
    if viewer.user_id is None:
        return is_open(facts)
    return may_preview(facts, {room_id for room_id, each in standing.items() if each == "join"})


def _facts(room: PublishedRoom, membership: str | None = None) -> RoomFacts:
    return RoomFacts(ROOM_VERSIONS[room.version], room.contents, membership)


def summary_of(room: PublishedRoom) -> Json:
    """The room as `RoomSummary`."""
    summary = {**directory_entry(room), "room_version": room.version}
    allowed = find_allowed_rooms(_facts(room))
    if allowed:
        summary["allowed_room_ids"] = list(allowed)
    algorithm = room.contents.get("m.room.encryption", {}).get("algorithm")
    if isinstance(algorithm, str):
        summary["encryption"] = algorithm
    return summary


async def list_hierarchy(world: World, requester: Requester, ask: HierarchyAsk) -> Hierarchy:
    """A page of the rooms under a space, the space first.

    Forbidden when the space may not be seen, InvalidParam for a token of another question.
    """
    start = _parse_token(requester, ask)
    rooms, more = await world.store.read(_read_page, ask, _viewer(world, requester), start)
    if rooms is None:
        raise Forbidden("You may not see this room.", "Vous ne pouvez pas voir ce salon.")
    return Hierarchy(rooms, _format_token(requester, ask, start + len(rooms)) if more else None)


async def _read_page(tx: Tx, ask: HierarchyAsk, viewer: Viewer, start: int) -> tuple[list[Json] | None, bool]:
    standing = await find_standing(tx, viewer.user_id or "")
    tree = await _read_tree(tx, ask, viewer, standing)
    if ask.room_id not in tree.visible:
        return None, False
    found = walk(tree, ask.max_depth)
    page = found[start : start + ask.limit]
    described = {room.room_id: room for room in await _describe(tx, page)}
    rooms = [_with_children(described[room_id], tree.children.get(room_id, ())) for room_id in page]
    return rooms, len(found) > start + ask.limit


async def _read_tree(tx: Tx, ask: HierarchyAsk, viewer: Viewer, standing: Mapping[str, str]) -> Tree:
    room_ids = await find_tree(tx, ask.room_id, ask.max_depth)
    contents = await find_contents(tx, room_ids, _JUDGED)
    rooms = [replace(room, contents=contents[room.room_id]) for room in await find_rooms(tx, room_ids)]
    visible = {room.room_id: room for room in rooms if _may_see(viewer, room, standing)}
    spaces = [room_id for room_id, room in visible.items() if _is_space(room)]
    children: dict[str, list[Child]] = {}
    for event in await find_children(tx, spaces):
        content = event.client()["content"]
        child = Child(event.state_key or "", content, event.sender, event.origin_server_ts)
        if is_child(content) and (child.is_suggested or not ask.suggested_only):
            children.setdefault(event.room_id, []).append(child)
    return Tree(ask.room_id, visible, {space: tuple(sort_children(held)) for space, held in children.items()})


def _is_space(room: PublishedRoom) -> bool:
    return room.contents.get("m.room.create", {}).get("type") == "m.space"


def _with_children(room: PublishedRoom, children: Collection[Child]) -> Json:
    """The room as `SpaceHierarchyRoomsChunk`."""
    shown = [
        {
            "type": "m.space.child",
            "state_key": each.room_id,
            "content": each.content,
            "sender": each.sender,
            "origin_server_ts": each.origin_server_ts,
        }
        for each in children
    ]
    return {**summary_of(room), "children_state": shown}


def _question(requester: Requester, ask: HierarchyAsk) -> list[object]:
    """What a token is bound to."""
    return [requester.user_id, ask.room_id, ask.max_depth, ask.suggested_only]


def _format_token(requester: Requester, ask: HierarchyAsk, start: int) -> str:
    token = unpadded_base64(encode_json([*_question(requester, ask), start]))
    return token.replace("+", "-").replace("/", "_")


def _parse_token(requester: Requester, ask: HierarchyAsk) -> int:
    """Where the page starts; what the token carries is no secret, and every page judges anew who may see what."""
    if ask.since is None:
        return 0
    try:
        text = ask.since[: limits.MAX_HIERARCHY_TOKEN].replace("-", "+").replace("_", "/")
        value = decode_json(parse_unpadded_base64(text))
    except ValueError as error:
        raise _bad_token() from error
    if not isinstance(value, list) or value[:-1] != _question(requester, ask) or type(value[-1]) is not int:
        raise _bad_token()
    return max(0, value[-1])


def _bad_token() -> InvalidParam:
    return InvalidParam(
        "This page is not one of this question: 'from' goes with the parameters of the first request.",
        "Cette page n'est pas de cette demande : « from » va avec les paramètres de la première requête.",
    )
