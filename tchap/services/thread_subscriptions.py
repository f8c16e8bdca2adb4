"""Following threads. Source: MSC4306; what devices are told of it: MSC4308."""

from collections.abc import Sequence
from typing import Any

from tchap.base import limits
from tchap.base.errors import MatrixError, NotFound
from tchap.base.identity import Requester
from tchap.services.history import find_visible
from tchap.services.visibility import find_sight
from tchap.services.world import World
from tchap.storage import thread_subscriptions as storage
from tchap.storage.database import Tx
from tchap.storage.thread_subscriptions import ThreadKey, ThreadSubscription


async def subscribe(world: World, requester: Requester, room_id: str, root: str, cause: str | None) -> None:
    """Follows a thread: because the person wants to, or by itself because of an event in it (`cause`).

    NotFound for a thread they cannot see; M_NOT_IN_THREAD; M_CONFLICTING_UNSUBSCRIPTION where they ended it after that
    event. What was chosen by hand stays so.
    """
    key = ThreadKey(requester.user_id, room_id, root)
    position = await world.store.write(_subscribe, key, cause)
    if position is not None:
        world.live.notifier.tell(position, users=[requester.user_id])


async def _subscribe(tx: Tx, key: ThreadKey, cause: str | None) -> int | None:
    await _check_root(tx, key)
    held = await storage.find_subscription(tx, key)
    if cause is not None:
        await _check_cause(tx, key, cause, held)
    if held is not None and held.is_subscribed and (cause is not None or not held.is_automatic):
        return None
    if held is None and await storage.count_subscriptions(tx, key.user_id) >= limits.MAX_THREAD_SUBSCRIPTIONS:
        raise MatrixError("M_TOO_LARGE", "You follow too many threads.", "Vous suivez trop de fils.")
    return await storage.set_subscription(tx, key, True, cause is not None)


async def _check_root(tx: Tx, key: ThreadKey) -> None:
    await find_visible(tx, await find_sight(tx, key.user_id, key.room_id), key.room_id, key.root)


async def _check_cause(tx: Tx, key: ThreadKey, cause: str, held: ThreadSubscription | None) -> None:
    sight = await find_sight(tx, key.user_id, key.room_id)
    event = await find_visible(tx, sight, key.room_id, cause)
    if event.thread_id != key.root or event.event_id == key.root:
        raise MatrixError(
            "IO.ELEMENT.MSC4306.M_NOT_IN_THREAD",
            "This event is not in the thread.",
            "Ce message n'est pas dans le fil.",
        )
    # "Server-side automatic subscription ordering", by positions.
    if held is not None and not held.is_subscribed and (event.position or 0) < held.position:
        raise MatrixError(
            "IO.ELEMENT.MSC4306.M_CONFLICTING_UNSUBSCRIPTION",
            "You stopped following this thread after that event.",
            "Vous avez cessé de suivre ce fil après ce message.",
            status_hint=409,
        )


async def unsubscribe(world: World, requester: Requester, room_id: str, root: str) -> None:
    """Follows a thread no more; nothing changes where it was not followed. NotFound for one they cannot see."""
    position = await world.store.write(_unsubscribe, ThreadKey(requester.user_id, room_id, root))
    if position is not None:
        world.live.notifier.tell(position, users=[requester.user_id])


async def _unsubscribe(tx: Tx, key: ThreadKey) -> int | None:
    await _check_root(tx, key)
    held = await storage.find_subscription(tx, key)
    if held is None or not held.is_subscribed:
        return None
    return await storage.set_subscription(tx, key, False, False)


async def get_subscription(world: World, requester: Requester, room_id: str, root: str) -> ThreadSubscription:
    """NotFound where the thread is not followed, or cannot be seen."""
    return await world.store.read(_get, ThreadKey(requester.user_id, room_id, root))


async def _get(tx: Tx, key: ThreadKey) -> ThreadSubscription:
    await _check_root(tx, key)
    held = await storage.find_subscription(tx, key)
    if held is None or not held.is_subscribed:
        raise NotFound("You do not follow this thread.", "Vous ne suivez pas ce fil.")
    return held


async def read_changes(
    world: World, requester: Requester, span: tuple[int, int | None], limit: int
) -> list[ThreadSubscription]:
    """The latest changes after the first position and before the second, at most `limit` and one."""
    low, high = span
    upto = await world.store.horizon() if high is None else high - 1
    return await world.store.read(storage.find_changes, requester.user_id, (low, upto), limit + 1)


def changes_body(found: Sequence[ThreadSubscription], limit: int, more: str) -> dict[str, Any]:
    """The changes as clients read them; under `more`, where there are others, the token to go on from."""
    shown, body = found[:limit], dict[str, Any]()
    for each in shown:
        stamp = {"bump_stamp": each.position}
        told = {"automatic": each.is_automatic, **stamp} if each.is_subscribed else stamp
        kind = "subscribed" if each.is_subscribed else "unsubscribed"
        body.setdefault(kind, {}).setdefault(each.room_id, {})[each.root] = told
    if len(found) > limit:
        body[more] = str(shown[-1].position)
    return body
