"""Deciding who is to be notified of what was appended, off the road of those who send.

What an event gives was decided as it was appended (``services/push``). This duty follows the committed events by
position and looks at nobody but the people with pushers. How far it is stands on the disk, moved in the transaction
that queues the notifications: a crash neither loses nor repeats one.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tchap.base import limits
from tchap.base.encoding import decode_json
from tchap.protocol.events import Event
from tchap.protocol.notices import RuleVersion, class_in_force
from tchap.protocol.power_levels import PowerLevels
from tchap.protocol.push_audience import actions_text
from tchap.protocol.push_rules import Person, evaluate, push_facts
from tchap.protocol.room_versions import ROOM_VERSIONS
from tchap.services.push_rules import parse_stored_rules
from tchap.services.world import World
from tchap.storage import push_deciding, push_deliveries
from tchap.storage.database import Tx
from tchap.storage.push_deciding import Marks, Stay, ToldEvent
from tchap.storage.push_deliveries import Delivery, Subject
from tchap.storage.push_rules import find_rules
from tchap.storage.pushers import Pusher, find_served, has_pushers, set_badge_due

_NOTHING = "[]"
_NO_LEVELS = PowerLevels(ROOM_VERSIONS["11"], None, frozenset())


async def decide_pushes(world: World) -> None:
    """Runs until cancelled."""
    alarm = world.live.push
    while True:
        alarm.events.clear()
        while await decide_round(world):
            continue
        try:
            async with asyncio.timeout(limits.PUSH_IDLE_S):
                await alarm.events.wait()
        except TimeoutError:
            continue
        await world.clock.sleep(limits.PUSH_ROUND_S)


@dataclass(frozen=True, slots=True)
class Round:
    """What one look found: ``done`` is what the disk says was looked at, ``end`` up to where this look goes."""

    done: int
    end: int
    is_full: bool
    deliveries: tuple[Delivery, ...] = ()
    readers: frozenset[str] = frozenset()


async def decide_round(world: World) -> bool:
    """Looks at what was appended since the last round; True where there is more to look at."""
    alarm, now_ms = world.live.push, world.clock.now_ms()
    upto = await world.store.horizon()
    found = await world.store.read(_look, alarm.seen_upto, upto, now_ms)
    if found.deliveries or found.readers or found.end - found.done > limits.PUSH_UNSAVED:
        await world.store.write(_keep, found, now_ms)
    alarm.seen_upto = max(alarm.seen_upto, found.end)
    if found.deliveries or found.readers:
        alarm.hear_pushers()
    return found.is_full


async def _keep(tx: Tx, found: Round, now_ms: int) -> None:
    if not await push_deciding.move_progress(tx, found.done, found.end):
        return
    if found.deliveries:
        await push_deliveries.add_deliveries(tx, found.deliveries)
    if found.readers:
        # What somebody sends reads what came before it.
        await set_badge_due(tx, found.readers, now_ms)


async def _look(tx: Tx, seen_upto: int, upto: int, now_ms: int) -> Round:
    done = await push_deciding.find_progress(tx)
    since = max(done, seen_upto)
    if upto <= since or not await has_pushers(tx):
        return Round(done, max(since, upto), False)
    events, end = await push_deciding.find_told_events(tx, since, upto)
    rooms = {event.room_id for event in events}
    stays = await push_deciding.find_stays(tx, rooms, since) if rooms else []
    invited = {event.event_id: event for event in events if _is_invitation(event)}
    people = {stay.user_id for stay in stays} | {event.state_key or "" for event in invited.values()}
    deliveries: tuple[Delivery, ...] = ()
    if people:
        pushers = _by_owner(await find_served(tx, people, now_ms))
        facts = await _gather(tx, frozenset(pushers), stays, (rooms, since, end)) if pushers else _Facts()
        subjects = (*_told(events, facts), *_told_invited(invited.values(), facts))
        deliveries = tuple(of for who, subject in subjects for of in _for_all(pushers.get(who, ()), subject, now_ms))
    readers = {event.sender for event in events if event.state_key is None} & {stay.user_id for stay in stays}
    return Round(done, end, end < upto, deliveries, frozenset(readers))


def _for_all(pushers: Iterable[Pusher], subject: Subject, now_ms: int) -> Iterator[Delivery]:
    for pusher in pushers:
        yield push_deliveries.of_event(pusher, subject, now_ms)


def _by_owner(pushers: Iterable[Pusher]) -> dict[str, list[Pusher]]:
    found: dict[str, list[Pusher]] = defaultdict(list)
    for pusher in pushers:
        found[pusher.user_id].append(pusher)
    return found


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the decision needs of the people who have pushers."""

    people: frozenset[str] = frozenset()
    stays: dict[str, list[Stay]] = field(default_factory=dict)
    shared: dict[str, dict[int, str]] = field(default_factory=dict)
    personal: dict[tuple[str, str], str] = field(default_factory=dict)
    versions: dict[str, tuple[RuleVersion, ...]] = field(default_factory=dict)
    marks: Marks = field(default_factory=lambda: Marks({}))
    ignored: dict[str, frozenset[str]] = field(default_factory=dict)
    rules: dict[str, bytes] = field(default_factory=dict)

    def actions(self, event: ToldEvent, user_id: str) -> str:
        """By the rules in force when the event was appended."""
        own = self.personal.get((event.event_id, user_id))
        if own is not None:
            return own or _NOTHING
        versions = self.versions.get(user_id, ())
        number = sum(version.from_position < event.position for version in versions)
        class_id = class_in_force(versions, number, event.room_id)
        return self.shared.get(event.event_id, {}).get(class_id, _NOTHING)


