"""Is the house standing?"""

from tchap.services.world import World
from tchap.storage.health import ping


async def check_health(world: World) -> None:
    """Raises when the database does not answer."""
    await world.store.read(ping)
