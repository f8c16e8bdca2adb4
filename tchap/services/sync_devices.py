"""The device's own part of a sync: its messages, whose devices changed, and its keys left on the server."""

from __future__ import annotations

from collections.abc import Sequence

from tchap.base import limits
from tchap.protocol.sync_rooms import MEMBER
from tchap.protocol.sync_values import Ask, DeviceFacts, RoomPlan
from tchap.services.sync_state import StateFacts
from tchap.storage import device_lists, one_time_keys, sync, to_device
from tchap.storage.database import Tx
from tchap.storage.sync import Window


async def find_device(
    tx: Tx, ask: Ask, delivered: int, plans: Sequence[RoomPlan], state: StateFacts
) -> tuple[DeviceFacts, int | None]:
    """The facts, and where the messages were cut short (None when all are there)."""
    limit = limits.MAX_SYNC_TO_DEVICE
    messages = await to_device.find_messages(tx, ask.user_id, ask.device_id, (delivered, ask.upto), limit)
    changed, left = await _find_device_lists(tx, ask, plans, state)
    facts = DeviceFacts(
        to_device=tuple(bytes(message.message_json) for message in messages),
        last_message=messages[-1].position if messages else 0,
        changed=tuple(sorted(changed)),
        left=tuple(sorted(left)),
        one_time_keys=await one_time_keys.count(tx, ask.user_id, ask.device_id),
        unused_fallback_types=tuple(await one_time_keys.unused_fallback_types(tx, ask.user_id, ask.device_id)),
    )
    return facts, messages[-1].position if len(messages) == limit else None


async def _find_device_lists(
    tx: Tx, ask: Ask, plans: Sequence[RoomPlan], state: StateFacts
) -> tuple[set[str], set[str]]:
    """Whose device lists to ask for again, and whom to follow no more ("Tracking the device list for a user")."""
    if ask.since is None:
        # A client that starts from nothing asks for the devices of everybody it sees.
        return set(), set()
    changed = set(await device_lists.find_changed_users(tx, ask.user_id, ask.since, ask.upto))
    came, went = await _find_movements(tx, ask, plans, state)
    came |= await _members_of(tx, ask, [p.room_id for p in plans if p.section == "join" and p.full and p.since == 0])
    went |= await _members_of(tx, ask, [p.room_id for p in plans if p.section == "leave" and p.was_joined])
    candidates = (came | went) - {ask.user_id}
    sharing = await device_lists.find_sharing(tx, ask.user_id, sorted(candidates)) if candidates else set()
    return changed | ((came & sharing) - {ask.user_id}), went - sharing - {ask.user_id}


async def _find_movements(tx: Tx, ask: Ask, plans: Sequence[RoomPlan], state: StateFacts) -> tuple[set[str], set[str]]:
    """Who joined, and who left, the rooms the person stayed in."""
    rooms = [plan.room_id for plan in plans if plan.section == "join" and not plan.full]
    people = {
        row.event.state_key
        for room_id in rooms
        for row in state.rows.get(room_id, ())
        if row.event.type == MEMBER and row.event.event_id in state.changes and row.event.state_key
    }
    if not people:
        return set(), set()
    moves = await sync.find_movements(tx, Window(ask.user_id, ask.since or 0, ask.upto), rooms, people)
    return {who for who, what in moves if what == "join"}, {who for who, what in moves if what in ("leave", "ban")}


async def _members_of(tx: Tx, ask: Ask, room_ids: Sequence[str]) -> set[str]:
    if not room_ids:
        return set()
    return set(await sync.find_joined(tx, room_ids, limits.MAX_SYNC_DEVICE_CHANGES))
