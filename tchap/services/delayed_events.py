"""Events sent later, unless somebody says otherwise before. Source: MSC4140."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import structlog

from tchap.base import limits
from tchap.base.encoding import decode_json, encode_json
from tchap.base.errors import InvalidParam, LimitExceeded, MatrixError, NotFound
from tchap.base.identity import Requester
from tchap.protocol.identifiers import MediaUri, parse_mxc
from tchap.protocol.transactions import delayed_transaction
from tchap.services.accounts import account_expired
from tchap.services.appservices import is_unlimited
from tchap.services.messages import MessageWish, send_event
from tchap.services.refusals import user_locked, user_suspended
from tchap.services.state import StateWish, set_state
from tchap.services.world import World
from tchap.storage import accounts, administrations
from tchap.storage import delayed_events as storage
from tchap.storage.accounts import Account
from tchap.storage.administrations import Administration
from tchap.storage.database import Tx
from tchap.storage.delayed_events import CANCELLED, FAILED, SCHEDULED, SENT, DelayedEvent, End, Wanted
from tchap.storage.events import AlreadySent

_IDLE_S = 30.0  # another process may have scheduled something without waking us
_ENDS = {"send": SENT, "cancel": CANCELLED, "restart": None}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DelayedWish:
    """An event to send in `delay_ms`; without a state key it is a message."""

    type: str
    content: dict[str, Any]
    delay_ms: int
    state_key: str | None = None
    txn_id: str | None = None
    origin_server_ts: int | None = None
    media: tuple[MediaUri, ...] = ()


class _TooMany(Exception):
    def __init__(self, first_ts: int) -> None:
        super().__init__(first_ts)
        self.first_ts = first_ts


async def schedule_event(world: World, requester: Requester, room_id: str, wish: DelayedWish) -> str:
    """Answers the id by which the event is managed; whether it may be sent is judged when it is.

    Raises M_UNKNOWN with `org.matrix.msc4140.errcode` M_MAX_DELAY_EXCEEDED, M_LIMIT_EXCEEDED where too many wait.
    """
    _check_delay(wish.delay_ms)
    content = encode_json(wish.content)
    if len(content) > limits.MAX_EVENT_BYTES:
        raise MatrixError("M_TOO_LARGE", "The event is too large.", "Le message est trop long.")
    now_ms = world.clock.now_ms()
    event = DelayedEvent(
        delay_id=world.entropy.token(),
        user_id=requester.user_id,
        device_id=requester.device_id,
        appservice_id=requester.appservice_id,
        txn_id=wish.txn_id,
        room_id=room_id,
        type=wish.type,
        state_key=wish.state_key,
        content=content,
        origin_server_ts=wish.origin_server_ts,
        delay_ms=wish.delay_ms,
        since_ts=now_ms,
        send_ts=now_ms + wish.delay_ms,
        media=" ".join(f"mxc://{each.server}/{each.media_id}" for each in wish.media),
    )
    try:
        delay_id = await world.store.write(_schedule, event)
    except _TooMany as too_many:
        raise _too_many(max(too_many.first_ts - now_ms, 1)) from too_many
    world.live.delayed.hear(event.send_ts)
    return delay_id


def _check_delay(delay_ms: int) -> None:
    if delay_ms <= 0:
        raise InvalidParam("The delay must be positive.", "Le délai doit être positif.")
    if delay_ms > limits.MAX_DELAY_MS:
        # MSC4140, "Unstable prefix", as clients look for it.
        named = {"errcode": "M_MAX_DELAY_EXCEEDED", "max_delay": limits.MAX_DELAY_MS}
        raise MatrixError(
            "M_UNKNOWN",
            "The requested delay exceeds the allowed maximum.",
            "Le délai demandé dépasse le maximum permis.",
            **{f"org.matrix.msc4140.{name}": value for name, value in named.items()},
        )


def _too_many(wait_ms: int) -> LimitExceeded:
    error = LimitExceeded(wait_ms)
    error.en, error.fr = "Too many delayed events are waiting.", "Trop de messages différés sont en attente."
    error.extra["org.matrix.msc4140.errcode"] = "M_MAX_DELAYED_EVENTS_EXCEEDED"
    return error


async def _schedule(tx: Tx, event: DelayedEvent) -> str:
    known = await storage.find_by_transaction(tx, event) if event.txn_id is not None else None
    if known is not None:
        return known
    count, first_ts = await storage.find_load(tx, event.user_id)
    if count >= limits.MAX_DELAYED_EVENTS:
        raise _TooMany(first_ts)
    await storage.add_delayed(tx, event)
    return event.delay_id


async def get_delayed(world: World, requester: Requester, delay_id: str) -> DelayedEvent:
    """One of the requester's own, waiting or ended."""
    event = await world.store.read(storage.find_delayed, delay_id)
    if event is None or event.user_id != requester.user_id:
        raise _unknown()
    return event


async def list_delayed(world: World, requester: Requester, wanted: Wanted) -> tuple[list[DelayedEvent], int | None]:
    """A page of the requester's own, and the offset of the next one if there is."""
    found = await world.store.read(storage.find_page, requester.user_id, wanted)
    is_more = len(found) > limits.DELAYED_PAGE
    return found[: limits.DELAYED_PAGE], wanted.offset + limits.DELAYED_PAGE if is_more else None


