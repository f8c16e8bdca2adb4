"""What became of a person's notifications, and trying them out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tchap.base import limits
from tchap.base.errors import NotFound
from tchap.base.identity import Requester
from tchap.protocol.push_payloads import TEST_EVENT_ID, Counts, PushedEvent, event_json
from tchap.services.push_calls import GONE, RETRY, Message, call_pusher
from tchap.services.world import World
from tchap.storage import push_deliveries as queue
from tchap.storage.database import Tx
from tchap.storage.push_deliveries import Delivery
from tchap.storage.pushers import Pusher, find_pushers

_TEST = PushedEvent(TEST_EVENT_ID, "!test:example.org", tweaks={"sound": "default"})


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """The newest first; ``next_below`` is the place the next page starts below, None at the end."""

    deliveries: list[dict[str, Any]]
    next_below: int | None


async def list_deliveries(world: World, user_id: str, below: int, limit: int) -> LedgerPage:
    found = await world.store.read(queue.find_ledger, user_id, below, limit)
    return LedgerPage([_show(each) for each in found], found[-1].delivery_id if len(found) == limit else None)


def _show(delivery: Delivery) -> dict[str, Any]:
    shown = {
        "app_id": delivery.app_id,
        "pushkey": delivery.pushkey,
        "kind": delivery.kind,
        "event_id": delivery.event_id,
        "room_id": delivery.room_id,
        "decided_ts": delivery.decided_ts,
        "sent_ts": delivery.sent_ts,
        "attempts": delivery.attempts,
        "outcome": delivery.outcome,
        "answer": delivery.answer,
    }
    return {name: value for name, value in shown.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Trial:
    """Which pushers to try; None: all of the device that asks."""

    app_id: str | None = None
    pushkey: str | None = None


async def try_pushers(world: World, requester: Requester, trial: Trial) -> list[dict[str, Any]]:
    """Sends each a notification that clients know to be a test, now; what their providers answered.

    M_NOT_FOUND where there is nothing to try.
    """
    mine = await world.store.read(find_pushers, requester.user_id)
    chosen = [each for each in mine if each.kind != "email" and _is_meant(each, requester, trial)]
    if not chosen:
        raise NotFound("There is no such pusher.", "Aucun appareil à notifier.")
    return [await _try(world, pusher) for pusher in chosen[: limits.PUSH_TEST_LIMIT]]


def _is_meant(pusher: Pusher, requester: Requester, trial: Trial) -> bool:
    if trial.app_id is None and trial.pushkey is None:
        return pusher.device_id == requester.device_id
    return trial.app_id in (None, pusher.app_id) and trial.pushkey in (None, pusher.pushkey)


async def _try(world: World, pusher: Pusher) -> dict[str, Any]:
    answer = await call_pusher(world, pusher, Message(event_json(_TEST, True), _TEST.tweaks, Counts(unread=1)))
    now_ms = world.clock.now_ms()
    # A test is not repeated: whoever asked reads the answer. Nor does it end the pusher: that is for real ones to do.
    outcome = "failed" if answer.outcome in (RETRY, GONE) else answer.outcome
    row = replace(
        queue.plain(pusher.key, "test", now_ms), outcome=outcome, answer=answer.text, attempts=1, sent_ts=now_ms
    )
    await world.store.write(_add, row)
    return {"app_id": pusher.app_id, "pushkey": pusher.pushkey, "outcome": outcome, "answer": answer.text}


async def _add(tx: Tx, row: Delivery) -> None:
    await queue.add_deliveries(tx, [row])