async def _gather(tx: Tx, people: frozenset[str], stays: Iterable[Stay], window: tuple[set[str], int, int]) -> _Facts:
    rooms, since, end = window
    by_room: dict[str, list[Stay]] = defaultdict(list)
    for stay in stays:
        if stay.user_id in people:
            by_room[stay.room_id].append(stay)
    return _Facts(
        people,
        by_room,
        await push_deciding.find_class_notices(tx, by_room, since, end),
        await push_deciding.find_personal_notices(tx, people, by_room, (since, end)),
        await push_deciding.find_versions_of(tx, people),
        await push_deciding.find_marks(tx, people, rooms),
        await push_deciding.find_ignored_by(tx, people),
        {stored.user_id: stored.rules for stored in await find_rules(tx, people)},
    )


def _told(events: Iterable[ToldEvent], facts: _Facts) -> Iterator[tuple[str, Subject]]:
    """Who is told of what, among those who were in the room and still are."""
    for event in events:
        for stay in facts.stays.get(event.room_id, ()):
            if not _was_there(stay, event) or not _concerns(event, stay.user_id, facts):
                continue
            actions = facts.actions(event, stay.user_id)
            if actions != _NOTHING:
                yield stay.user_id, _subject(event, actions)


def _was_there(stay: Stay, event: ToldEvent) -> bool:
    return stay.from_position < event.position and (stay.to_position is None or event.position < stay.to_position)


def _concerns(event: ToldEvent, user_id: str, facts: _Facts) -> bool:
    """ "Homeservers MUST NOT notify the Push Gateway for events that the user has sent themselves"."""
    if event.sender == user_id or event.sender in facts.ignored.get(user_id, ()):
        return False
    return not facts.marks.has_read(user_id, (event.room_id, event.thread_id), event.position)


def _subject(event: ToldEvent, actions: str) -> Subject:
    return Subject(event.event_id, event.room_id, event.position, event.thread_id, actions)


def _is_invitation(event: ToldEvent) -> bool:
    if event.type != "m.room.member" or event.state_key in (None, event.sender):
        return False
    return _content(event).get("membership") == "invite"


def _content(event: ToldEvent) -> dict[str, object]:
    whole = decode_json(event.member_json) if event.member_json is not None else None
    content = whole.get("content") if isinstance(whole, dict) else None
    return content if isinstance(content, dict) else {}


def _told_invited(invitations: Iterable[ToldEvent], facts: _Facts) -> Iterator[tuple[str, Subject]]:
    """Who is invited is in no class of the room yet: their own rules are asked here."""
    for event in invitations:
        user_id = event.state_key or ""
        if user_id in facts.people and event.sender not in facts.ignored.get(user_id, ()):
            actions = _judge_invitation(event, user_id, facts.rules.get(user_id))
            if actions != _NOTHING:
                yield user_id, _subject(event, actions)


def _judge_invitation(event: ToldEvent, user_id: str, rules: bytes | None) -> str:
    shown = Event(
        event_id=event.event_id,
        room_id=event.room_id,
        type=event.type,
        sender=event.sender,
        content=_content(event),
        state_key=event.state_key,
    )
    localpart = user_id[1:].partition(":")[0]
    person = Person(user_id, localpart, None)
    facts = push_facts(shown, 0, _NO_LEVELS)
    return actions_text(evaluate(parse_stored_rules(user_id, rules), facts, person))
