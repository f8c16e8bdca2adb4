"""Who may see an event of a room's history.

Source: client-server API, "Room History Visibility: Server behaviour".
"""

from dataclasses import dataclass
from typing import Literal

from tchap.protocol.events import Event

Visibility = Literal["world_readable", "shared", "invited", "joined"]

DEFAULT_VISIBILITY: Visibility = "shared"


@dataclass(frozen=True, slots=True)
class Moment:
    """The room at an event: its history visibility, and the membership of the person who asks ("leave" for none)."""

    visibility: Visibility
    membership: str


def parse_visibility(value: object) -> Visibility:
    """ "If no `history_visibility` is set, or if the value is not understood, the visibility is … `shared`."""
    match value:
        case "world_readable" | "shared" | "invited" | "joined":
            return value
        case _:
            return DEFAULT_VISIBILITY


def may_see(moment: Moment, joined_since: bool) -> bool:
    """The table of the specification.

    `joined_since`: the person joined the room at some point after the event, whether or not they are still there.
    """
    if moment.visibility == "world_readable":  # 1
        return True
    if moment.membership == "join":  # 2
        return True
    if moment.visibility == "shared" and joined_since:  # 3
        return True
    return moment.membership == "invite" and moment.visibility == "invited"  # 4, 5


def may_see_event(event: Event, user_id: str, before: Moment, joined_since: bool) -> bool:
    """As `may_see`, for an event whose own effect counts too.

    `before` is the room before the event. Changes of the visibility and of one's own membership are seen when the room
    before or after them allows it.
    """
    if may_see(before, joined_since):
        return True
    after = moment_after(event, user_id, before)
    return after != before and may_see(after, joined_since)


def moment_after(event: Event, user_id: str, before: Moment) -> Moment:
    """The room after an event, as far as this person's sight goes."""
    if event.type == "m.room.history_visibility" and event.state_key == "":
        return Moment(parse_visibility(event.content.get("history_visibility")), before.membership)
    membership = event.content.get("membership")
    if event.type == "m.room.member" and event.state_key == user_id and isinstance(membership, str):
        return Moment(before.visibility, membership)
    return before
