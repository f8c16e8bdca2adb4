"""Tags that a person puts on rooms (room tagging module)."""

from __future__ import annotations

from typing import Any, cast

from tchap.base import limits
from tchap.base.encoding import decode_json, encode_json
from tchap.base.errors import InvalidParam
from tchap.services.world import World
from tchap.storage.account_data import find_account_data, set_account_data
from tchap.storage.database import Tx

TAG_TYPE = "m.tag"
Tags = dict[str, Any]


async def list_tags(world: World, user_id: str, room_id: str) -> Tags:
    return await world.store.read(_load, user_id, room_id)


async def set_tag(world: World, user_id: str, room_id: str, tag: str, content: dict[str, Any]) -> None:
    """Adds or changes a tag; its ``order``, where given, is a number from 0 to 1."""
    if not tag or len(tag.encode()) > limits.MAX_TAG_BYTES:
        raise InvalidParam("A tag has 1 to 255 bytes.", "Une étiquette a de 1 à 255 octets.")
    order = content.get("order")
    if order is not None and (isinstance(order, bool) or not isinstance(order, int | float)):
        raise InvalidParam("The order of a tag is a number.", "L'ordre d'une étiquette est un nombre.")
    await _change(world, user_id, room_id, (tag, content))


async def remove_tag(world: World, user_id: str, room_id: str, tag: str) -> None:
    await _change(world, user_id, room_id, (tag, None))


async def _change(world: World, user_id: str, room_id: str, change: tuple[str, dict[str, Any] | None]) -> None:
    position = await world.store.write(_save, user_id, room_id, *change)
    if position is not None:
        world.live.notifier.tell(position, users=[user_id])


async def _load(tx: Tx, user_id: str, room_id: str) -> Tags:
    stored = await find_account_data(tx, user_id, room_id, TAG_TYPE)
    value = cast("dict[str, Any]", decode_json(stored)) if stored else {}
    tags = value.get("tags")
    return tags if isinstance(tags, dict) else {}


async def _save(tx: Tx, user_id: str, room_id: str, tag: str, content: dict[str, Any] | None) -> int | None:
    tags = await _load(tx, user_id, room_id)
    if content is None:
        if tag not in tags:
            return None
        changed = {name: each for name, each in tags.items() if name != tag}
    else:
        changed = {**tags, tag: content}
        if len(changed) > limits.MAX_TAGS:
            raise InvalidParam("There are too many tags on this room.", "Ce salon a trop d'étiquettes.")
    return await set_account_data(tx, user_id, room_id, TAG_TYPE, encode_json({"tags": changed}))
