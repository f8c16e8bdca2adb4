"""Entering and leaving rooms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tchap.base.errors import BadJson, Forbidden, MatrixError, NotFound
from tchap.base.identity import Requester
from tchap.live.rooms import LiveRoom
from tchap.policy.rooms import ACCESS_RULES, DIRECT
from tchap.protocol.identifiers import parse_user_id
from tchap.protocol.room_previews import RoomFacts, find_allowed_rooms, join_rule_of
from tchap.services.appservice_calls import ask_alias, ask_user
from tchap.services.invite_permissions import check_willing
from tchap.services.live_rooms import find_live_room, get_room
from tchap.services.room_law import check_entry, freedom_of
from tchap.services.room_successors import carry_settings
from tchap.services.timeline import Draft, append
from tchap.services.world import World
from tchap.storage.accounts import find_account
from tchap.storage.aliases import Alias, find_alias
from tchap.storage.memberships import (
    Membership,
    add_forgotten,
    find_membership,
    find_membership_spans,
    find_rooms_of,
    is_forgotten,
)
from tchap.storage.profiles import Profile, find_profile
from tchap.storage.server_notices import find_notice_room

MEMBERSHIPS = ("invite", "join", "knock", "leave", "ban")


@dataclass(frozen=True, slots=True)
class MembershipWish:
    """A membership to set as plain state."""

    user_id: str
    content: dict[str, Any]
    origin_server_ts: int | None = None


async def resolve_room(world: World, room_id_or_alias: str) -> str:
    """The room id behind an id or an alias; NotFound when the alias leads nowhere."""
    if not room_id_or_alias.startswith("#"):
        return room_id_or_alias
    found = await find_or_ask_alias(world, room_id_or_alias)
    if found is None:
        raise NotFound("This alias leads to no room.", "Cette adresse ne mène à aucun salon.")
    return found.room_id


async def find_or_ask_alias(world: World, alias: str) -> Alias | None:
    """The alias, which an application service may make when asked (application-service API, "Querying")."""
    found = await world.store.read(find_alias, alias)
    if found is None and await ask_alias(world, alias):
        found = await world.store.read(find_alias, alias)
    return found


async def join(world: World, requester: Requester, room_id_or_alias: str, content: dict[str, Any] | None = None) -> str:
    """Joins; answers the room's id. Joining a room one is in changes nothing."""
    room = await get_room(world, await resolve_room(world, room_id_or_alias))
    if requester.user_id in room.joined:
        return room.room_id
    check_entry(world, room, requester.user_id, "join")
    body = {**(content or {}), **await shown_profile(world, requester.user_id)}
    body = {**body, **await _authorisation(world, room, requester), "membership": "join"}
    await _append_member(world, requester, room.room_id, requester.user_id, body)
    await carry_settings(world, requester.user_id, room)
    return room.room_id


async def _authorisation(world: World, room: LiveRoom, requester: Requester) -> dict[str, str]:
    """Restricted rooms: whoever is not invited must be in a room the join rule allows (rooms v8, "restricted").

    Who vouches for them is named in the join. Forbidden when they are in none of those rooms.
    """
    facts = RoomFacts(room.version, {"m.room.join_rules": room.content_of("m.room.join_rules")})
    if join_rule_of(facts) not in ("restricted", "knock_restricted"):
        return {}
    if room.membership_of(requester.user_id) in ("invite", "ban"):
        return {}
    mine = await world.store.read(find_rooms_of, requester.user_id, ("join",))
    if set(find_allowed_rooms(facts)) & {each.room_id for each in mine}:
        return {"join_authorised_via_users_server": _find_authoriser(room, requester.user_id)}
    raise Forbidden(
        "Only members of a room that opens onto this one may join.",
        "Seuls les membres d'un salon qui donne accès à celui-ci peuvent y entrer.",
    )


def _find_authoriser(room: LiveRoom, joiner: str) -> str:
    """A member who may invite; every one of them is of ours, so that we can sign for them."""
    levels = room.power_levels
    needed = levels.needed_for("invite")
    best = max(room.joined, key=lambda user_id: (levels.of_user(user_id), user_id), default=joiner)
    if best == joiner or levels.of_user(best) < needed:
        raise Forbidden("Nobody here can let you in.", "Personne ne peut vous faire entrer dans ce salon.")
    return best


async def knock(world: World, requester: Requester, room_id_or_alias: str, reason: str | None) -> str:
    """Asks to be let in."""
    room = await get_room(world, await resolve_room(world, room_id_or_alias))
    body = {**await shown_profile(world, requester.user_id), **_reason(reason), "membership": "knock"}
    await _append_member(world, requester, room.room_id, requester.user_id, body)
    return room.room_id


