"""Account data of a person, in general or in a room (client config module)."""

from __future__ import annotations

from typing import Any

from tchap.base import limits
from tchap.base.encoding import decode_json, encode_json
from tchap.base.errors import InvalidParam, MatrixError, NotFound
from tchap.services.push_rules import list_rules
from tchap.services.world import World
from tchap.storage import account_data
from tchap.storage.database import Tx

# "Servers MUST reject setting account data for event types that the server manages by using a 405 error response."
SERVER_TYPES = ("m.fully_read", "m.push_rules")


async def set_account_data(world: World, user_id: str, room_id: str, type: str, content: dict[str, Any]) -> None:
    """Keeps the content; ``room_id`` is empty for global data. Raises M_BAD_JSON (405) for what the server manages."""
    if type in SERVER_TYPES:
        raise MatrixError(
            "M_BAD_JSON",
            f"Cannot set {type} through this API.",
            "Cette donnée est tenue par le serveur.",
            status_hint=405,
        )
    if len(type.encode()) > limits.MAX_ID_BYTES:
        raise InvalidParam("The type is too long.", "Le type est trop long.")
    position = await world.store.write(_set, user_id, room_id, type, encode_json(content))
    world.live.notifier.tell(position, users=[user_id])


async def _set(tx: Tx, user_id: str, room_id: str, type: str, content: bytes) -> int:
    if await account_data.count_account_data(tx, user_id) >= limits.MAX_ACCOUNT_DATA:
        known = await account_data.find_account_data(tx, user_id, room_id, type)
        if known is None:
            raise MatrixError("M_TOO_LARGE", "Too much account data.", "Trop de données de compte.")
    return await account_data.set_account_data(tx, user_id, room_id, type, content)


async def get_account_data(world: World, user_id: str, room_id: str, type: str) -> dict[str, Any]:
    if type == "m.push_rules" and not room_id:
        return {"global": await list_rules(world, user_id)}
    content = await world.store.read(account_data.find_account_data, user_id, room_id, type)
    value = None if content is None else decode_json(content)
    if not isinstance(value, dict):
        raise NotFound("There is no such account data.", "Cette donnée de compte n'existe pas.")
    return value
