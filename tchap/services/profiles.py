"""Profiles: what others see of a person."""

import re
from dataclasses import replace
from typing import Any

from tchap.base import limits
from tchap.base.encoding import encode_json
from tchap.base.errors import BadJson, Forbidden, InvalidParam, MatrixError, NotFound
from tchap.base.identity import Requester
from tchap.protocol.identifiers import parse_mxc
from tchap.services.appservice_calls import ask_user
from tchap.services.directory_listing import ROLE_FIELDS, list_people
from tchap.services.memberships import update_profile_in_rooms
from tchap.services.world import World
from tchap.storage import profiles
from tchap.storage.database import Tx
from tchap.storage.memberships import share_a_room
from tchap.storage.profiles import Profile

DISPLAY_NAME = "displayname"
AVATAR = "avatar_url"
# Appendices, "Common Namespaced Identifier Grammar".
_KEY = re.compile(r"avatar_url|displayname|[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)+")


async def get_profile(world: World, reader: Requester | None, user_id: str) -> dict[str, Any]:
    """Every field of a local user's profile, or M_NOT_FOUND.

    Names of agents are not for the whole Internet: one must be signed in, and guests of the administrations see those
    they share a room with (client-server API, "Profiles": a server may deny look-ups).
    """
    if not world.settings.test_profile:
        await _check_reader(world, reader, user_id)
    profile = await world.store.read(profiles.find_profile, user_id)
    if profile is None and await ask_user(world, user_id):
        profile = await world.store.read(profiles.find_profile, user_id)
    if profile is None:
        raise _nobody()
    return profile_body(profile)


async def _check_reader(world: World, reader: Requester | None, user_id: str) -> None:
    if reader is None:
        raise Forbidden("Sign in to see profiles.", "Connectez-vous pour voir les profils.")
    if not reader.is_external or reader.user_id == user_id:
        return
    if not await world.store.read(share_a_room, reader.user_id, user_id):
        raise _nobody()


def _nobody() -> NotFound:
    return NotFound("There is no such person here.", "Cette personne n'existe pas ici.")


def profile_body(profile: Profile) -> dict[str, Any]:
    """The profile as clients read it: fields that are not set are absent."""
    body = dict(profile.fields)
    if profile.display_name is not None:
        body[DISPLAY_NAME] = profile.display_name
    if profile.avatar_url is not None:
        body[AVATAR] = profile.avatar_url
    return body


def check_key(key: str) -> None:
    """Raises M_KEY_TOO_LARGE or M_INVALID_PARAM."""
    if len(key.encode("utf-8", "surrogatepass")) > limits.MAX_PROFILE_KEY_BYTES:
        raise MatrixError("M_KEY_TOO_LARGE", "The name of the field is too long.", "Le nom du champ est trop long.")
    if _KEY.fullmatch(key) is None:
        raise InvalidParam("This is not the name of a profile field.", "Ce n'est pas le nom d'un champ de profil.")


async def set_field(world: World, requester: Requester, user_id: str, key: str, value: Any) -> None:
    """Sets one field, or removes it (`value` None), of the requester's own profile.

    M_FORBIDDEN for another's profile, and for the display name: it is made from the address against impersonation.
    """
    check_key(key)
    if user_id != requester.user_id and not requester.is_admin:
        raise Forbidden("This profile is another person's.", "Ce profil est celui d'une autre personne.")
    if key == DISPLAY_NAME and not world.settings.test_profile:
        raise Forbidden(
            "Your display name is made from your professional address and cannot be changed.",
            "Votre nom affiché est tiré de votre adresse professionnelle et ne peut pas être changé.",
        )
    if key in ROLE_FIELDS and not (world.settings.test_profile or requester.is_admin):
        raise Forbidden(
            "Your unit and your function are told by your administration.",
            "Votre service et votre fonction sont indiqués par votre administration.",
        )
    _check_value(world, key, value)
    await world.store.write(_set_field, user_id, key, value)
    if key in (DISPLAY_NAME, AVATAR):
        await update_profile_in_rooms(world, user_id)


def _check_value(world: World, key: str, value: Any) -> None:
    if value is None or key not in (DISPLAY_NAME, AVATAR):
        return
    if not isinstance(value, str):
        raise BadJson(f"The field '{key}' must be a string.", f"Le champ « {key} » doit être un texte.")
    if "\0" in value:
        raise InvalidParam(f"The field '{key}' holds a NUL character.", f"Le champ « {key} » contient un NUL.")
    if key == AVATAR and not world.settings.test_profile:
        _check_picture(value)
    if len(value) > (limits.MAX_DISPLAY_NAME if key == DISPLAY_NAME else limits.MAX_AVATAR_URL):
        raise InvalidParam(f"The field '{key}' is too long.", f"Le champ « {key} » est trop long.")


def _check_picture(value: str) -> None:
    """An mxc address, as `PUT /profile/{userId}/{keyName}` says it MUST be; empty for no picture."""
    try:
        if value:
            parse_mxc(value)
    except ValueError as error:
        raise InvalidParam("The picture must be an mxc:// address.", "L'image doit être une adresse mxc://.") from error


async def _set_field(tx: Tx, user_id: str, key: str, value: Any) -> None:
    profile = await profiles.find_profile(tx, user_id)
    if profile is None:
        raise _nobody()
    changed = _changed(profile, key, value)
    # "The total profile MUST be under 64 KiB" (client-server API, `PUT /profile/{userId}/{keyName}`).
    if len(encode_json(profile_body(changed))) >= limits.MAX_PROFILE_BYTES:
        raise MatrixError("M_PROFILE_TOO_LARGE", "The profile would be too large.", "Le profil serait trop grand.")
    await profiles.set_profile(tx, changed)
    if key in (DISPLAY_NAME, *ROLE_FIELDS):
        await list_people(tx, [user_id])


def _changed(profile: Profile, key: str, value: Any) -> Profile:
    if key == DISPLAY_NAME:
        return replace(profile, display_name=value)
    if key == AVATAR:
        return replace(profile, avatar_url=value or None)
    fields = {name: kept for name, kept in profile.fields.items() if name != key}
    return replace(profile, fields=fields if value is None else fields | {key: value})
