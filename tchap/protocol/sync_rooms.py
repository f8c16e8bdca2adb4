"""Which rooms a sync answers about, which part of each timeline, which state: the decisions, all facts given.

Source: client-server API, "Syncing", `GET /sync`, "Lazy-loading room members".
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby

from tchap.base.encoding import decode_json
from tchap.protocol.filters import EventFilter
from tchap.protocol.sync_values import Ask, OwnMembership, RoomPlan, Section, StateKey, StateRow, SyncEvent, Timeline
from tchap.protocol.visibility import Moment, may_see, parse_visibility

DEFAULT_TIMELINE_LIMIT = 10
MEMBER = "m.room.member"


def plan_rooms(own: Iterable[OwnMembership], ask: Ask) -> list[RoomPlan]:
    """The rooms that may have something to say. ``own`` is sorted by room, then by position."""
    plans = []
    for room_id, rows in groupby(own, key=lambda row: row.room_id):
        if ask.filter.room.admits_room(room_id):
            plan = _plan_room(room_id, [row for row in rows if row.from_position <= ask.upto], ask)
            if plan is not None:
                plans.append(plan)
    return plans


def _plan_room(room_id: str, rows: list[OwnMembership], ask: Ask) -> RoomPlan | None:
    if not rows or not rows[-1].holds_at(ask.upto):
        return None
    present = rows[-1]
    if present.membership == "join":
        return _plan_joined(room_id, rows, ask)
    is_news = ask.since is None or present.from_position > ask.since
    if present.membership in ("invite", "knock"):
        section: Section = "invite" if present.membership == "invite" else "knock"
        return RoomPlan(room_id, section, 0, present.from_position, False, tuple(rows)) if is_news else None
    return _plan_left(room_id, rows, ask) if is_news else None


def _plan_joined(room_id: str, rows: list[OwnMembership], ask: Ask) -> RoomPlan:
    # Whoever was away between two syncs, however shortly, starts again from the whole state.
    stayed = ask.since is not None and rows[0].holds_at(ask.since) and all(row.membership == "join" for row in rows)
    since = ask.since if stayed and ask.since is not None else 0
    return RoomPlan(room_id, "join", since, ask.upto, not stayed or ask.full_state, tuple(rows))


def _plan_left(room_id: str, rows: list[OwnMembership], ask: Ask) -> RoomPlan | None:
    present = rows[-1]
    was_joined = any(row.membership == "join" for row in rows)
    if ask.since is None:
        wanted = ask.filter.room.include_leave and was_joined
        return RoomPlan(room_id, "leave", 0, _end_of_stay(rows), True, tuple(rows)) if wanted else None
    stayed = rows[0].holds_at(ask.since) and all(row.membership == "join" for row in rows[:-1])
    since = ask.since if stayed or not was_joined else 0
    full = was_joined and (not stayed or ask.full_state)
    end = _end_of_stay(rows) if was_joined else present.from_position
    return RoomPlan(room_id, "leave", since, end, full, tuple(rows), was_joined)


def _end_of_stay(rows: list[OwnMembership]) -> int:
    """Where the last stay ended: a ban that came after, or its end, opens nothing of what happened in between."""
    last = max(index for index, row in enumerate(rows) if row.membership == "join")
    return rows[last + 1].from_position


def timeline_depth(ask: Ask) -> int:
    """How many events from the end of a timeline to look at, so that enough are left of those the filter admits."""
    limit = timeline_limit(ask)
    wanted = ask.filter.room.timeline
    selective = wanted.types is not None or wanted.not_types is not None or wanted.senders is not None
    return (limit * 4 + 20 if selective else limit) + 1


def timeline_limit(ask: Ask) -> int:
    limit = ask.filter.room.timeline.limit
    return DEFAULT_TIMELINE_LIMIT if limit is None else limit


def cut_timeline(
    plan: RoomPlan, found: Sequence[SyncEvent], ask: Ask, ignored: Collection[str], sight: "Sight | None"
) -> Timeline:
    """The part of the events found (the last ``timeline_depth`` since ``plan.since``) that the device is given."""
    limited = len(found) >= timeline_depth(ask)
    seen: list[SyncEvent] = []
    for event in reversed(found):
        if sight is not None and not sight.may_see(plan, event, ask.user_id):
            # What lies before it is asked for with /messages, which judges each event.
            limited = True
            break
        seen.append(event)
    if not plan.was_joined:
        seen = [event for event in seen if event.event_id == plan.present.event_id]
        limited = False
    wanted = ask.filter.room.timeline
    kept = [event for event in seen if _is_wanted(event, wanted, ignored)]
    limit = timeline_limit(ask)
    limited = limited or len(kept) > limit
    kept = kept[:limit]
    start = kept[-1].ordering if kept else (seen[0].ordering + 1 if seen else None)
    return Timeline(tuple(reversed(kept)), limited, start)


def _is_wanted(event: SyncEvent, wanted: EventFilter, ignored: Collection[str]) -> bool:
    # "The client will no longer receive events sent by that user, with the exception of state events" (ignoring users).
    if event.sender in ignored and event.state_key is None:
        return False
    return wanted.admits_room(event.room_id) and admits(event, wanted)


def admits(event: SyncEvent, wanted: EventFilter) -> bool:
    if wanted.contains_url is None:
        return wanted.admits_type(event.type) and wanted.admits_sender(event.sender)
    return wanted.admits(event.type, event.sender, content_of(event))


def content_of(event: SyncEvent) -> Mapping[str, object]:
    value = decode_json(event.client_json)
    content = value.get("content") if isinstance(value, dict) else None
    return content if isinstance(content, dict) else {}


class Sight:
    """What a newcomer may see of a room's past: how open it was, and where they stood themselves, over time."""

    def __init__(self, own: Iterable[OwnMembership], visibilities: Iterable[StateRow]) -> None:
        self._own: dict[str, list[OwnMembership]] = {}
        for row in own:
            self._own.setdefault(row.room_id, []).append(row)
        self._visible: dict[str, list[StateRow]] = {}
        for state in visibilities:
            self._visible.setdefault(state.event.room_id, []).append(state)

    def may_see(self, plan: RoomPlan, event: SyncEvent, user_id: str) -> bool:
        """The law of history visibility ("Room History Visibility: Server behaviour")."""
        own = self._own.get(plan.room_id, [])
        joined_since = any(row.membership == "join" and (row.to_position or 2**62) > event.position for row in own)
        # The room just before the event, then with the event's own effect, which counts too for what it changes.
        if may_see(self._moment(plan.room_id, own, event.position - 1), joined_since):
            return True
        if event.type == "m.room.history_visibility" or (event.type == MEMBER and event.state_key == user_id):
            return may_see(self._moment(plan.room_id, own, event.position), joined_since)
        return False

    def _moment(self, room_id: str, own: Iterable[OwnMembership], position: int) -> Moment:
        state = next((row for row in self._visible.get(room_id, ()) if row.holds_at(position)), None)
        visibility = None if state is None else content_of(state.event).get("history_visibility")
        membership = next((row.membership for row in own if row.holds_at(position)), "leave")
        return Moment(parse_visibility(visibility), membership)


