"""Delivering notifications to pushers, each at its own pace: one that is away delays no other.

Several processes may run this duty: whoever claims a pusher serves it. What became of a notification is written down
before the next is sent, so that a crash repeats one at most.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import structlog

from tchap.base import limits
from tchap.protocol.push_payloads import EVENT_ID_ONLY, event_json, tweaks_of
from tchap.services.push_calls import GONE, NO_COUNTS, RETRY, SENT, Answer, Message, call_pusher, data_of
from tchap.services.push_facts import Batch, load_batch, pushed_event, verdict_on
from tchap.services.push_mails import mail_unread
from tchap.services.world import World
from tchap.storage import push_deliveries as queue
from tchap.storage.database import Tx
from tchap.storage.push_deliveries import Delivery, PusherState
from tchap.storage.pushers import WEB_PUSH_KINDS, Pusher, PusherKey, remove_pusher

_LOOK_EVERY_S = 1.0  # something may be due without anybody waking us

log = structlog.get_logger(__name__)


async def deliver_pushes(world: World) -> None:
    """Runs until cancelled."""
    alarm = world.live.push
    running: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as group:
        while True:
            alarm.pushers.clear()
            for key in await _find_due(world, limits.PUSH_SERVED_AT_ONCE - len(running)):
                task = group.create_task(_serve_safely(world, key))
                running.add(task)
                task.add_done_callback(running.discard)
                task.add_done_callback(lambda _: alarm.hear_pushers())
            try:
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await alarm.pushers.wait()
            except TimeoutError:
                continue


async def _find_due(world: World, free: int) -> list[PusherKey]:
    """The pushers to serve now, claimed; a look is cheap while nothing waits."""
    if free <= 0:
        return []
    now_ms = world.clock.now_ms()
    due = await world.store.read(queue.find_due, now_ms)
    # Together, so that they share a commit.
    claimed = await asyncio.gather(*(world.store.write(_claim, key, now_ms) for key in due[:free]))
    return [key for key, is_ours in zip(due, claimed, strict=False) if is_ours]


async def deliver_due(world: World) -> int:
    """Serves every pusher whose time has come, one after another; answers how many there were."""
    served = 0
    while due := await _find_due(world, limits.PUSH_SERVED_AT_ONCE):
        for key in due:
            await serve_pusher(world, key)
        served += len(due)
    return served


async def keep_ledger(world: World) -> None:
    """Forgets for ever, hour after hour, what became of old notifications."""
    while True:
        await world.store.write(_sweep, world.clock.now_ms())
        await world.clock.sleep(limits.PUSH_SWEEP_S)


async def _sweep(tx: Tx, now_ms: int) -> None:
    await queue.end_orphans(tx)
    await queue.remove_old(tx, now_ms - limits.PUSH_LEDGER_MS)
    await queue.remove_old_mails(tx, now_ms - limits.PUSH_LEDGER_MS)


async def _claim(tx: Tx, key: PusherKey, now_ms: int) -> bool:
    if not await queue.claim(tx, key, now_ms):
        return False
    state = await queue.find_state(tx, key)
    if state is not None and now_ms - (state.failing_since_ts or now_ms) > limits.PUSH_FRESH_MS:
        await queue.collapse(tx, key)
    return True


async def _serve_safely(world: World, key: PusherKey) -> None:
    """A pusher that cannot be served is tried again when its claim ends; the others do not suffer."""
    try:
        await serve_pusher(world, key)
    except Exception:
        log.exception("a pusher could not be served", app_id=key.app_id)


async def serve_pusher(world: World, key: PusherKey) -> None:
    """Sends what waits for a claimed pusher."""
    batch = await world.store.read(load_batch, key, world.clock.now_ms())
    if batch is None:
        return
    if batch.pusher.kind == "email":
        await mail_unread(world, batch)
        return
    await _Service(world, batch.pusher, batch.state).run(batch)


@dataclass(slots=True)
class _Service:
    """One pusher being served."""

    world: World
    pusher: Pusher
    state: PusherState

    async def run(self, batch: Batch) -> None:
        ended: list[tuple[int, str, str]] = []
        for delivery in batch.waiting:
            verdict = verdict_on(batch, delivery)
            if verdict is not None:
                ended.append((delivery.delivery_id, verdict, ""))
                continue
            answer = await call_pusher(self.world, self.pusher, self._message(batch, delivery))
            goes_on = await self._settle(batch, delivery, answer, ended)
            if not goes_on:
                return
            ended = []
        await self._tell_badge(batch, ended)

    def _message(self, batch: Batch, delivery: Delivery) -> Message:
        if delivery.kind == "ack":
            # MSC4174: only whoever can read the messages can give the token back.
            about = {"app_id": self.pusher.app_id, "ack_token": self.pusher.ack_token}
            return Message(about, {}, NO_COUNTS)
        event = pushed_event(self.world, batch, delivery)
        is_bare = data_of(self.pusher).get("format") == EVENT_ID_ONLY
        return Message(event_json(event, is_bare), tweaks_of(delivery.actions), batch.counts)

    async def _settle(
        self, batch: Batch, delivery: Delivery, answer: Answer, ended: list[tuple[int, str, str]]
    ) -> bool:
        """Writes down what became of it; False where the pusher is not to be called again now."""
        now_ms = self.world.clock.now_ms()
        outcome = answer.outcome
        if outcome == RETRY and now_ms - delivery.decided_ts > limits.PUSH_GIVE_UP_MS:
            outcome = "failed"
        rows = [*ended, (delivery.delivery_id, outcome, answer.text)]
        if answer.outcome == GONE:
            log.info("a push provider gave a pusher back", app_id=self.pusher.app_id, answer=answer.text)
            await self.world.store.write(_end, self.pusher.key, rows, now_ms)
            return False
        if answer.outcome == RETRY:
            await self._fail(rows, answer)
            return False
        badge = batch.counts.unread if answer.outcome == SENT and delivery.kind == "event" else self.state.badge
        self.state = PusherState(0, None, badge, None)
        await self.world.store.write(_keep, self.pusher.key, rows, (self.state, now_ms, now_ms + limits.PUSH_LEASE_MS))
        return True

    async def _fail(self, rows: list[tuple[int, str, str]], answer: Answer) -> None:
        now_ms, failures = self.world.clock.now_ms(), self.state.failures + 1
        wait_ms = min(limits.PUSH_RETRY_MS * 2 ** min(failures - 1, 30), limits.PUSH_MAX_RETRY_MS)
        state = PusherState(failures, self.state.failing_since_ts or now_ms, self.state.badge, None)
        log.info("a push provider did not take a notification", app_id=self.pusher.app_id, answer=answer.text)
        until_ts = now_ms + max(wait_ms, answer.retry_ms)
        await self.world.store.write(_keep, self.pusher.key, rows, (state, now_ms, until_ts))

    async def _tell_badge(self, batch: Batch, ended: list[tuple[int, str, str]]) -> None:
        """A count that fell is told by itself, where the device was told a higher one."""
        now_ms, due_ts = self.world.clock.now_ms(), batch.state.badge_due_ts
        is_due, unread = due_ts is not None and due_ts <= now_ms, batch.counts.unread
        if is_due and batch.is_served and unread != self.state.badge and not self._wants_events_only():
            answer = await call_pusher(self.world, self.pusher, Message({}, {}, batch.counts))
            if answer.outcome == GONE:
                await self.world.store.write(_end, self.pusher.key, ended, now_ms)
                return
            if answer.outcome == RETRY:
                await self._fail(ended, answer)
                return
            await self.world.store.write(_add, _told_badge(self.pusher.key, answer, now_ms))
            self.state = PusherState(0, None, unread, None)
        badge = unread if is_due else self.state.badge
        state = replace(self.state, badge=badge, badge_due_ts=due_ts if is_due else None)
        await self.world.store.write(_keep, self.pusher.key, ended, (state, now_ms, 0))

    def _wants_events_only(self) -> bool:
        """Browsers show something for every message they get, so most clients want none that only counts."""
        return self.pusher.kind in WEB_PUSH_KINDS and data_of(self.pusher).get("events_only") is True


def _told_badge(key: PusherKey, answer: Answer, now_ms: int) -> Delivery:
    row = queue.plain(key, "badge", now_ms)
    return replace(row, outcome=answer.outcome, answer=answer.text, attempts=1, sent_ts=now_ms)


async def _add(tx: Tx, told: Delivery) -> None:
    await queue.add_deliveries(tx, [told])


async def _keep(tx: Tx, key: PusherKey, rows: list[tuple[int, str, str]], after: tuple[PusherState, int, int]) -> None:
    """``after``: how the pusher stands, what time it is, and when it may be called again."""
    state, now_ms, wait_until_ts = after
    await queue.set_outcomes(tx, rows, now_ms)
    await queue.set_state(tx, key, state, wait_until_ts)


async def _end(tx: Tx, key: PusherKey, rows: list[tuple[int, str, str]], now_ms: int) -> None:
    await queue.set_outcomes(tx, rows, now_ms)
    await queue.end_waiting(tx, key, "dropped")
    await remove_pusher(tx, key.user_id, key.app_id, key.pushkey)
