"""Room aliases: making, following and removing them."""

from __future__ import annotations

from tchap.base.errors import Forbidden, InvalidParam, MatrixError, NotFound
from tchap.base.identity import Requester
from tchap.protocol.identifiers import parse_room_alias
from tchap.services.appservices import check_alias_free, manages_alias
from tchap.services.live_rooms import find_live_room, get_room
from tchap.services.memberships import find_or_ask_alias, get_room_of
from tchap.services.room_law import is_external
from tchap.services.state import is_open_to
from tchap.services.timeline import Draft, append
from tchap.services.world import World
from tchap.storage.aliases import Alias, add_alias, find_alias, find_aliases_of, remove_alias


async def find_room_by_alias(world: World, alias: str) -> tuple[str, list[str]]:
    """(room id, resident servers); M_INVALID_PARAM for what is no alias, M_NOT_FOUND for one that leads nowhere."""
    _check_alias(alias)
    found = await find_or_ask_alias(world, alias)
    if found is None:
        raise NotFound("This alias leads to no room.", "Cette adresse ne mène à aucun salon.")
    room = await get_room(world, found.room_id)
    return found.room_id, sorted({user_id.split(":", 1)[1] for user_id in room.joined})


def _check_alias(alias: str) -> None:
    try:
        parse_room_alias(alias)
    except ValueError as error:
        raise InvalidParam("This is not a room alias.", "Ce n'est pas une adresse de salon.") from error


async def set_alias(world: World, requester: Requester, alias: str, room_id: str) -> None:
    """Makes an alias under the requester's own server name."""
    _check_alias(alias)
    if alias.split(":", 1)[1] != requester.instance:
        raise Forbidden("Aliases are made under your own server.", "Une adresse se crée sur votre propre serveur.")
    check_alias_free(world, requester, alias)
    await get_room_of(world, requester, room_id)
    if is_external(world, requester.user_id):
        raise Forbidden(
            "External guests give rooms no address. Ask an administrator of the room.",
            "Les invités externes ne donnent pas d'adresse à un salon. Demandez à un administrateur du salon.",
        )
    if not await world.store.write(add_alias, Alias(alias, room_id, requester.user_id)):
        raise MatrixError("M_UNKNOWN", "This alias is taken.", "Cette adresse est déjà prise.", status_hint=409)


async def delete_alias(world: World, requester: Requester, alias: str) -> None:
    """Removes an alias: for who made it and for who may set the room's canonical alias."""
    _check_alias(alias)
    found = await world.store.read(find_alias, alias)
    if found is None:
        raise NotFound("This alias leads to no room.", "Cette adresse ne mène à aucun salon.")
    check_alias_free(world, requester, alias)
    room = await find_live_room(world, found.room_id)
    is_moderator = room is not None and (
        requester.user_id in room.joined
        and room.power_levels.may_send(requester.user_id, "m.room.canonical_alias", True)
    )
    is_owner = found.creator == requester.user_id or manages_alias(world, requester, alias)
    if not is_owner and not is_moderator and not requester.is_admin:
        raise Forbidden("This alias is not yours.", "Cette adresse n'est pas la vôtre.")
    await world.store.write(remove_alias, alias)
    if is_moderator:
        await _unset_canonical(world, requester, found)


async def _unset_canonical(world: World, requester: Requester, gone: Alias) -> None:
    """A canonical alias that leads nowhere would mislead: it goes with the alias."""
    room = await get_room(world, gone.room_id)
    content = dict(room.content_of("m.room.canonical_alias"))
    others = content.get("alt_aliases")
    kept = [each for each in others if each != gone.alias] if isinstance(others, list) else []
    if content.get("alias") != gone.alias and kept == (others or []):
        return
    if content.get("alias") == gone.alias:
        content.pop("alias")
    content["alt_aliases"] = kept
    await append(world, gone.room_id, (Draft("m.room.canonical_alias", requester.user_id, content, state_key=""),))


async def find_aliases(world: World, requester: Requester, room_id: str) -> list[str]:
    """The room's local aliases, for its members, or for everybody where its history is open to all."""
    room = await find_live_room(world, room_id)
    visible = room is not None and (requester.user_id in room.joined or is_open_to(world, room, requester.user_id))
    if not visible:
        raise Forbidden("You are not in this room.", "Vous ne faites pas partie de ce salon.")
    return await world.store.read(find_aliases_of, room_id)
