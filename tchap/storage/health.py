"""The smallest question there is."""

from tchap.storage.database import Tx


async def ping(tx: Tx) -> None:
    """Raises when the database does not answer."""
    await tx.one("SELECT 1")
