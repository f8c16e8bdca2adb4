"""Hot rooms: what the send road checks and builds against, so that it reads nothing from disk.

A room here is *provisional*: it may be ahead of the disk by the appends that are being committed. When one of them
fails the room is dropped, and with it every append built on it (their jobs find the revision moved).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from tchap.base import limits
from tchap.protocol.auth_context import CREATE, POWER_LEVELS, StateKey
from tchap.protocol.events import Event
from tchap.protocol.power_levels import PowerLevels, power_levels_of
from tchap.protocol.room_versions import RoomVersion
from tchap.protocol.server_acls import SERVER_ACL, is_denied
from tchap.protocol.stored_event import StoredEvent


@dataclass(slots=True, eq=False)
class LiveRoom:
    """One room in memory.

    ``state``, ``joined``, ``extremities``, ``depth``, ``last_ordering`` and ``revision`` are provisional;
    ``last_position`` and ``recent`` hold committed facts only. Every committed event of the timeline with a position
    above ``recent_from_position`` is in ``recent``. ``committing`` appends are on their way to the disk.
    """

    room_id: str
    version: RoomVersion
    state: dict[StateKey, Event]
    extremities: tuple[str, ...] = ()
    depth: int = 0
    last_ordering: int = 0
    revision: int = 0
    last_position: int = 0
    recent_from_position: int = 0
    joined: set[str] = field(default_factory=set)
    recent: deque[StoredEvent] = field(default_factory=deque)
    reference_hashes: dict[str, str] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    committing: int = 0
    is_dropped: bool = False
    _denied: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.joined.update(
            key for (kind, key), event in self.state.items() if kind == "m.room.member" and _is_join(event)
        )

    def set_state(self, event: Event) -> None:
        """The event now holds its key."""
        assert event.state_key is not None
        self.state[(event.type, event.state_key)] = event
        if event.type == SERVER_ACL:
            self._denied.clear()
        if event.type == "m.room.member":
            (self.joined.add if _is_join(event) else self.joined.discard)(event.state_key)

    def remove_state(self, key: StateKey) -> None:
        """The key holds nothing: a fork was resolved without it."""
        self.state.pop(key, None)
        self._denied.clear()
        if key[0] == "m.room.member":
            self.joined.discard(key[1])

    def keep_reference(self, event_id: str, reference_hash: str) -> None:
        """Room versions 1 and 2: remembers how later events will refer to this one."""
        self.reference_hashes[event_id] = reference_hash
        if len(self.reference_hashes) > limits.MAX_REFERENCE_HASHES + len(self.state):
            # Only the latest events and the state are ever referred to; the latest come last.
            held = {event.event_id for event in self.state.values()}.union(self.extremities)
            latest = list(self.reference_hashes)[-limits.MAX_REFERENCE_HASHES // 2 :]
            kept = held.union(latest)
            self.reference_hashes = {known: text for known, text in self.reference_hashes.items() if known in kept}

    def content_of(self, kind: str, key: str = "") -> dict[str, object]:
        """The content of a state event, empty when there is none."""
        event = self.state.get((kind, key))
        return event.content if event is not None else {}

    def membership_of(self, user_id: str) -> str | None:
        """The person's membership, None when there never was any."""
        membership = self.content_of("m.room.member", user_id).get("membership")
        return membership if isinstance(membership, str) else None

    def denies(self, server: str) -> bool:
        """Whether the room's access control list keeps the server out; judged once per list and server of ours."""
        acl = self.state.get((SERVER_ACL, ""))
        if acl is None:
            return False
        if server not in self._denied:
            self._denied[server] = is_denied(acl.content, server)
        return self._denied[server]

    @property
    def power_levels(self) -> PowerLevels:
        return power_levels_of(self.version, self.state[CREATE], self.state.get(POWER_LEVELS))

    def keep_recent(self, events: Iterable[StoredEvent]) -> None:
        """Committed events join the tail; the oldest leave it."""
        for event in events:
            self.recent.append(event)
            self.last_position = event.position or self.last_position
        while len(self.recent) > limits.MAX_RECENT_EVENTS:
            self.recent_from_position = self.recent.popleft().position or 0

    def replace_recent(self, changed: StoredEvent) -> None:
        """A redaction changed an event of the tail."""
        self.recent = deque(changed if each.event_id == changed.event_id else each for each in self.recent)

    def forget_recent(self, event_ids: Collection[str]) -> None:
        """The time of these events was over: nobody is served them any more."""
        self.recent = deque(each for each in self.recent if each.event_id not in event_ids)


def _is_join(event: Event) -> bool:
    return event.content.get("membership") == "join"


class RoomCache:
    """Bounded, least recently used out first. A room in use elsewhere lives on until its users let go."""

    def __init__(self) -> None:
        self._rooms: OrderedDict[str, LiveRoom] = OrderedDict()
        self._loading: dict[str, asyncio.Lock] = {}

    def get(self, room_id: str) -> LiveRoom | None:
        room = self._rooms.get(room_id)
        if room is not None:
            self._rooms.move_to_end(room_id)
        return room

    def put(self, room: LiveRoom) -> None:
        self._rooms[room.room_id] = room
        self._rooms.move_to_end(room.room_id)
        if len(self._rooms) > limits.MAX_LIVE_ROOMS:
            self._evict()

    def _evict(self) -> None:
        # A room that is being appended to stays: a copy loaded meanwhile would fight it, and would never hear of the
        # events that are on their way to the disk.
        idle = next((room for room in self._rooms.values() if not (room.lock.locked() or room.committing)), None)
        if idle is not None:
            self.drop(idle)

    def drop(self, room: LiveRoom) -> None:
        """Forgets the room; appends built on it will be refused and built again."""
        room.is_dropped = True
        if self._rooms.get(room.room_id) is room:
            del self._rooms[room.room_id]

    def loading(self, room_id: str) -> asyncio.Lock:
        """Held while the room is loaded, so that it is loaded once."""
        return self._loading.setdefault(room_id, asyncio.Lock())

    def loaded(self, room_id: str) -> None:
        self._loading.pop(room_id, None)
