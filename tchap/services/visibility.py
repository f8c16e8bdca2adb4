"""What of a room's history a person may see."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tchap.base.encoding import decode_json
from tchap.policy.rooms import is_external
from tchap.protocol.stored_event import StoredEvent
from tchap.protocol.visibility import (
    DEFAULT_VISIBILITY,
    Moment,
    Visibility,
    may_see,
    may_see_event,
    parse_visibility,
)
from tchap.services.live_rooms import event_of
from tchap.storage.account_data import find_account_data
from tchap.storage.jobs import Tx
from tchap.storage.memberships import (
    Membership,
    find_forgotten,
    find_membership_spans,
    find_spans_in,
    is_forgotten,
)
from tchap.storage.sync import find_visibilities

_END_OF_TIME = 2**62


@dataclass(frozen=True, slots=True)
class Sight:
    """One person's eyes in one room: everything they ever were there, and every history visibility it ever had."""

    user_id: str
    stays: tuple[Membership, ...]
    visibilities: tuple[tuple[int, Visibility], ...]
    ignored: frozenset[str] = frozenset()

    def membership_at(self, position: int) -> str:
        """The person's membership once everything up to the position had happened, "leave" for none."""
        return next((stay.membership for stay in reversed(self.stays) if stay.from_position <= position), "leave")

    def visibility_at(self, position: int) -> Visibility:
        """The room's history visibility at that moment."""
        held = (value for start, value in reversed(self.visibilities) if start <= position)
        return next(held, DEFAULT_VISIBILITY)

    def sees(self, event: StoredEvent) -> bool:
        """Whether the person may see the event, and wants to (client-server API, "Ignoring Users")."""
        if event.state_key is None and event.sender in self.ignored:
            return False
        # What was backfilled was never told; it stands before everything that was.
        position = event.position or 0
        before, joined_since = self._before(position)
        if event.type not in ("m.room.member", "m.room.history_visibility"):
            return may_see(before, joined_since)
        return may_see_event(event_of(event), self.user_id, before, joined_since)

    def _before(self, position: int) -> tuple[Moment, bool]:
        joined_since = any(stay.membership == "join" and stay.from_position > position for stay in self.stays)
        return Moment(self.visibility_at(position - 1), self.membership_at(position - 1)), joined_since

    def hidden_starts(self) -> list[int]:
        """Of the changes of the person's membership and of the visibility, those after which messages are hidden.

        What was said until the next such change is seen all or not at all, so that a query can leave it out.
        """
        starts = {stay.from_position for stay in self.stays} | {start for start, _ in self.visibilities}
        return [start for start in starts if not may_see(*self._before(start + 1))]

    def visible(self, events: Iterable[StoredEvent]) -> list[StoredEvent]:
        return [event for event in events if self.sees(event)]


async def find_sight(tx: Tx, user_id: str, room_id: str) -> Sight:
    """Reads the facts of somebody's sight; a forgotten room is one they never were in."""
    stays = [] if await is_forgotten(tx, user_id, room_id) else await find_membership_spans(tx, user_id, room_id)
    rows = await find_visibilities(tx, [room_id], _END_OF_TIME)
    visibilities = [(row.from_position, _visibility_in(row.event.client_json, user_id)) for row in rows]
    return Sight(user_id, tuple(stays), tuple(visibilities), await find_ignored(tx, user_id))


async def find_sights(tx: Tx, user_id: str, room_ids: Collection[str]) -> dict[str, Sight]:
    """As `find_sight`, for several rooms in four queries."""
    forgotten = await find_forgotten(tx, user_id)
    stays: dict[str, list[Membership]] = {}
    for span in await find_spans_in(tx, [user_id], [each for each in room_ids if each not in forgotten]):
        stays.setdefault(span.room_id, []).append(span)
    visibilities: dict[str, list[tuple[int, Visibility]]] = {}
    for row in await find_visibilities(tx, room_ids, _END_OF_TIME):
        held = (row.from_position, _visibility_in(row.event.client_json, user_id))
        visibilities.setdefault(row.event.room_id, []).append(held)
    ignored = await find_ignored(tx, user_id)
    return {
        each: Sight(user_id, tuple(stays.get(each, ())), tuple(visibilities.get(each, ())), ignored)
        for each in room_ids
    }


def _visibility_in(client_json: bytes, user_id: str) -> Visibility:
    event = decode_json(client_json)
    content = event.get("content") if isinstance(event, dict) else None
    found = parse_visibility(content.get("history_visibility") if isinstance(content, dict) else None)
    # What is open to all is open to agents: guests read the rooms they are in.
    return DEFAULT_VISIBILITY if found == "world_readable" and is_external(user_id) else found


async def find_ignored(tx: Tx, user_id: str) -> frozenset[str]:
    """The people whose messages the person does not want (module "Ignoring Users")."""
    stored = await find_account_data(tx, user_id, "", "m.ignored_user_list")
    value = decode_json(stored) if stored else {}
    users = value.get("ignored_users") if isinstance(value, dict) else None
    return frozenset(users) if isinstance(users, dict) else frozenset()
