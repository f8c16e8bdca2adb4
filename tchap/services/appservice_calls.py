"""Calling application services: what they are asked and told.

Source: application-service API, "Homeserver -> Application Service API".
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import structlog

from tchap.base import limits
from tchap.base.encoding import encode_json
from tchap.base.errors import Forbidden, MatrixError
from tchap.base.identity import Requester
from tchap.base.outbound import OutboundAnswer, OutboundError, OutboundRequest
from tchap.protocol.appservices import AppService
from tchap.protocol.identifiers import server_of
from tchap.protocol.stored_event import StoredEvent
from tchap.services.appservice_news import is_told_of_typing, refresh_typing
from tchap.services.world import World
from tchap.storage import appservices as queue

_IDLE_S = 30.0  # another process may have queued something without waking us
_TYPING_S = 1.0  # somebody may have stopped typing

log = structlog.get_logger(__name__)


async def push_to_appservices(world: World) -> None:
    """Runs until cancelled; each service is served by itself, so that one that is away delays no other."""
    async with asyncio.TaskGroup() as group:
        for service in world.appservices.all:
            if service.url:
                group.create_task(_serve(world, service))


async def _serve(world: World, service: AppService) -> None:
    waker = world.live.appservices.waker(service.id)
    while True:
        waker.clear()
        refresh_typing(world, service)
        if await _push_events(world, service) or await _push_ephemeral(world, service):
            continue
        try:
            async with asyncio.timeout(_TYPING_S if is_told_of_typing(world, service) else _IDLE_S):
                await waker.wait()
        except TimeoutError:
            continue


async def _push_events(world: World, service: AppService) -> bool:
    """One transaction of what waits on disk; False when nothing does."""
    batch = await world.store.write(queue.begin_transaction, service.id)
    if batch is None:
        return False
    now_ms = world.clock.now_ms()
    await _deliver(world, service, batch.txn_id, {"events": [_shape(event, now_ms) for event in batch.events]})
    await world.store.write(queue.end_transaction, service.id, batch.txn_id)
    return True


def _shape(event: StoredEvent, now_ms: int) -> dict[str, Any]:
    return {**event.client(), "unsigned": {"age": now_ms - event.origin_server_ts}}


async def _push_ephemeral(world: World, service: AppService) -> bool:
    """Typing and receipts go by themselves: they do not outlive a restart, so no retry may depend on them."""
    events = world.live.appservices.take_ephemeral(service.id)
    if not events:
        return False
    txn_id = await world.store.write(queue.next_transaction, service.id)
    await _deliver(world, service, txn_id, {"events": [], "ephemeral": events})
    return True


async def _deliver(world: World, service: AppService, txn_id: int, body: dict[str, Any]) -> None:
    """Repeats the transaction, later and later, until it is taken ("Pushing events")."""
    call = Call("PUT", f"/_matrix/app/v1/transactions/{txn_id}", encode_json(body))
    wait_s = limits.APPSERVICE_RETRY_S
    while True:
        answer = await call_service(world, service, call)
        if answer is not None and answer.is_success:
            return
        reason = "no answer" if answer is None else f"status {answer.status}"
        log.warning("application service did not take a transaction", service=service.id, txn=txn_id, reason=reason)
        await world.clock.sleep(wait_s)
        wait_s = min(2 * wait_s, limits.APPSERVICE_MAX_RETRY_S)


async def ask_alias(world: World, alias: str) -> bool:
    """Whether a service made a room for this alias just now ("Querying")."""
    if server_of(alias) not in world.settings.instance_names:
        return False
    path = f"/_matrix/app/v1/rooms/{quote(alias, safe='')}"
    return await _ask(world, [each for each in world.appservices.all if each.has_alias(alias)], path)


async def ask_user(world: World, user_id: str) -> bool:
    """Whether a service registered this user just now ("Querying")."""
    path = f"/_matrix/app/v1/users/{quote(user_id, safe='')}"
    return await _ask(world, [each for each in world.appservices.all if each.has_user(user_id)], path)


async def _ask(world: World, services: list[AppService], path: str) -> bool:
    for service in services:
        answer = await call_service(world, service, Call("GET", path)) if service.url else None
        if answer is not None and answer.is_success:
            return True
    return False


async def ping(world: World, requester: Requester, service_id: str, transaction_id: str | None) -> int:
    """Calls the service that asks; how long its answer took, in milliseconds (client-server API, `…/ping`)."""
    service = world.appservices.find(service_id)
    if service is None or requester.appservice_id != service_id:
        raise Forbidden("This token is not the application service's as_token.")
    if not service.url:
        raise MatrixError("M_URL_NOT_SET", "The application service has no URL.")
    body = {} if transaction_id is None else {"transaction_id": transaction_id}
    began_s = world.clock.monotonic()
    answer = await call_service(world, service, Call("POST", "/_matrix/app/v1/ping", encode_json(body)))
    if answer is None:
        raise MatrixError("M_CONNECTION_FAILED", "The application service did not answer.")
    if not answer.is_success:
        text = answer.body[: limits.MAX_PING_BODY].decode("utf-8", "replace")
        # What came back is told as it is: `status` is a number of theirs, not of ours.
        raise MatrixError("M_BAD_STATUS", "The application service refused.", status=answer.status, body=text)
    return int((world.clock.monotonic() - began_s) * 1000)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a service; `path` follows its URL."""

    method: str
    path: str
    body: bytes = b""


async def call_service(world: World, service: AppService, call: Call) -> OutboundAnswer | None:
    """The answer, or None where there is none."""
    headers = {"authorization": f"Bearer {service.hs_token}"}
    if call.body:
        headers["content-type"] = "application/json"
    request = OutboundRequest(
        call.method, f"{service.url}{call.path}", headers, call.body, timeout_s=limits.APPSERVICE_TIMEOUT_S
    )
    try:
        return await world.outbound.send(request)
    except OutboundError as error:
        log.info("application service unreachable", service=service.id, reason=str(error))
        return None
