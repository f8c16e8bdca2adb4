"""Typing and receipts for application services that want them.

Source: application-service API, "Pushing ephemeral data".
"""

from __future__ import annotations

from dataclasses import dataclass

from tchap.base.identity import Requester
from tchap.protocol.appservices import AppService
from tchap.services.appservices import interested_in_room
from tchap.services.live_rooms import find_live_room
from tchap.services.world import World


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """What somebody read, and when."""

    receipt_type: str
    event_id: str
    thread_id: str
    ts: int


async def tell_typing(world: World, room_id: str) -> None:
    """Somebody began or ceased to type in the room."""
    for service in await _interested(world, room_id):
        _tell_typing(world, service, room_id)


def refresh_typing(world: World, service: AppService) -> None:
    """Tells of those who ceased to type without saying so."""
    for service_id, room_id in list(world.live.appservices.typing):
        if service_id == service.id:
            _tell_typing(world, service, room_id)


def is_told_of_typing(world: World, service: AppService) -> bool:
    """Whether the service believes somebody to be typing."""
    return any(service_id == service.id for service_id, _ in world.live.appservices.typing)


def _tell_typing(world: World, service: AppService, room_id: str) -> None:
    typists, known = world.live.typing.typists(room_id), world.live.appservices.typing
    if typists == known.get((service.id, room_id), []):
        return
    if typists:
        known[service.id, room_id] = typists
    else:
        del known[service.id, room_id]
    event = {"type": "m.typing", "room_id": room_id, "content": {"user_ids": typists}}
    world.live.appservices.tell_ephemeral(service.id, event)


async def tell_receipt(world: World, requester: Requester, room_id: str, seen: SeenEvent) -> None:
    """Somebody read an event; a private receipt is only for the services whose user they are."""
    mark = {"ts": seen.ts} | ({"thread_id": seen.thread_id} if seen.thread_id else {})
    content = {seen.event_id: {seen.receipt_type: {requester.user_id: mark}}}
    for service in await _interested(world, room_id):
        if seen.receipt_type == "m.read" or service.has_user(requester.user_id):
            event = {"type": "m.receipt", "room_id": room_id, "content": content}
            world.live.appservices.tell_ephemeral(service.id, event)


async def _interested(world: World, room_id: str) -> list[AppService]:
    room = await find_live_room(world, room_id) if world.appservices.all else None
    return interested_in_room(world, room) if room is not None else []
