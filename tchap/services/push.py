"""What an event gives people to notice, decided as it is sent (push module, "Receiving notifications").

The cost is one judgement per rule class among the room's members and one per person the event concerns by name,
whatever the number of members.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from tchap.live.audience import RoomAudience
from tchap.protocol.events import Event
from tchap.protocol.identifiers import server_of
from tchap.protocol.notices import Notices, PersonalNotice
from tchap.protocol.power_levels import PowerLevels, StateFact
from tchap.protocol.push_audience import (
    class_notices,
    class_of,
    default_member,
    find_concerned,
    judge_classes,
    judge_person,
    member_rules,
    rules_in_room,
)
from tchap.protocol.push_rules import Actions, PushFacts, push_facts
from tchap.services.push_rules import parse_stored_rules
from tchap.services.world import World
from tchap.storage.push_rules import StoredRules, find_rules

MEMBER = "m.room.member"


class JudgedRoom(Protocol):
    """What the decision needs of a room in memory."""

    @property
    def room_id(self) -> str: ...
    @property
    def joined(self) -> Collection[str]: ...
    @property
    def power_levels(self) -> PowerLevels: ...
    @property
    def state(self) -> Mapping[tuple[str, str], StateFact]: ...


async def decide_notices(world: World, room: JudgedRoom, event: Event) -> Notices:
    """The notices of an event about to be appended to the room; reads from disk only what memory lost.

    ``room`` is as it stands before the event.
    """
    audience = world.live.audience.get(room.room_id) or await _load(world, room)
    if audience.unloaded:
        await _reload(world, room, audience)
    if event.type == MEMBER and event.state_key is not None:
        # They came, or changed their name here: their rules are looked up before the next event is judged.
        audience.unloaded.add(event.state_key)
    facts = push_facts(event, len(room.joined), room.power_levels)
    judged = judge_classes(audience.classes, facts)
    notices = Notices(
        classes=class_notices(judged),
        people=tuple(_judge_people(world, room, audience, (event, facts), judged)),
        marks_read=event.state_key is None and server_of(event.sender) in world.keys,
        withdraws=_redacted_by(event),
    )
    audience.keep(event.event_id, notices)
    return notices


def _judge_people(
    world: World,
    room: JudgedRoom,
    audience: RoomAudience,
    judged_event: tuple[Event, PushFacts],
    judged: Mapping[int, Actions],
) -> list[PersonalNotice]:
    event, facts = judged_event
    found = []
    for user_id in find_concerned(audience.holes, audience.by_sender, audience.by_word, facts):
        # Whoever is invited is told too, though not a member yet.
        is_invited = event.type == MEMBER and event.state_key == user_id
        if (user_id in room.joined or is_invited) and server_of(user_id) in world.keys:
            notice = judge_person(audience.members.get(user_id) or default_member(user_id), judged, facts)
            if notice is not None:
                found.append(notice)
    return found


def _redacted_by(event: Event) -> str | None:
    if event.type != "m.room.redaction":
        return None
    redacts = event.content.get("redacts", event.redacts)
    return redacts if isinstance(redacts, str) else event.redacts


async def _load(world: World, room: JudgedRoom) -> RoomAudience:
    audience = RoomAudience()
    for stored in await world.store.read(find_rules, room.joined):
        _add(room, audience, stored)
    world.live.audience.put(room.room_id, audience)
    return audience


async def _reload(world: World, room: JudgedRoom, audience: RoomAudience) -> None:
    people = frozenset(audience.unloaded)
    audience.unloaded.difference_update(people)
    for stored in await world.store.read(find_rules, people):
        if stored.user_id in room.joined:
            _add(room, audience, stored)


def _add(room: JudgedRoom, audience: RoomAudience, stored: StoredRules) -> None:
    profile = room.state.get((MEMBER, stored.user_id))
    name = None if profile is None else profile.content.get("displayname")
    whole = class_of(parse_stored_rules(stored.user_id, stored.rules), stored.user_id)
    audience.add(
        member_rules(
            stored.user_id,
            stored.classes.class_in(room.room_id),
            rules_in_room(whole, room.room_id),
            name if isinstance(name, str) else None,
        )
    )
