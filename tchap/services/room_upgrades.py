"""Replacing a room by one of another version (client-server API, "Room Upgrades").

The new room, the tombstone of the old one, the aliases and the place in the directory change in one commit: either
the room was upgraded or nothing happened. What follows (the places in spaces, the upgrader's own settings) is put in
order afterwards, and may be put in order by hand.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tchap.base import limits
from tchap.base.errors import Forbidden, InvalidParam, MatrixError
from tchap.base.identity import Requester
from tchap.live.rooms import LiveRoom
from tchap.policy.decisions import Freedom
from tchap.protocol.identifiers import is_user_id
from tchap.protocol.room_upgrades import carry_levels, carry_state, find_banned, restrain
from tchap.protocol.room_versions import RoomVersion
from tchap.services.live_rooms import get_room
from tchap.services.memberships import get_room_of, shown_profile
from tchap.services.room_law import is_external
from tchap.services.room_successors import carry_settings
from tchap.services.rooms import NONCE, RoomRequest, first_event, get_version
from tchap.services.timeline import Draft, Successor, append, append_with_successor
from tchap.services.timeline_writes import Birth
from tchap.services.world import World
from tchap.storage.jobs import Tx
from tchap.storage.memberships import find_rooms_of
from tchap.storage.rooms import RoomRow, find_room
from tchap.storage.spaces import find_spaces_with

_TOMBSTONE = "m.room.tombstone"
_FAREWELL = "Ce salon a été remplacé. (This room has been replaced.)"
# What the old room was, the new one may be: it was lawful when it was set, or an operator's doing.
_INHERITED = Freedom(is_above_law=True)
_NOT_INHERITED = ("room_version", "creator", "additional_creators", "predecessor", NONCE)


@dataclass(frozen=True, slots=True)
class UpgradeWish:
    """What `POST /rooms/{roomId}/upgrade` asks for; the creators matter to versions that know them."""

    version: str
    additional_creators: tuple[str, ...] = ()


async def upgrade_room(world: World, requester: Requester, room_id: str, wish: UpgradeWish) -> str:
    """Makes the room's successor and answers its id.

    M_UNSUPPORTED_ROOM_VERSION for a version not known here, M_FORBIDDEN for who may not close the room.
    """
    version = get_version(wish.version)
    old = await get_room_of(world, requester, room_id)
    _check_may_upgrade(world, requester, old, wish)
    new_id, create = first_event(world, requester, _successor_request(old, version, wish), version)
    row = await world.store.read(find_room, room_id)
    is_published = 0 if row is None else row.is_published
    me, now_ms = requester.user_id, world.clock.now_ms()
    birth = Birth(RoomRow(new_id, version.name, me, requester.instance, is_published, now_ms, 1), replaces=old.room_id)
    rest = await _first_drafts(world, requester, old, version, create)

    def drafts(tombstone_id: str) -> Sequence[Draft]:
        return [_with_predecessor(create, version, tombstone_id), *rest]

    await append_with_successor(world, room_id, _last_drafts(old, me, new_id), Successor(version, birth, drafts))
    await _move_in_spaces(world, requester, room_id, new_id)
    await carry_settings(world, me, await get_room(world, new_id))
    return new_id


def _check_may_upgrade(world: World, requester: Requester, old: LiveRoom, wish: UpgradeWish) -> None:
    if not old.power_levels.may_send(requester.user_id, _TOMBSTONE, True):
        raise Forbidden("You may not upgrade this room.", "Vous ne pouvez pas mettre ce salon à niveau.")
    if not all(map(is_user_id, wish.additional_creators)):
        raise InvalidParam("The additional creators must be user ids.")
    if any(is_external(world, user_id) for user_id in (requester.user_id, *wish.additional_creators)):
        raise Forbidden("External guests cannot create rooms.", "Les invités externes ne peuvent pas créer de salon.")


def _successor_request(old: LiveRoom, version: RoomVersion, wish: UpgradeWish) -> RoomRequest:
    """What makes the create event: that of the old room (its type, who may federate) with its `predecessor`."""
    content = {key: value for key, value in old.content_of("m.room.create").items() if key not in _NOT_INHERITED}
    if version.creators_reign and wish.additional_creators:
        content["additional_creators"] = sorted(set(wish.additional_creators))
    return RoomRequest(creation_content={**content, "predecessor": {"room_id": old.room_id}})


def _with_predecessor(create: Draft, version: RoomVersion, tombstone_id: str) -> Draft:
    """The event to go to in the old room; in version 12, whose room ids are made first, it MAY be omitted."""
    if version.room_id_is_hash:
        return create
    predecessor = {**create.content["predecessor"], "event_id": tombstone_id}
    return replace(create, content={**create.content, "predecessor": predecessor})


async def _first_drafts(
    world: World, requester: Requester, old: LiveRoom, version: RoomVersion, create: Draft
) -> list[Draft]:
    """What the new room begins with.

    Power levels come last: until there are any the creator may do all, whatever their level will be.
    """
    me = requester.user_id
    creators = {me, *create.content.get("additional_creators", ())}
    member = {**await shown_profile(world, me), "membership": "join"}
    drafts = [Draft("m.room.member", me, member, state_key=me)]
    state = carry_state(old.state, version)
    drafts += [Draft(kind, me, content, state_key=key, freedom=_INHERITED) for (kind, key), content in state.items()]
    banned = {user_id: ban for user_id, ban in find_banned(old.state).items() if user_id not in creators}
    drafts += [
        Draft("m.room.member", me, ban, state_key=user_id, freedom=_INHERITED) for user_id, ban in banned.items()
    ]
    del drafts[limits.MAX_CARRIED_STATE :]
    levels = carry_levels(old.power_levels, version, creators)
    if levels is not None:
        drafts.append(Draft("m.room.power_levels", me, levels, state_key=""))
    return drafts


def _last_drafts(old: LiveRoom, me: str, new_id: str) -> list[Draft]:
    """What the old room ends with; the tombstone comes first, the levels that may forbid the rest come last."""
    drafts = [Draft(_TOMBSTONE, me, {"body": _FAREWELL, "replacement_room": new_id}, state_key="")]
    levels = old.power_levels
    if old.content_of("m.room.canonical_alias") and levels.may_send(me, "m.room.canonical_alias", True):
        # Its aliases lead to the new room from now on.
        drafts.append(Draft("m.room.canonical_alias", me, {}, state_key=""))
    restrained = restrain(levels, me)
    if restrained is not None:
        drafts.append(Draft("m.room.power_levels", me, restrained, state_key=""))
    return drafts


async def _move_in_spaces(world: World, requester: Requester, old_id: str, new_id: str) -> None:
    """The new room takes the old one's place in the spaces where the upgrader may say so."""
    me = requester.user_id
    for space_id in await world.store.read(_find_spaces, me, old_id):
        space = await get_room(world, space_id)
        content = space.content_of("m.space.child", old_id)
        if not content.get("via") or not space.power_levels.may_send(me, "m.space.child", True):
            continue
        moved = Draft("m.space.child", me, content, state_key=new_id)
        # Somebody may have changed the space meanwhile: then its own moderators will put it in order.
        with contextlib.suppress(MatrixError):
            await append(world, space_id, (moved, Draft("m.space.child", me, {}, state_key=old_id)))


async def _find_spaces(tx: Tx, user_id: str, child: str) -> list[str]:
    joined = [stay.room_id for stay in await find_rooms_of(tx, user_id, ("join",))]
    return await find_spaces_with(tx, joined, child)
