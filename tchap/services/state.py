"""Setting and reading the state of a room."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from tchap.base.errors import BadJson, Forbidden, MatrixError, NotFound
from tchap.base.identity import Requester
from tchap.live.rooms import LiveRoom
from tchap.policy.rooms import ACCESS_RULES, FIXED
from tchap.protocol.stored_event import StoredEvent
from tchap.services import memberships
from tchap.services.events import Reader, client_events, find_around
from tchap.services.live_rooms import get_room_or_forbid, not_a_member
from tchap.services.retention_law import check_kept_state
from tchap.services.room_law import check_settable, freedom_of, is_external
from tchap.services.timeline import Draft, append
from tchap.services.visibility import find_sight
from tchap.services.world import World
from tchap.storage.aliases import find_alias
from tchap.storage.jobs import Tx
from tchap.storage.memberships import Membership, find_membership
from tchap.storage.room_state import find_state_event_at, find_state_events_at


@dataclass(frozen=True, slots=True)
class StateWish:
    """A state event somebody wants to set; ``txn`` where it must not be set twice."""

    type: str
    state_key: str
    content: dict[str, Any]
    origin_server_ts: int | None = None
    txn: tuple[str, str] | None = None


async def set_state(world: World, requester: Requester, room_id: str, wish: StateWish) -> str:
    """Sets a state event; answers its id. Setting what is there already changes nothing and answers its id."""
    room = await get_room_or_forbid(world, room_id)
    if wish.type == "m.room.member":
        target = memberships.MembershipWish(wish.state_key, wish.content, wish.origin_server_ts)
        return await memberships.set_membership(world, requester, room_id, target)
    if (wish.type, wish.state_key) == (ACCESS_RULES, ""):
        wish = replace(wish, content=_complete(room, wish.content))
    current = room.state.get((wish.type, wish.state_key))
    if current is not None and current.content == wish.content and current.sender == requester.user_id:
        if requester.user_id not in room.joined:
            raise not_a_member()
        return current.event_id
    check_settable(requester.instance, (wish.type, wish.state_key), wish.content)
    if wish.type == "m.room.create":
        raise Forbidden("A room is created once.", "Un salon ne se crée qu'une fois.")
    check_kept_state(world, room, (wish.type, wish.state_key), wish.content)
    if wish.type == "m.room.canonical_alias":
        await _check_aliases(world, room, wish.content)
    draft = Draft(
        wish.type,
        requester.user_id,
        wish.content,
        state_key=wish.state_key,
        origin_server_ts=wish.origin_server_ts,
        txn=wish.txn,
        freedom=freedom_of(world, requester),
    )
    return (await append(world, room_id, (draft,)))[0].event_id


def _complete(room: LiveRoom, content: dict[str, Any]) -> dict[str, Any]:
    """Access rules with what older clients leave out of them, which was decided when the room was made."""
    current = room.content_of(ACCESS_RULES)
    return {**{name: current[name] for name in FIXED if name in current}, **content}


async def _check_aliases(world: World, room: LiveRoom, content: dict[str, Any]) -> None:
    """Client-server API, "m.room.canonical_alias": new aliases must lead to this room."""
    before = room.content_of("m.room.canonical_alias")
    known = {before.get("alias"), *_list_of(before.get("alt_aliases"))}
    for alias in {content.get("alias"), *_list_of(content.get("alt_aliases"))} - known - {None}:
        if not isinstance(alias, str) or not alias.startswith("#") or ":" not in alias:
            raise MatrixError("M_INVALID_PARAM", "This is not a room alias.", "Ce n'est pas une adresse de salon.")
        found = await world.store.read(find_alias, alias)
        if found is None or found.room_id != room.room_id:
            raise MatrixError(
                "M_BAD_ALIAS", "This alias does not lead to the room.", "Cette adresse ne mène pas à ce salon."
            )


def _list_of(value: object) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise BadJson("The field 'alt_aliases' must be an array of strings.")
    return value


async def get_state(world: World, requester: Requester, room_id: str) -> list[msgspec.Raw]:
    """The room's state: now for its members, as it was when they left for those who left."""
    stay = await get_stay(world, requester, room_id)
    return await world.store.read(_read_state, room_id, _end_of(stay), Reader.of(requester, world.clock.now_ms()))


async def get_state_event(world: World, requester: Requester, room_id: str, key: tuple[str, str]) -> StoredEvent:
    """One state event, under the same rule as `get_state`."""
    stay = await get_stay(world, requester, room_id)
    event = await world.store.read(find_state_event_at, room_id, key, _end_of(stay))
    if event is None:
        raise NotFound("The room has no such state.", "Le salon n'a pas cet état.")
    return event


def _end_of(stay: Membership | None) -> int:
    """The position up to which somebody knows the state."""
    return _NOW if stay is None or stay.membership == "join" else stay.from_position


_NOW = 2**62


async def get_stay(world: World, requester: Requester, room_id: str) -> Membership | None:
    """The membership by which the requester may read the room's state; None: by its being open to all.

    Raises Forbidden when they never were in it (client-server API, "Getting events for a room").
    """
    stay = await world.store.read(find_membership, requester.user_id, room_id)
    if stay is not None and stay.membership == "join":
        return stay
    room = await get_room_or_forbid(world, room_id)
    if is_open_to(world, room, requester.user_id):
        return None
    ended = await memberships.find_end_of_stay(world, requester.user_id, room_id)
    # Who is invited again may still read what she could before she was.
    if stay is None or ended is None:
        raise not_a_member()
    return ended


def is_open_to(world: World, room: LiveRoom, user_id: str) -> bool:
    """Whether somebody who is not of the room reads it all the same: what is open to all is open to agents."""
    visibility = room.content_of("m.room.history_visibility").get("history_visibility")
    return visibility == "world_readable" and not is_external(world, user_id)


async def _read_state(tx: Tx, room_id: str, position: int, reader: Reader) -> list[msgspec.Raw]:
    events = await find_state_events_at(tx, room_id, position)
    sight = await find_sight(tx, reader.user_id, room_id)
    return client_events(events, await find_around(tx, sight, room_id, events), reader)
