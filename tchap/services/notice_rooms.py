"""Each person's room of notices: made when first needed, exactly one per person.

Source: client-server API, "Server Notices".
"""

from __future__ import annotations

from typing import Any

from tchap.base.errors import Forbidden
from tchap.base.identity import Requester
from tchap.live.rooms import LiveRoom
from tchap.policy.rooms import ACCESS_RULES, UNRESTRICTED
from tchap.services.live_rooms import get_room
from tchap.services.memberships import shown_profile
from tchap.services.rooms import InitialState, RoomRequest, create_room
from tchap.services.tags import set_tag
from tchap.services.timeline import Draft, append
from tchap.services.world import World
from tchap.storage.accounts import Account, add_account, find_account
from tchap.storage.database import Tx
from tchap.storage.events import AlreadySent
from tchap.storage.profiles import Profile, set_profile
from tchap.storage.server_notices import add_notice_room, find_notice_room

TAG = "m.server_notice"
_DEVICE = "server-notices"  # names whose transaction ids ours are; no such device exists


def sender_of(world: World) -> str:
    """The user that speaks for the server: of the first instance that is not for externals."""
    names = [each.name for each in world.settings.instances if not each.is_external]
    return f"@{world.settings.notices.sender}:{(names or [world.settings.instances[0].name])[0]}"


async def show_notice(world: World, user_id: str, content: dict[str, Any], how: tuple[str, bool]) -> str:
    """Says it in the person's room and answers the event's id; `how` is a transaction id and whether it is pinned."""
    txn_id, is_pinned = how
    sender = await _open_sender(world)
    room = await get_room(world, await _room_of(world, sender, user_id))
    if room.membership_of(user_id) not in ("invite", "join"):
        # "Servers should invite the target user rather than automatically join them".
        body = {**await shown_profile(world, user_id), "membership": "invite"}
        await append(world, room.room_id, (Draft("m.room.member", sender, body, state_key=user_id),))
    draft = Draft("m.room.message", sender, content, txn=(_DEVICE, txn_id))
    try:
        event_id = (await append(world, room.room_id, (draft,)))[0].event_id
    except AlreadySent as earlier:
        event_id = earlier.event_id
    if is_pinned:
        # "Active notices are represented by the pinned events in the server notices room."
        await _pin(world, sender, room, [*(each for each in _pinned(room) if each != event_id), event_id])
    return event_id


async def withdraw_notice(world: World, user_id: str, event_id: str) -> None:
    """Unpins a notice in the person's room."""
    room_id = await world.store.read(find_notice_room, user_id)
    if room_id is not None:
        room = await get_room(world, room_id)
        await _pin(world, sender_of(world), room, [each for each in _pinned(room) if each != event_id])


def _pinned(room: LiveRoom) -> list[str]:
    pinned = room.content_of("m.room.pinned_events").get("pinned")
    return pinned if isinstance(pinned, list) else []


async def _pin(world: World, sender: str, room: LiveRoom, pinned: list[str]) -> None:
    if pinned != _pinned(room):
        await append(world, room.room_id, (Draft("m.room.pinned_events", sender, {"pinned": pinned}, state_key=""),))


async def _open_sender(world: World) -> str:
    """The account that speaks for the server; nobody can sign in to it."""
    user_id = sender_of(world)
    account = await world.store.read(find_account, user_id)
    if account is None:
        instance = user_id.partition(":")[2]
        row = Account(user_id, instance, None, world.clock.now_ms())
        await world.store.write(_add_sender, row, world.settings.notices.display_name)
    elif account.password_hash is not None or account.deactivated_ts is not None:
        raise Forbidden(
            "The name of 'notices.sender' belongs to somebody.", "Le nom de « notices.sender » appartient à quelqu'un."
        )
    return user_id


async def _add_sender(tx: Tx, account: Account, display_name: str) -> None:
    if await add_account(tx, account):
        await set_profile(tx, Profile(account.user_id, display_name))


async def _room_of(world: World, sender: str, user_id: str) -> str:
    known = await world.store.read(find_notice_room, user_id)
    if known is not None:
        return known
    made = await create_room(world, Requester(sender, "", 0, sender.partition(":")[2]), _wish(world))
    # Of two rooms made at once one is kept; the other is empty, and nobody was invited to it.
    room_id = await world.store.write(add_notice_room, user_id, made, world.clock.now_ms())
    await set_tag(world, user_id, room_id, TAG, {})
    return room_id


def _wish(world: World) -> RoomRequest:
    """Readable by the server, open to guests, and written in by the server alone."""
    rules: dict[str, Any] = {"rule": UNRESTRICTED, "force_unencrypted_at_creation": True}
    lawful = () if world.settings.test_profile else (InitialState(ACCESS_RULES, "", rules),)
    return RoomRequest(
        preset="private_chat",
        name=world.settings.notices.room_name,
        initial_state=lawful,
        power_levels={"events_default": 50, "invite": 50},
    )
