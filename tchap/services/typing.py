"""Who is typing (typing notifications module)."""

from __future__ import annotations

from tchap.base.errors import Forbidden
from tchap.base.identity import Requester
from tchap.services.appservice_news import tell_typing
from tchap.services.world import World
from tchap.storage.sync import is_joined


async def set_typing(world: World, requester: Requester, room_id: str, timeout_ms: int | None) -> None:
    """The person types for ``timeout_ms``, or no longer (None). Raises M_FORBIDDEN outside the room."""
    if not await world.store.read(is_joined, requester.user_id, room_id):
        raise Forbidden("You are not in this room.", "Vous n'êtes pas dans ce salon.")
    room = world.live.rooms.get(room_id)
    if room is not None and room.denies(requester.instance):
        # Server-server API, "Server Access Control Lists (ACLs)": what is told of a room is kept out too.
        raise Forbidden("This room keeps your server out.", "Ce salon n'admet pas votre serveur.")
    if timeout_ms:
        world.live.typing.start(room_id, requester.user_id, timeout_ms)
    else:
        world.live.typing.stop(room_id, requester.user_id)
    await tell_typing(world, room_id)
