"""Locking and suspending accounts. Source: client-server API, "Account locking", "Account suspension"."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tchap.base.errors import Forbidden
from tchap.base.identity import Requester
from tchap.policy.administrations import Act
from tchap.services.admins import act_of, get_target
from tchap.services.refusals import user_locked
from tchap.services.world import World
from tchap.storage import accounts, audit
from tchap.storage.accounts import Account
from tchap.storage.audit import AdminAct
from tchap.storage.database import Tx


class Measure(Enum):
    """What may be imposed on an account; the value is its name in the API."""

    LOCK = "locked"
    SUSPENSION = "suspended"


_ACTS = {
    (Measure.LOCK, True): "lock",
    (Measure.LOCK, False): "unlock",
    (Measure.SUSPENSION, True): "suspend",
    (Measure.SUSPENSION, False): "unsuspend",
}
_LAW = {Measure.LOCK: Act.LOCK, Measure.SUSPENSION: Act.SUSPEND_ACCOUNT}


@dataclass(frozen=True, slots=True)
class _Change:
    measure: Measure
    since_ts: int | None
    done: AdminAct


async def is_under(world: World, requester: Requester, user_id: str, measure: Measure) -> bool:
    """Whether the account is locked or suspended, for an administrator."""
    target = await get_target(world, requester, user_id, _LAW[measure])
    return _since(target, measure) is not None


async def impose(world: World, requester: Requester, user_id: str, measure: Measure, wanted: bool) -> None:
    """Locks or suspends the account, or lifts it. Sessions stay; a lock ends every poll of theirs at once.

    Forbidden for oneself and for another administrator.
    """
    target = await get_target(world, requester, user_id, _LAW[measure])
    if target.user_id == requester.user_id:
        raise Forbidden("Not your own account.", "Pas votre propre compte.")
    if (_since(target, measure) is not None) == wanted:
        return
    done = act_of(world, requester, _ACTS[measure, wanted], target)
    await world.store.write(_impose, _Change(measure, done.done_ts if wanted else None, done))
    world.live.tokens.forget_user(user_id)
    if wanted and measure is Measure.LOCK:
        world.live.notifier.refuse(user_id, user_locked())


async def _impose(tx: Tx, change: _Change) -> None:
    write = accounts.set_locked if change.measure is Measure.LOCK else accounts.set_suspended
    await write(tx, change.done.target, change.since_ts)
    await audit.add_act(tx, change.done)


def _since(account: Account, measure: Measure) -> int | None:
    return account.locked_ts if measure is Measure.LOCK else account.suspended_ts
