"""Background duties: work nobody waits for, which must outlive a bad moment of the database or of another server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from tchap.base import limits
from tchap.services.world import World

log = structlog.get_logger(__name__)


async def keep_doing(world: World, name: str, duty: Callable[[World], Awaitable[None]]) -> None:
    """Runs the duty until cancelled; where it fails the log hears it, and it begins again a little later."""
    while True:
        try:
            await duty(world)
            return
        except Exception:
            log.exception("a duty failed", duty=name)
            await world.clock.sleep(limits.DUTY_RETRY_S)
