"""Removing the bytes of files that nobody can ask for any more, and keeping the proof.

The queue was written with what doomed them. The bytes go first, then, in one transaction, the file leaves the queue and
enters the log: a crash in between removes nothing twice that matters, and forgets nothing.
"""

from __future__ import annotations

import structlog

from tchap.base import limits
from tchap.base.identity import Requester
from tchap.services.admins import check_admin
from tchap.services.media import blob_key
from tchap.services.thumbnails import thumbnails_key
from tchap.services.world import World
from tchap.storage import deletions
from tchap.storage.deletions import Deletion
from tchap.storage.media_links import Doomed, find_doomed

log = structlog.get_logger(__name__)


async def delete_media(world: World) -> None:
    """Runs until cancelled."""
    while True:
        if not await delete_some(world):
            await world.clock.sleep(limits.MEDIA_DELETION_IDLE_S)


async def delete_some(world: World) -> int:
    """Removes the bytes of some files; answers how many there were. Those that cannot be removed hold no others back:
    the last failure is raised once these are gone."""
    doomed = await world.store.read(find_doomed, limits.MEDIA_DELETIONS)
    removed, failure = list[Doomed](), None
    for each in doomed:
        try:
            await _remove(world, each)
        except Exception as error:
            failure = error
        else:
            removed.append(each)
    if removed:
        await world.store.write(deletions.end_deletions, removed, world.clock.now_ms())
    for each in removed:
        log.info("media deleted", server=each.server, media_id=each.media_id, rule=each.rule, event_id=each.event_id)
    if failure is not None:
        raise failure
    return len(removed)


async def _remove(world: World, file: Doomed) -> None:
    if file.blob_name is not None:
        await world.media.remove_under(thumbnails_key(file.blob_name))
        await world.media.remove(blob_key(file.blob_name))


async def list_deletions(world: World, requester: Requester, below: int, limit: int) -> list[Deletion]:
    """The proof, newest first, for administrators."""
    await check_admin(world, requester)
    return await world.store.read(deletions.find_deletions, below, limit)
