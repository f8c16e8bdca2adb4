"""Whom an identifier names: a user id, a localpart or an e-mail address (client-server API, "Identifier types")."""

from typing import Any

from tchap.base.errors import MatrixError
from tchap.policy.emails import parse_email
from tchap.services.world import World
from tchap.storage import accounts


async def find_user_id(world: World, body: dict[str, Any], instance: str, default: str | None = None) -> str | None:
    """The user id named by `identifier`, or by the deprecated `user` or `medium` and `address`.

    None where an address has no account; `default` where nothing is named. A bare localpart is of `instance`.
    """
    identifier = body.get("identifier")
    if identifier is None:
        identifier = _deprecated(body)
    elif not isinstance(identifier, dict):
        raise MatrixError("M_BAD_JSON", "The field 'identifier' must be an object.")
    if identifier is None:
        return default
    kind = identifier.get("type")
    if kind == "m.id.user":
        return _user_id(identifier.get("user"), instance)
    if kind == "m.id.thirdparty":
        return await _user_of_email(world, identifier)
    raise MatrixError("M_UNKNOWN", "Unknown type of identifier.", "Type d'identifiant inconnu.")


def _deprecated(body: dict[str, Any]) -> dict[str, Any] | None:
    if "user" in body:
        return {"type": "m.id.user", "user": body["user"]}
    if "address" in body:
        return {"type": "m.id.thirdparty", "medium": body.get("medium"), "address": body["address"]}
    return None


def _user_id(user: object, instance: str) -> str:
    if not isinstance(user, str) or "\0" in user:
        raise MatrixError("M_BAD_JSON", "The field 'user' must be the text of a user id.")
    return user if user.startswith("@") else f"@{user}:{instance}"


async def _user_of_email(world: World, identifier: dict[str, Any]) -> str | None:
    address = identifier.get("address")
    if identifier.get("medium") != "email" or not isinstance(address, str):
        raise MatrixError("M_UNKNOWN", "Only e-mail addresses are known here.")
    try:
        email = str(parse_email(address))
    except ValueError:
        return None
    found = await world.store.read(accounts.find_email, email)
    return None if found is None else found.user_id
