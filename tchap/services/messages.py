"""Sending and redacting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tchap.base.errors import Forbidden, NotFound
from tchap.base.identity import Requester
from tchap.live.rooms import LiveRoom
from tchap.live.transactions import TransactionKey
from tchap.policy.room_events import decide_redaction
from tchap.protocol.identifiers import MediaUri
from tchap.services.erasure import erase
from tchap.services.live_rooms import get_room_or_forbid
from tchap.services.refusals import user_suspended
from tchap.services.room_law import check_decision, freedom_of
from tchap.services.timeline import Draft, append
from tchap.services.timeline_writes import Erasure
from tchap.services.world import World
from tchap.storage.events import AlreadySent, find_event


@dataclass(frozen=True, slots=True)
class MessageWish:
    """A message to send; ``origin_server_ts`` only where an application service says when it was written.

    ``media``: the files the sender declares with it, for the server cannot read them in what is encrypted.
    """

    type: str
    content: dict[str, Any]
    origin_server_ts: int | None = None
    media: tuple[MediaUri, ...] = ()


async def send_event(world: World, requester: Requester, room_id: str, wish: MessageWish, txn_id: str) -> str:
    """Sends a message event; answers its id. The same transaction id answers the same event."""
    kind, content = wish.type, wish.content
    if kind == "m.room.redaction" and isinstance(content.get("redacts"), str):
        # Room version 11 names the event in the content, so a redaction may be sent like any message.
        return await redact_event(world, requester, room_id, (content["redacts"], content), txn_id)
    if requester.is_suspended:
        # Client-server API, "Account suspension": no messages, but redactions of one's own.
        raise user_suspended()
    key = (requester.user_id, requester.device_id, f"{room_id} {kind}", txn_id)
    repeated = await world.live.transactions.find(key)
    if repeated is not None:
        return repeated
    draft = Draft(
        kind,
        requester.user_id,
        content,
        origin_server_ts=wish.origin_server_ts,
        txn=(requester.device_id, txn_id),
        freedom=freedom_of(world, requester),
        media=wish.media,
    )
    return await _append_once(world, room_id, draft, key)


async def _append_once(
    world: World, room_id: str, draft: Draft, key: TransactionKey, erasure: Erasure | None = None
) -> str:
    answer = world.live.transactions.begin(key)
    try:
        event_id = (await append(world, room_id, (draft,), erasure))[0].event_id
    except AlreadySent as earlier:
        # The id was used before this process began to remember, or by a caller who went away.
        event_id = earlier.event_id
    except BaseException:
        world.live.transactions.give_up(key, answer)
        raise
    answer.set_result(event_id)
    return event_id


async def redact_event(
    world: World, requester: Requester, room_id: str, wish: tuple[str, dict[str, Any]], txn_id: str
) -> str:
    """Redacts `(event id, content)`; the redacted content is erased from the database in the same commit."""
    event_id, content = wish
    key = (requester.user_id, requester.device_id, f"{room_id} redact {event_id}", txn_id)
    repeated = await world.live.transactions.find(key)
    if repeated is not None:
        return repeated
    room = await get_room_or_forbid(world, room_id)
    target = await world.store.read(find_event, event_id)
    if target is None or target.room_id != room_id:
        raise NotFound("There is no such message in this room.", "Ce message n'existe pas dans ce salon.")
    if requester.is_suspended and target.sender != requester.user_id:
        raise user_suspended()
    _check_may_redact(room, requester.user_id, target.sender)
    freedom = freedom_of(world, requester)
    if not world.settings.test_profile and not freedom.is_above_law:
        check_decision(decide_redaction(target.type, target.state_key is not None))
    # Room version 11 moved `redacts` into the content; the event builder puts it where the version wants it.
    draft = Draft(
        "m.room.redaction",
        requester.user_id,
        content,
        redacts=event_id,
        txn=(requester.device_id, txn_id),
        freedom=freedom,
    )
    return await _append_once(world, room_id, draft, key, Erasure(erase(room.version, target)))


def _check_may_redact(room: LiveRoom, user_id: str, sender: str) -> None:
    # The auth rules let a whole server redact its own; a person redacts what they sent, or needs the level.
    if user_id != sender and not room.power_levels.may(user_id, "redact"):
        raise Forbidden("You may not delete this message.", "Vous n'avez pas le droit de supprimer ce message.")
