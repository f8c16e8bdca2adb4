"""The facts that /sync is assembled from, as plain values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tchap.protocol.filters import Filter
from tchap.protocol.notices import Unread

Section = Literal["join", "leave", "invite", "knock"]
StateKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class OwnMembership:
    """A stretch of the person's membership: from ``from_position`` on, and before ``to_position``."""

    room_id: str
    membership: str
    event_id: str
    sender: str
    from_position: int
    to_position: int | None

    def holds_at(self, position: int) -> bool:
        return self.from_position <= position and (self.to_position is None or self.to_position > position)


@dataclass(frozen=True, slots=True)
class SyncEvent:
    """An event as a timeline or state section needs it. ``client_json`` is encoded, without ``unsigned``."""

    event_id: str
    room_id: str
    position: int
    ordering: int
    type: str
    state_key: str | None
    sender: str
    origin_server_ts: int
    relates_to: str | None
    rel_type: str | None
    thread_id: str | None
    redacted_by: str | None
    txn_device: str | None
    txn_id: str | None
    client_json: bytes


@dataclass(frozen=True, slots=True)
class StateRow:
    """A state event and the stretch of positions in which it holds."""

    from_position: int
    to_position: int | None
    event: SyncEvent

    @property
    def key(self) -> StateKey:
        return self.event.type, self.event.state_key or ""

    def holds_at(self, position: int) -> bool:
        return self.from_position <= position and (self.to_position is None or self.to_position > position)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a device asks for. ``since`` is None at an initial sync; ``upto`` is how far the facts are read.

    ``state_after`` is the name under which the state at the end of the timeline is wanted, empty for the one before.
    """

    user_id: str
    device_id: str
    since: int | None
    upto: int
    filter: Filter
    full_state: bool = False
    state_after: str = ""

    @property
    def lazy(self) -> bool:
        return self.filter.room.state.lazy_load_members


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """One room of the answer: where its facts begin and end, and whether the device starts from nothing there.

    ``since`` is 0 where the device knows nothing of the room; ``upper`` is where the person's sight of it ends;
    ``full`` asks for the whole state; ``was_joined`` is false for an invitation that came to nothing.
    """

    room_id: str
    section: Section
    since: int
    upper: int
    full: bool
    own: tuple[OwnMembership, ...]
    was_joined: bool = True

    @property
    def present(self) -> OwnMembership:
        """The membership at the end."""
        return self.own[-1]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The end of a room's timeline as the device will see it; ``start_ordering`` is where ``prev_batch`` points."""

    events: tuple[SyncEvent, ...] = ()
    limited: bool = False
    start_ordering: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """Who is in a room (client-server API, /sync, RoomSummary); ``heroes`` is None in a room that has a name."""

    joined: int
    invited: int
    heroes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """All that the answer says of one room. ``ephemeral`` and ``account_data`` are encoded events; ``unread`` is by
    thread, None where it cannot have changed."""

    plan: RoomPlan
    timeline: Timeline = Timeline()
    state: tuple[SyncEvent, ...] = ()
    summary: Summary | None = None
    ephemeral: tuple[bytes, ...] = ()
    account_data: tuple[bytes, ...] = ()
    unread: Mapping[str, Unread] | None = None
    has_own_receipt: bool = False


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What concerns the device alone. ``to_device`` are encoded messages, ``last_message`` the position of the last."""

    to_device: tuple[bytes, ...] = ()
    last_message: int = 0
    changed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    one_time_keys: Mapping[str, int] = field(default_factory=dict)
    unused_fallback_types: tuple[str, ...] = ()


def membership_at(own: Iterable[OwnMembership], position: int) -> str:
    """The person's membership at a position; "leave" where there was none."""
    return next((row.membership for row in own if row.holds_at(position)), "leave")
