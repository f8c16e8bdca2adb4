"""What people take along when they enter the successor of a room they were in.

Source: client-server API, "Room Upgrades": "When a user joins the new room, the server should automatically
transfer/replicate some of the user's personalized settings such as notifications, tags, etc."
"""

from __future__ import annotations

from tchap.base.encoding import decode_json, encode_json
from tchap.live.rooms import LiveRoom
from tchap.services.live_rooms import find_live_room
from tchap.services.push_rules import carry_rules
from tchap.services.world import World
from tchap.storage.account_data import find_account_data, set_account_data
from tchap.storage.jobs import Tx

_DIRECT, _TAGS = "m.direct", "m.tag"


async def carry_settings(world: World, user_id: str, room: LiveRoom) -> None:
    """Copies the person's tags, direct chats and push rules of the room's predecessor, where there is one."""
    old_id = await _find_predecessor(world, room)
    if old_id is None:
        return
    position = await world.store.write(_carry, user_id, old_id, room.room_id)
    if position is not None:
        world.live.notifier.tell(position, users=[user_id])
    await carry_rules(world, user_id, old_id, room.room_id)


async def _find_predecessor(world: World, room: LiveRoom) -> str | None:
    """The room this one replaces: that one must say so too, or any room could claim it."""
    predecessor = room.content_of("m.room.create").get("predecessor")
    old_id = predecessor.get("room_id") if isinstance(predecessor, dict) else None
    old = await find_live_room(world, old_id) if isinstance(old_id, str) else None
    if old is None or old.content_of("m.room.tombstone").get("replacement_room") != room.room_id:
        return None
    return old.room_id


async def _carry(tx: Tx, user_id: str, old_id: str, new_id: str) -> int | None:
    position = None
    tags = await find_account_data(tx, user_id, old_id, _TAGS)
    if tags is not None and await find_account_data(tx, user_id, new_id, _TAGS) is None:
        position = await set_account_data(tx, user_id, new_id, _TAGS, tags)
    direct = _with_successor(await find_account_data(tx, user_id, "", _DIRECT), old_id, new_id)
    if direct is not None:
        position = await set_account_data(tx, user_id, "", _DIRECT, direct)
    return position


def _with_successor(stored: bytes | None, old_id: str, new_id: str) -> bytes | None:
    """`m.direct` with the new room beside the old one; None when it does not change."""
    content = decode_json(stored) if stored else None
    if not isinstance(content, dict):
        return None
    changed = {
        person: [*rooms, new_id] if isinstance(rooms, list) and old_id in rooms and new_id not in rooms else rooms
        for person, rooms in content.items()
    }
    return None if changed == content else encode_json(changed)