async def invite(
    world: World, requester: Requester, room_id: str, user_id: str, content: dict[str, Any] | None = None
) -> None:
    """Invites a person who has an account here."""
    room = await get_room_of(world, requester, room_id)
    await check_exists(world, user_id)
    await check_willing(world, (user_id,))
    body = {**(content or {}), **await shown_profile(world, user_id), "membership": "invite"}
    if _is_direct(room, requester.user_id):
        body["is_direct"] = True
    await _append_member(world, requester, room_id, user_id, body)


def _is_direct(room: LiveRoom, inviter: str) -> bool:
    """Whether the invitation is to a direct message: the room's rule says so, whoever it waits for, or the inviter's
    own membership, where they were invited so."""
    rule = room.content_of(ACCESS_RULES).get("rule")
    return rule == DIRECT or room.content_of("m.room.member", inviter).get("is_direct") is True


async def leave(world: World, requester: Requester, room_id: str, reason: str | None = None) -> None:
    """Leaves, refuses an invitation or takes a knock back; leaving a room one has left changes nothing."""
    room = await get_room(world, room_id)
    membership = room.membership_of(requester.user_id)
    if membership == "leave":
        return
    if membership in (None, "ban"):
        raise Forbidden("You are not in this room.", "Vous ne faites pas partie de ce salon.")
    await _check_refusable(world, room, requester.user_id)
    body = {**_reason(reason), "membership": "leave"}
    await _append_member(world, requester, room_id, requester.user_id, body)


async def _check_refusable(world: World, room: LiveRoom, user_id: str) -> None:
    """Client-server API, "Server Notices": their invitation cannot be refused; once in the room, one may leave."""
    if room.membership_of(user_id) == "invite" and await world.store.read(find_notice_room, user_id) == room.room_id:
        raise MatrixError(
            "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM",
            "The notices of the server cannot be refused.",
            "Les avis du service ne peuvent pas être refusés.",
        )


async def kick(world: World, requester: Requester, room_id: str, user_id: str, reason: str | None = None) -> None:
    """Removes a person, who may come back; also takes an invitation back or refuses a knock."""
    room = await get_room_of(world, requester, room_id)
    if room.membership_of(user_id) not in ("join", "invite", "knock"):
        raise Forbidden("This person is not in the room.", "Cette personne ne fait pas partie du salon.")
    body = {**_reason(reason), "membership": "leave"}
    await _append_member(world, requester, room_id, user_id, body)


async def ban(world: World, requester: Requester, room_id: str, user_id: str, reason: str | None = None) -> None:
    """Removes a person for good."""
    await get_room_of(world, requester, room_id)
    _check_user_id(user_id)
    body = {**_reason(reason), "membership": "ban"}
    await _append_member(world, requester, room_id, user_id, body)


async def unban(world: World, requester: Requester, room_id: str, user_id: str, reason: str | None = None) -> None:
    """Lets a banned person come back."""
    room = await get_room_of(world, requester, room_id)
    if room.membership_of(user_id) != "ban":
        raise Forbidden("This person is not banned.", "Cette personne n'est pas interdite dans ce salon.")
    body = {**_reason(reason), "membership": "leave"}
    await _append_member(world, requester, room_id, user_id, body)


async def forget(world: World, requester: Requester, room_id: str) -> None:
    """Hides a room one has left from one's own history."""
    stay = await world.store.read(find_membership, requester.user_id, room_id)
    if stay is None:
        raise NotFound("You were never in this room.", "Vous n'avez jamais fait partie de ce salon.")
    if stay.membership not in ("leave", "ban"):
        # Client-server API, "Leaving rooms": a room must be left first.
        raise BadJson("Leave the room before forgetting it.", "Quittez le salon avant de l'oublier.")
    await world.store.write(add_forgotten, requester.user_id, room_id)