async def manage_delayed(world: World, delay_id: str, action: str) -> None:
    """Sends, cancels or restarts it. Whoever knows the id may ("Delegating delayed events").

    What was done already is done; M_UNKNOWN (409) where it ended otherwise, and the refusal where it cannot be sent.
    """
    if action not in _ENDS:
        raise InvalidParam("The action is send, cancel or restart.", "L'action est send, cancel ou restart.")
    event = await world.store.read(storage.find_delayed, delay_id)
    if event is None:
        raise _unknown()
    if event.outcome != SCHEDULED:
        _check_same_end(event, action)
    elif action == "send":
        event_id = await _send(world, event)
        await world.store.write(storage.set_ended, delay_id, End(SENT, "action", world.clock.now_ms(), event_id))
    elif action == "cancel":
        end = End(CANCELLED, "action", world.clock.now_ms())
        if not await world.store.write(storage.set_ended, delay_id, end):
            await manage_delayed(world, delay_id, action)
    else:
        due_ts = await world.store.write(storage.set_restarted, delay_id, world.clock.now_ms())
        if due_ts is None:
            await manage_delayed(world, delay_id, action)


def _check_same_end(event: DelayedEvent, action: str) -> None:
    is_cancelled = event.outcome in (CANCELLED, FAILED)
    if (CANCELLED if is_cancelled else SENT) == _ENDS[action]:
        return
    raise MatrixError(
        "M_UNKNOWN",
        "This delayed event was cancelled already." if is_cancelled else "This delayed event was sent already.",
        "Ce message différé est déjà annulé." if is_cancelled else "Ce message différé est déjà envoyé.",
        status_hint=409,
    )


def _unknown() -> NotFound:
    return NotFound("There is no such delayed event.", "Ce message différé n'existe pas.")


async def send_delayed(world: World) -> None:
    """Runs until cancelled: sends each event when its time comes."""
    while True:
        world.live.delayed.begin()
        await send_due(world)
        next_ts = await world.store.read(storage.find_next_ts)
        wait_s = _IDLE_S if next_ts is None else (next_ts - world.clock.now_ms()) / 1000
        await world.live.delayed.wait(next_ts, min(max(wait_s, 0), _IDLE_S))


async def send_due(world: World) -> int:
    """Sends every event whose time has come; answers how many entered their rooms."""
    sent = 0
    while due := await world.store.read(storage.find_due, world.clock.now_ms()):
        sent += sum(await asyncio.gather(*(_send_due(world, event) for event in due)))
    return sent


async def _send_due(world: World, event: DelayedEvent) -> bool:
    end = End(SENT, "delay", world.clock.now_ms())
    try:
        end = replace(end, event_id=await _send(world, event))
    except MatrixError as error:
        told = {"errcode": error.errcode, "error": error.en, **error.extra}
        end = replace(end, outcome=FAILED, error=encode_json(told))
    except Exception:
        log.exception("a delayed event could not be sent")
        if world.clock.now_ms() < event.since_ts + event.delay_ms + limits.DELAYED_PATIENCE_MS:
            later_ts = world.clock.now_ms() + limits.DELAYED_RETRY_MS
            await world.store.write(storage.set_postponed, event.delay_id, later_ts)
            return False
        end = replace(end, outcome=FAILED, error=encode_json({"errcode": "M_UNKNOWN", "error": "Internal error"}))
    await world.store.write(storage.set_ended, event.delay_id, end)
    return end.outcome == SENT


async def _send(world: World, event: DelayedEvent) -> str:
    """The event enters its room, under the law of this moment; again, it answers the id it has."""
    requester = await _sender_of(world, event)
    _check_rate(world, requester)
    content = decode_json(event.content)
    assert isinstance(content, dict)
    txn_id = delayed_transaction(event.delay_id)
    if event.state_key is None:
        media = tuple(map(parse_mxc, event.media.split()))
        message = MessageWish(event.type, content, event.origin_server_ts, media)
        return await send_event(world, requester, event.room_id, message, txn_id)
    state = StateWish(event.type, event.state_key, content, event.origin_server_ts, (event.device_id, txn_id))
    try:
        return await set_state(world, requester, event.room_id, state)
    except AlreadySent as earlier:
        return earlier.event_id


async def _sender_of(world: World, event: DelayedEvent) -> Requester:
    """Who scheduled it, as they are now; their device may be gone, and its leaving a call is told all the same."""
    account, administration = await world.store.read(_find_sender, event.user_id)
    if account is None or account.deactivated_ts is not None:
        raise MatrixError("M_USER_DEACTIVATED", "This account was closed.", "Ce compte est fermé.")
    if account.locked_ts is not None:
        raise user_locked()
    if account.suspended_ts is not None:
        raise user_suspended()
    if account.expires_ts is not None and account.expires_ts <= world.clock.now_ms():
        raise account_expired()
    instance = world.settings.find_instance(account.instance)
    return Requester(
        event.user_id,
        event.device_id,
        0,
        account.instance,
        is_external=instance is not None and instance.is_external and not world.settings.test_profile,
        appservice_id=event.appservice_id,
        administration_id=account.administration_id,
        refuses_clear=administration is None or administration.refuses_clear,
    )


async def _find_sender(tx: Tx, user_id: str) -> tuple[Account | None, Administration | None]:
    return await accounts.find_account(tx, user_id), await administrations.find_administration_of(tx, user_id)


def _check_rate(world: World, requester: Requester) -> None:
    """ "Rate-limiting at the point of sending"."""
    if is_unlimited(world, requester):
        return
    wait_ms = world.live.rate_limits.take("message", requester.user_id, world.clock.monotonic())
    if wait_ms:
        raise LimitExceeded(wait_ms)
