"""The answer of sliding sync, put together from facts: pure (MSC4186, "Response Body", with its unstable names)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from tchap.protocol.notices import Unread
from tchap.protocol.sliding_values import MEMBER
from tchap.protocol.sync_assembly import Json, Shaped, unread_body
from tchap.protocol.sync_rooms import content_of
from tchap.protocol.sync_tokens import format_place
from tchap.protocol.sync_values import RoomFacts, SyncEvent


@dataclass(frozen=True, slots=True)
class ToldRoom:
    """A room of the answer. ``facts.state`` is the required state; ``changed`` is all state read, for name and avatar.

    ``is_initial``: the device starts the room from nothing; ``since``: what is later than this has just happened;
    ``is_dm`` is None where it did not change.
    """

    facts: RoomFacts
    membership: str
    lists: tuple[str, ...]
    bump_stamp: int | None
    since: int | None
    is_initial: bool
    is_expanded: bool
    is_dm: bool | None
    changed: tuple[SyncEvent, ...]
    heroes: tuple[Json, ...] | None = None

    @property
    def is_news(self) -> bool:
        facts = self.facts
        if self.is_initial or self.is_expanded or self.is_dm is not None or facts.plan.section != "join":
            return True
        timeline = facts.timeline
        return bool(timeline.events or timeline.limited or facts.state or facts.summary or facts.has_own_receipt)


def room_body(room: ToldRoom, shaped: Shaped) -> Json:
    """One room of ``rooms``."""
    body: Json = {"membership": room.membership}
    if room.lists:
        body["lists"] = list(room.lists)
    if room.is_initial:
        body["initial"] = True
    if room.bump_stamp is not None:
        body["bump_stamp"] = room.bump_stamp
    if room.is_dm is not None and (room.is_dm or not room.is_initial):
        body["is_dm"] = room.is_dm
    facts = room.facts
    if facts.plan.section in ("invite", "knock"):
        # Both names of the proposal: the one of the first clients and the present one.
        stripped = shaped.raw(facts.state)
        return {**body, "invite_state": stripped, "stripped_state": stripped}
    return {**body, **_inside(room, shaped)}


def _inside(room: ToldRoom, shaped: Shaped) -> Json:
    """What is told of a room that the person is or was in."""
    facts, timeline = room.facts, room.facts.timeline
    live = sum(1 for event in timeline.events if event.position > room.since) if room.since is not None else 0
    body: Json = {
        "required_state": shaped.raw(facts.state),
        "timeline": shaped.raw(timeline.events),
        # Clients tell older events from new ones only in a timeline that is called limited.
        "limited": timeline.limited or room.is_expanded,
        "num_live": live,
    }
    if timeline.start_ordering is not None:
        body["prev_batch"] = format_place(timeline.start_ordering - 1)
    if room.is_expanded:
        body["unstable_expanded_timeline"] = True
    if facts.summary is not None:
        body["joined_count"], body["invited_count"] = facts.summary.joined, facts.summary.invited
    if room.heroes is not None:
        body["heroes"] = list(room.heroes)
    if facts.unread is not None:
        body.update(_counts(facts.unread))
    return {**body, **_name_and_avatar(room)}


def _counts(unread: Mapping[str, Unread]) -> Json:
    # No extension tells the counts of threads yet, so these are of the whole room, as in classic sync.
    found = unread_body(unread, by_thread=False)["unread_notifications"]
    return dict(found) if isinstance(found, dict) else {}


def _name_and_avatar(room: ToldRoom) -> Json:
    """Only the room's own: the device makes a name of the heroes where there is none."""
    body: Json = {}
    for event in room.changed:
        shown = {"m.room.name": ("name", "name"), "m.room.avatar": ("avatar", "url")}.get(event.type)
        if shown is not None and event.state_key == "":
            value = content_of(event).get(shown[1])
            if (isinstance(value, str) and value) or not room.is_initial:
                body[shown[0]] = value if isinstance(value, str) and value else None
    return body


def heroes_of(heroes: Iterable[str], state: Iterable[SyncEvent]) -> tuple[Json, ...]:
    """The heroes with what their memberships say of them ("StrippedHero")."""
    members = {event.state_key: content_of(event) for event in state if event.type == MEMBER}
    found: list[Json] = []
    for user_id in heroes:
        content = members.get(user_id, {})
        said = {name: content[name] for name in ("displayname", "avatar_url") if isinstance(content.get(name), str)}
        found.append({"user_id": user_id, **said})
    return tuple(found)


def receipt_event(layers: list[bytes]) -> msgspec.Raw:
    """One event is all that the extension has place for.

    Where a person has an unthreaded and a threaded receipt on one event, the first layer holds the unthreaded one,
    which says as much.
    """
    return msgspec.Raw(layers[0])
