"""The leave to replace one's cross-signing keys, given on the account page to who cannot be asked for a password.

Source: client-server API, "OAuth authentication" (`m.oauth`) and `POST /keys/device_signing/upload`.
"""

from tchap.base import limits
from tchap.services.world import World
from tchap.storage import browser_sessions as store


async def allow_reset(world: World, user_id: str) -> None:
    """The user may replace her keys for ten minutes, on whichever application asks."""
    now_ms = world.clock.now_ms()
    await world.store.write(store.set_reset_allowed, user_id, now_ms, now_ms + limits.CROSS_SIGNING_RESET_MS)


async def find_reset(world: World, user_id: str) -> bool:
    """Whether the user may replace her keys now."""
    return await world.store.read(store.find_reset_allowed, user_id, world.clock.now_ms())


async def end_reset(world: World, user_id: str) -> None:
    """The keys were replaced: the leave served."""
    await world.store.write(store.remove_reset_allowed, user_id)
