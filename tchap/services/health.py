"""Is the house standing?"""

from tchap.services.world import World
from tchap.storage.database import Tx


async def check_health(world: World) -> None:
    """Raises when the database does not answer."""
    await world.store.read(_ask)


async def _ask(tx: Tx) -> None:
    await tx.one("SELECT 1")
