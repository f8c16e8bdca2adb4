"""Notifications by e-mail: what stayed unread for a while, one mail for all rooms that have something new."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from tchap.gateways.push_mail import MailedRoom, unread_mail
from tchap.services.push_facts import Batch, room_label, verdict_on
from tchap.storage import push_deliveries as queue
from tchap.storage.accounts import find_emails_of
from tchap.storage.mail_outbox import OutgoingMail, add_mail, add_to_mailbox
from tchap.storage.pushers import PusherKey, remove_pusher

if TYPE_CHECKING:
    from tchap.services.world import World
    from tchap.storage.database import Tx
    from tchap.storage.push_deliveries import Delivery

UNSUBSCRIBE_PATH = "/_tchap/push/unsubscribe"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one look at a mail pusher changes."""

    rows: tuple[tuple[int, str, str], ...]
    mail: OutgoingMail | None
    room_ids: tuple[str, ...]
    wait_until_ts: int
    is_mailbox: bool


async def mail_unread(world: World, batch: Batch) -> None:
    """Writes to the pusher's owner about the rooms where something has waited long enough, and asks to look again."""
    now_ms = world.clock.now_ms()
    ended, unread = _sort(batch)
    mailed = await world.store.read(queue.find_mailed, batch.pusher.user_id, list(unread))
    due, next_ts = _due(world, unread, mailed)
    rows = [*ended, *((each.delivery_id, "sent", "mail") for room in due for each in unread[room])]
    mail = _mail(world, batch, {room: unread[room] for room in due}) if due else None
    outcome = _Outcome(tuple(rows), mail, due, next_ts, world.mailer.is_mailbox)
    if await world.store.write(_keep, batch.pusher.key, outcome, now_ms) and mail is not None:
        world.metrics.pushes.labels("email", "sent").inc()
        world.mailer.wake()


def _sort(batch: Batch) -> tuple[list[tuple[int, str, str]], dict[str, list[Delivery]]]:
    """What needs no mail any more, and the rest by room."""
    ended, unread = [], defaultdict(list)
    for delivery in batch.waiting:
        verdict = verdict_on(batch, delivery)
        if verdict is not None:
            ended.append((delivery.delivery_id, verdict, ""))
        else:
            unread[delivery.room_id or ""].append(delivery)
    return ended, unread


def _due(world: World, unread: dict[str, list[Delivery]], mailed: dict[str, int]) -> tuple[tuple[str, ...], int]:
    """The rooms to write about now, and when to look again (0: when something new comes)."""
    now_ms, settings = world.clock.now_ms(), world.settings.push
    times = {
        room_id: max(
            waiting[0].decided_ts + settings.email_delay_s * 1000,
            mailed.get(room_id, -(2**62)) + settings.email_room_interval_s * 1000,
        )
        for room_id, waiting in unread.items()
    }
    later = [time for time in times.values() if time > now_ms]
    # Whatever comes meanwhile in another room is looked at in time.
    next_ts = min(*later, now_ms + settings.email_delay_s * 1000) if later else 0
    return tuple(room_id for room_id, time in times.items() if time <= now_ms), next_ts


def _mail(world: World, batch: Batch, rooms: dict[str, list[Delivery]]) -> OutgoingMail:
    url, token = world.settings.public_url, world.push_keys.sign(batch.pusher.key)
    shown = [_room(batch, room_id, waiting, url) for room_id, waiting in rooms.items()]
    stop = f"{url}{UNSUBSCRIBE_PATH}?{urlencode({'token': token})}"
    return unread_mail(batch.pusher.pushkey, batch.pusher.lang, shown, stop)


def _room(batch: Batch, room_id: str, waiting: list[Delivery], url: str) -> MailedRoom:
    """An invitation's room is not named: its name is anybody's to choose, and would speak in ours."""
    is_member = batch.memberships.get(room_id) == "join"
    events = [batch.events[each.event_id or ""] for each in waiting]
    names = dict.fromkeys(event.sender_name or event.sender for event in events)
    link = f"{url}/#/room/{quote(room_id, safe='')}"
    name = room_label(batch, room_id) if is_member else None
    return MailedRoom(name, tuple(names), len(waiting), link, not is_member)


async def _keep(tx: Tx, key: PusherKey, outcome: _Outcome, now_ms: int) -> bool:
    """False where the address is not the person's any more: their pusher goes, and nothing is sent there."""
    if key.pushkey not in {email.email for email in await find_emails_of(tx, key.user_id)}:
        await queue.end_waiting(tx, key, "dropped")
        await remove_pusher(tx, key.user_id, key.app_id, key.pushkey)
        return False
    await queue.set_outcomes(tx, outcome.rows, now_ms)
    if outcome.mail is not None:
        await (add_to_mailbox if outcome.is_mailbox else add_mail)(tx, outcome.mail, now_ms)
        await queue.set_mailed(tx, key.user_id, outcome.room_ids, now_ms)
    await queue.set_wait(tx, key, outcome.wait_until_ts)
    return True


async def unsubscribe(world: World, token: str) -> bool:
    """Ends the e-mail notifications that the link of a mail names; False for a link that is not ours."""
    key = world.push_keys.read(token)
    if key is None:
        return False
    # A link followed twice ends the same notifications once.
    await world.store.write(_remove, key)
    return True


async def _remove(tx: Tx, key: PusherKey) -> None:
    await queue.end_waiting(tx, key, "dropped")
    await remove_pusher(tx, key.user_id, key.app_id, key.pushkey)
