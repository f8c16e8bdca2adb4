"""What a device asks of simplified sliding sync, and what is decided from it, as plain values.

Source: MSC4186 as implemented under `org.matrix.simplified_msc3575`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MEMBER = "m.room.member"
ANY = "*"


@dataclass(frozen=True, slots=True)
class RequiredState:
    """State wanted: pairs of type and state key, either of which may be ``*``; ``lazy`` asks for the members needed."""

    pairs: frozenset[tuple[str, str]] = frozenset()
    lazy: bool = False

    def admits(self, type: str, key: str) -> bool:
        """Whether a state event is wanted whatever the timeline shows."""
        if (type, key) in self.pairs or (type, ANY) in self.pairs:
            return True
        # `$LAZY` beside `["*", "*"]` means: everything, of the members only those needed (MSC3575).
        if type == MEMBER and self.lazy:
            return False
        return (ANY, key) in self.pairs or (ANY, ANY) in self.pairs

    @property
    def wants_all_members(self) -> bool:
        return (MEMBER, ANY) in self.pairs or (not self.lazy and (ANY, ANY) in self.pairs)

    def named_members(self) -> frozenset[str]:
        """The people whose membership is wanted by name."""
        return frozenset(key for type, key in self.pairs if type in (MEMBER, ANY) and key not in (ANY, ""))


@dataclass(frozen=True, slots=True)
class RoomConfig:
    """How much of a room: what any of ``required`` admits, and at most ``timeline_limit`` events."""

    timeline_limit: int = 0
    required: frozenset[RequiredState] = frozenset()

    def merged(self, other: "RoomConfig") -> "RoomConfig":
        """The superset (MSC4186, "Combining room configs")."""
        return RoomConfig(max(self.timeline_limit, other.timeline_limit), self.required | other.required)

    def admits(self, type: str, key: str) -> bool:
        return any(each.admits(type, key) for each in self.required)

    @property
    def lazy(self) -> bool:
        return any(each.lazy for each in self.required)

    def expands(self, known: "RoomConfig") -> bool:
        """Whether more is asked than the device was given with ``known``."""
        return self.timeline_limit > known.timeline_limit or not self.required <= known.required


@dataclass(frozen=True, slots=True)
class ListFilters:
    """Which rooms a list is about; None: no matter. A room without a type has the type None."""

    is_dm: bool | None = None
    is_encrypted: bool | None = None
    is_invite: bool | None = None
    spaces: frozenset[str] | None = None
    room_types: frozenset[str | None] | None = None
    not_room_types: frozenset[str | None] = frozenset()
    tags: frozenset[str] | None = None
    not_tags: frozenset[str] = frozenset()

    @property
    def needs_types(self) -> bool:
        return self.room_types is not None or bool(self.not_room_types)


@dataclass(frozen=True, slots=True)
class ListAsk:
    """A list; ``ranges`` are inclusive pairs of indexes, None: all rooms."""

    config: RoomConfig
    ranges: tuple[tuple[int, int], ...] | None
    filters: ListFilters


@dataclass(frozen=True, slots=True)
class Scope:
    """The rooms an extension is about: those of some lists and subscriptions, None: of all."""

    lists: frozenset[str] | None = None
    rooms: frozenset[str] | None = None

    def admits(self, room_id: str, lists: Iterable[str], is_subscribed: bool) -> bool:
        if any(self.lists is None or name in self.lists for name in lists):
            return True
        return is_subscribed and (self.rooms is None or room_id in self.rooms)


@dataclass(frozen=True, slots=True)
class ToDeviceAsk:
    """``since`` is the position up to which messages have arrived."""

    since: int
    limit: int


@dataclass(frozen=True, slots=True)
class ThreadsAsk:
    """At most ``limit`` threads; with their roots, or only as far as the timelines do not tell of them (MSC4360)."""

    limit: int
    include_roots: bool


@dataclass(frozen=True, slots=True)
class Extensions:
    """What is asked beside rooms; None or False: not asked. ``thread_changes`` is how many (MSC4308)."""

    to_device: ToDeviceAsk | None = None
    e2ee: bool = False
    account_data: Scope | None = None
    receipts: Scope | None = None
    typing: Scope | None = None
    thread_changes: int | None = None
    threads: ThreadsAsk | None = None


@dataclass(frozen=True, slots=True)
class SlidingRequest:
    """The whole request. ``pos`` is None where a connection begins."""

    conn_id: str
    pos: str | None
    timeout_ms: int
    lists: Mapping[str, ListAsk]
    subscriptions: Mapping[str, RoomConfig]
    extensions: Extensions
    txn_id: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A room of the person's room list, as it stands. ``activity`` is the position of what happened there last."""

    room_id: str
    membership: str
    from_position: int
    activity: int


@dataclass(frozen=True, slots=True)
class ListFacts:
    """What filters look at; only what some list of the request asks for is filled in."""

    dms: frozenset[str] = frozenset()
    encrypted: frozenset[str] = frozenset()
    types: Mapping[str, str | None] | None = None
    children: Mapping[str, frozenset[str]] | None = None
    tags: Mapping[str, frozenset[str]] | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A room that some rule of the request matches."""

    entry: Entry
    config: RoomConfig
    lists: tuple[str, ...] = ()
    is_subscribed: bool = False


@dataclass(frozen=True, slots=True)
class KnownRoom:
    """What the device was given of a room. ``is_current``: it was in sight at the position of the token."""

    config: RoomConfig
    is_dm: bool
    is_current: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """How far a connection has come: the state behind one ``pos``."""

    position: int
    typing: int
    known: Mapping[str, KnownRoom]
