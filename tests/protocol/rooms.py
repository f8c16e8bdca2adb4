"""Rooms made by hand: every event built and named as the law says, with the auth events its state gives it."""

from dataclasses import dataclass, field
from typing import Any

from tchap.protocol.auth_rules import StateKey, auth_types_for
from tchap.protocol.events import Event, EventFields, build_event
from tchap.protocol.room_versions import ROOM_VERSIONS, RoomVersion

ALICE = "@alice:prefecture.example.fr"
BOB = "@bob:prefecture.example.fr"
CHLOE = "@chloe:mairie.example.fr"
DENIS = "@denis:mairie.example.fr"
ROOM_ID = "!salle:prefecture.example.fr"

State = dict[StateKey, Event]
ALL_VERSIONS = tuple(ROOM_VERSIONS)


@dataclass
class Room:
    """A room under construction; `events` holds every event made, whatever became of it."""

    version: RoomVersion
    events: dict[str, Event] = field(default_factory=dict)
    room_id: str = ROOM_ID
    state: State = field(default_factory=dict)

    def make(self, sender: str, event_type: str, content: dict[str, Any], **more: Any) -> Event:
        """An event on top of `state` (the room's own by default), judged by nobody yet."""
        state = more.pop("state", self.state)
        number = len(self.events)
        fields = EventFields(
            room_id=self.room_id,
            type=event_type,
            sender=sender,
            content=content,
            origin_server_ts=more.pop("ts", 1000 + number),
            depth=more.pop("depth", number + 1),
            event_id=f"$event{number}:{sender.partition(':')[2]}",
            **more,
        )
        draft = build_event(self.version, fields).event
        cited = tuple(state[key].event_id for key in sorted(auth_types_for(self.version, draft)) if key in state)
        fields = EventFields(
            **{name: getattr(fields, name) for name in fields.__struct_fields__} | {"auth_events": cited}
        )
        event = build_event(self.version, fields).event
        self.events[event.event_id] = event
        return event

    def set(self, sender: str, event_type: str, content: dict[str, Any], state_key: str = "", **more: Any) -> Event:
        """A state event, taken into the room's state."""
        event = self.make(sender, event_type, content, state_key=state_key, **more)
        self.state = {**self.state, (event_type, state_key): event}
        return event

    def member(self, sender: str, target: str, membership: str, **content: Any) -> Event:
        """A membership, taken into the room's state."""
        return self.set(sender, "m.room.member", {"membership": membership, **content}, target)

    @property
    def ids(self) -> dict[StateKey, str]:
        """The room's state as ids."""
        return {key: event.event_id for key, event in self.state.items()}


def new_room(version: str, join_rule: str = "public", **levels: Any) -> Room:
    """A room Alice made, with her inside and power levels in which she has 100, Bob 50."""
    room = Room(ROOM_VERSIONS[version])
    content: dict[str, Any] = {"room_version": version}
    if room.version.creator_in_content:
        content["creator"] = ALICE
    create = room.set(ALICE, "m.room.create", content)
    room.room_id = create.room_id
    first_join = {"membership": "join"}
    room.set(ALICE, "m.room.member", first_join, ALICE, prev_events=(create.event_id,))
    users = {BOB: 50} if room.version.creators_reign else {ALICE: 100, BOB: 50}
    room.set(ALICE, "m.room.power_levels", {"users": users, **levels})
    room.set(ALICE, "m.room.join_rules", {"join_rule": join_rule})
    return room


def with_people(room: Room, *people: str) -> Room:
    """The room with these people joined."""
    for person in people:
        room.member(person, person, "join")
    return room