def choose_state(
    plan: RoomPlan, timeline: Timeline, rows: Iterable[StateRow], state_after: bool, lazy: bool
) -> list[SyncEvent]:
    """What brings the device to the state where the timeline starts, or ends when ``state_after``.

    Of each key the event that holds at the end, unless the timeline brings it; then the one that held at the start,
    where that is news: to a lazy device every member may be. So the state the device ends with is right even where a
    filter hid changes from the timeline.
    """
    shown = {event.event_id for event in timeline.events}
    start = timeline.events[0].position if timeline.events else plan.upper + 1
    at_end: dict[StateKey, StateRow] = {}
    at_start: dict[StateKey, StateRow] = {}
    for row in rows:
        if row.holds_at(plan.upper):
            at_end[row.key] = row
        is_news = plan.full or row.from_position > plan.since or (lazy and row.event.type == MEMBER)
        if row.holds_at(start - 1) and is_news:
            at_start[row.key] = row
    if state_after:
        return [row.event for row in at_end.values()]
    chosen = [row.event for row in at_end.values() if row.event.event_id not in shown]
    chosen += [row.event for key, row in at_start.items() if key not in at_end or at_end[key].event.event_id in shown]
    return [event for event in chosen if event.event_id not in shown]


def choose_members(
    chosen: Iterable[SyncEvent], needed: Collection[str], sent: Mapping[str, str], gap: Collection[str]
) -> list[SyncEvent]:
    """Of the state chosen, all but the members that a lazy client does not need ("Lazy-loading room members").

    ``needed`` are the people to show; ``sent`` maps those the device already has to the event it has; ``gap`` are the
    event ids that must be sent in any case, for they changed where the device was not looking.
    """
    kept = []
    for event in chosen:
        is_needed = event.state_key in needed and sent.get(event.state_key or "") != event.event_id
        if event.type != MEMBER or event.event_id in gap or is_needed:
            kept.append(event)
    return kept
