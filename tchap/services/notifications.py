"""The list of what a person was notified of (push module, "Listing Notifications")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tchap.base.encoding import decode_json
from tchap.base.identity import Requester
from tchap.protocol.sync_values import SyncEvent
from tchap.services.world import World
from tchap.storage.database import Tx
from tchap.storage.notifications import NoticePage, StoredNotice, find_notifications
from tchap.storage.sync import find_by_ids, find_joined_rooms


@dataclass(frozen=True, slots=True)
class NotificationList:
    """One page, newest first; ``next_below`` is the position the next one starts below, None at the end."""

    notifications: list[dict[str, Any]]
    next_below: int | None


async def list_notifications(world: World, requester: Requester, page: NoticePage) -> NotificationList:
    notices, events = await world.store.read(_load, requester.user_id, page)
    shown = [_show(notice, events[notice.event_id]) for notice in notices if notice.event_id in events]
    is_full = len(notices) >= page.limit
    return NotificationList(shown, notices[-1].position if is_full and notices else None)


async def _load(tx: Tx, user_id: str, page: NoticePage) -> tuple[list[StoredNotice], dict[str, SyncEvent]]:
    rooms = await find_joined_rooms(tx, user_id)
    notices = await find_notifications(tx, user_id, rooms, page)
    events = await find_by_ids(tx, [notice.event_id for notice in notices])
    return notices, {event.event_id: event for event in events}


def _show(notice: StoredNotice, event: SyncEvent) -> dict[str, Any]:
    return {
        "actions": decode_json(notice.actions.encode()),
        "event": decode_json(event.client_json),
        "read": notice.read,
        "room_id": notice.room_id,
        "ts": event.origin_server_ts,
    }
