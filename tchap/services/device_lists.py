"""Telling people that somebody's devices or cross-signing keys changed."""

from tchap.services.world import World
from tchap.storage import device_lists
from tchap.storage.database import Tx


async def tell_change(world: World, user_id: str, position: int) -> None:
    """Wakes whoever shares a room with the user, and the user; `position` is what `device_lists.add_change` gave.

    Call it after the commit. Who is not waiting learns it from the next sync.
    """
    concerned = await world.store.read(_find_concerned, user_id)
    world.live.notifier.tell(position, users=concerned)


async def _find_concerned(tx: Tx, user_id: str) -> list[str]:
    return [user_id, *await device_lists.find_users_sharing(tx, user_id)]