async def set_membership(world: World, requester: Requester, room_id: str, wish: MembershipWish) -> str:
    """A membership set as plain state: the same roads as the calls made for it."""
    user_id, content = wish.user_id, wish.content
    room = await get_room(world, room_id)
    # Who authorises a restricted join is ours to say: we are the ones who sign for it.
    content = {key: value for key, value in content.items() if key != "join_authorised_via_users_server"}
    if not world.settings.test_profile:
        content = await _truly_shown(world, user_id, content)
    membership = content.get("membership")
    if membership not in MEMBERSHIPS:
        raise BadJson("This membership does not exist.", "Cette appartenance n'existe pas.")
    _check_user_id(user_id)
    if membership == "invite":
        await check_exists(world, user_id)
        await check_willing(world, (user_id,))
    enters = requester.user_id == user_id and user_id not in room.joined
    if membership == "join" and enters:
        check_entry(world, room, user_id, "join")
        content = {**content, **await _authorisation(world, room, requester)}
    if membership == "leave" and user_id == requester.user_id:
        await _check_refusable(world, room, user_id)
    draft = Draft(
        "m.room.member",
        requester.user_id,
        content,
        user_id,
        origin_server_ts=wish.origin_server_ts,
        freedom=freedom_of(world, requester),
    )
    event_id = (await append(world, room_id, (draft,)))[0].event_id
    if membership == "join" and enters:
        await carry_settings(world, user_id, room)
    return event_id


async def _truly_shown(world: World, user_id: str, content: dict[str, Any]) -> dict[str, Any]:
    """A name shown in a room is the profile's: it is made from the address against impersonation."""
    kept = {key: value for key, value in content.items() if key not in _SHOWN}
    is_shown = content.get("membership") in ("invite", "join", "knock")
    return {**kept, **await shown_profile(world, user_id)} if is_shown else kept


async def update_profile_in_rooms(world: World, user_id: str) -> None:
    """Shows the person's present name and picture in every room they are in."""
    profile = await shown_profile(world, user_id)
    for stay in await world.store.read(find_rooms_of, user_id, ("join",)):
        room = await get_room(world, stay.room_id)
        kept = {key: value for key, value in room.content_of("m.room.member", user_id).items() if key not in _SHOWN}
        kept.pop("join_authorised_via_users_server", None)
        content = {**kept, **profile, "membership": "join"}
        await append(world, stay.room_id, (Draft("m.room.member", user_id, content, state_key=user_id),))


async def find_end_of_stay(world: World, user_id: str, room_id: str) -> Membership | None:
    """What ended the person's last stay as a member; None if there was none, or they asked to forget it.

    A ban, its end or an invitation that came later opens nothing of what was said and done in between.
    """
    if await world.store.read(is_forgotten, user_id, room_id):
        return None
    spans = await world.store.read(find_membership_spans, user_id, room_id)
    pairs = zip(reversed(spans), reversed(spans[:-1]), strict=False)
    return next((after for after, before in pairs if before.membership == "join"), None)


async def get_room_of(world: World, requester: Requester, room_id: str) -> LiveRoom:
    """The live room, for a member of it; an unknown room is answered as one the requester is not in."""
    room = await find_live_room(world, room_id)
    if room is None or requester.user_id not in room.joined:
        raise Forbidden("You are not in this room.", "Vous ne faites pas partie de ce salon.")
    return room


async def check_exists(world: World, user_id: str) -> None:
    """Raises NotFound for an invitation that would reach nobody here."""
    _check_user_id(user_id)
    known = await world.store.read(find_account, user_id) is not None
    if not known and not await ask_user(world, user_id):
        raise NotFound("This person has no account here.", "Cette personne n'a pas de compte ici.")


def _check_user_id(user_id: str) -> None:
    try:
        parse_user_id(user_id)
    except ValueError as error:
        raise BadJson("This is not a user id.", "Ce n'est pas un identifiant.") from error


async def _append_member(
    world: World, requester: Requester, room_id: str, user_id: str, content: dict[str, Any]
) -> None:
    freedom = freedom_of(world, requester)
    draft = Draft("m.room.member", requester.user_id, content, state_key=user_id, freedom=freedom)
    await append(world, room_id, (draft,))


_SHOWN = ("displayname", "avatar_url")


async def shown_profile(world: World, user_id: str) -> dict[str, Any]:
    """What a membership event shows of a person."""
    profile = await world.store.read(find_profile, user_id)
    return {} if profile is None else shown_fields(profile)


def shown_fields(profile: Profile) -> dict[str, Any]:
    shown = {"displayname": profile.display_name, "avatar_url": profile.avatar_url}
    return {key: value for key, value in shown.items() if value is not None}


def _reason(reason: str | None) -> dict[str, str]:
    return {} if reason is None else {"reason": reason}


async def find_joined_rooms(world: World, requester: Requester) -> list[str]:
    """The ids of the rooms the requester is in."""
    return [stay.room_id for stay in await world.store.read(find_rooms_of, requester.user_id, ("join",))]
