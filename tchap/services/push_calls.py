"""Calling one pusher: a push gateway, or the push service of a browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.base.outbound import OutboundAnswer, OutboundError, OutboundRequest
from tchap.gateways.web_push import MAX_TEXT_BYTES, SALT_BYTES, encrypt, fresh_key, parse_subscription, parse_url_base64
from tchap.protocol.push_payloads import Counts, counts_json, device_json, notify_body, web_push_text
from tchap.services.world import World
from tchap.storage.pushers import WEB_PUSH_KINDS, Pusher

SENT = "sent"
GONE = "rejected"
REFUSED = "failed"
RETRY = "waiting"

_HTTP_GONE = (404, 410)
_TOO_LARGE = 413


@dataclass(frozen=True, slots=True)
class Message:
    """What to tell: ``about`` are the fields of an event, empty where only the counts changed."""

    about: Mapping[str, Any]
    tweaks: Mapping[str, Any]
    counts: Counts


@dataclass(frozen=True, slots=True)
class Answer:
    """``outcome``: ``sent``, ``rejected`` (this pusher is no more), ``failed`` (this message never will) or ``waiting``
    (try again, not before ``retry_ms``); ``text`` is for the ledger."""

    outcome: str
    text: str
    retry_ms: int = 0


async def call_pusher(world: World, pusher: Pusher, message: Message) -> Answer:
    """One call, behind the outbound guard."""
    answer = await (_call_browser if pusher.kind in WEB_PUSH_KINDS else _call_gateway)(world, pusher, message)
    outcome = "retried" if answer.outcome == RETRY else answer.outcome
    world.metrics.pushes.labels("web" if pusher.kind in WEB_PUSH_KINDS else "http", outcome).inc()
    return answer


def data_of(pusher: Pusher) -> dict[str, Any]:
    """The pusher's data, an object whoever wrote it."""
    data = decode_json(pusher.data)
    return data if isinstance(data, dict) else {}


async def _send(world: World, request: OutboundRequest) -> OutboundAnswer | Answer:
    try:
        return await world.outbound.send(request)
    except OutboundError as error:
        return Answer(RETRY, f"no answer: {error}"[: limits.MAX_PUSH_ANSWER_SHOWN])


async def _call_gateway(world: World, pusher: Pusher, message: Message) -> Answer:
    """Push gateway API, `POST /_matrix/push/v1/notify`."""
    data = data_of(pusher)
    device = device_json((pusher.app_id, pusher.pushkey, pusher.created_ts), data, message.tweaks)
    body = notify_body(device, counts_json(message.counts, not message.about), message.about)
    answer = await _send(world, _request(str(data.get("url")), {"content-type": "application/json"}, body))
    if isinstance(answer, Answer):
        return answer
    if not answer.is_success:
        return _trouble(answer)
    # "Homeservers must cease sending notification requests for these pushkeys and remove the associated pushers."
    if pusher.pushkey in _rejected(answer.body):
        return Answer(GONE, f"{answer.status} rejected")
    return Answer(SENT, str(answer.status))


def _request(url: str, headers: Mapping[str, str], body: bytes) -> OutboundRequest:
    return OutboundRequest("POST", url, headers, body, limits.PUSH_TIMEOUT_S, limits.MAX_PUSH_ANSWER)


def _rejected(body: bytes) -> list[object]:
    try:
        said = decode_json(body)
    except ValueError:
        return []
    keys = said.get("rejected") if isinstance(said, dict) else None
    return keys if isinstance(keys, list) else []


def _trouble(answer: OutboundAnswer) -> Answer:
    """ "If the endpoint returns an HTTP error code, the homeserver SHOULD retry for a reasonable amount of time"."""
    after = answer.headers.get("retry-after", "")
    retry_ms = min(int(after) * 1000, limits.PUSH_MAX_RETRY_MS) if after.isascii() and after.isdigit() else 0
    return Answer(RETRY, str(answer.status), retry_ms)


async def _call_browser(world: World, pusher: Pusher, message: Message) -> Answer:
    """RFC 8030, section 5: one encrypted message to the subscription's address."""
    data = data_of(pusher)
    url, is_event = str(data.get("url")), message.counts != NO_COUNTS
    base = data.get("default_payload") if is_event else None
    counts = counts_json(message.counts, keep_zero=True) if is_event else {}
    text = web_push_text(base if isinstance(base, dict) else {}, message.about, counts, MAX_TEXT_BYTES)
    subscription = parse_subscription(pusher.pushkey, str(data.get("auth")))
    salt = parse_url_base64(world.entropy.token(SALT_BYTES))
    headers = {
        "content-type": "application/octet-stream",
        "content-encoding": "aes128gcm",
        "ttl": str(limits.WEB_PUSH_TTL_S),
        "urgency": "high" if message.about.get("prio") == "high" else "normal",
        "authorization": world.push_keys.vapid.authorization(url, world.clock.now_ms() // 1000),
    }
    answer = await _send(world, _request(url, headers, encrypt(text, subscription, fresh_key(), salt)))
    if isinstance(answer, Answer):
        return answer
    if answer.status in _HTTP_GONE:
        # RFC 8030, section 7.3: the subscription ended.
        return Answer(GONE, str(answer.status))
    if answer.status == _TOO_LARGE:
        return Answer(REFUSED, str(answer.status))
    return Answer(SENT, str(answer.status)) if answer.is_success else _trouble(answer)


NO_COUNTS = Counts(-1, -1)
