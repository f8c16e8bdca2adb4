"""Leaving rooms without leaving them without an administrator.

The levels that hand a room over are appended with the departure itself, before it and in one commit, by whoever leaves:
`services/timeline` asks for them under the room's lock, on every road by which somebody can leave.
"""

from __future__ import annotations

import contextlib

from tchap.base.errors import MatrixError
from tchap.base.identity import Requester
from tchap.protocol.identifiers import server_of
from tchap.services import memberships
from tchap.services.world import World
from tchap.storage.memberships import find_rooms_of


async def leave_orderly(world: World, user_id: str, room_id: str, reason: str | None = None) -> None:
    """Has somebody leave a room as they could themselves; its last administrator hands it over."""
    await memberships.leave(world, Requester(user_id, "", 0, server_of(user_id)), room_id, reason)


async def leave_all_rooms(world: World, user_id: str) -> None:
    """Has somebody leave every room, refuse every invitation and take every knock back: their account ends."""
    for stay in await world.store.read(find_rooms_of, user_id, ("join", "invite", "knock")):
        # A room that cannot be left keeps nobody's account open.
        with contextlib.suppress(MatrixError):
            await leave_orderly(world, user_id, stay.room_id)
