"""The law of Tchap asked of one event that wants to enter a room, whatever the road it comes by.

One table from the type of a state event to the decision about it; guests set no state but what every member may; and
no message in clear where the room is encrypted.
"""

from collections.abc import Callable

from tchap.policy.classification import CLASSIFICATION
from tchap.policy.decisions import ALLOWED, Allowed, Decision, Origin, Refused, Road, SoftFailed, judge_origin
from tchap.policy.retention import RETENTION
from tchap.policy.room_entry import PENDING, decide_membership, decide_pending
from tchap.policy.room_state import (
    decide_access_rules,
    decide_encryption,
    decide_guest_access,
    decide_join_rules,
    decide_look,
    decide_power_levels,
)
from tchap.policy.rooms import ACCESS_RULES, ENCRYPTION, RoomView, is_external
from tchap.protocol.events import Event

_MEMBER = "m.room.member"

# What a room is. Without its words one of these says something else, or nothing that anybody can mend: in versions
# before 11 a room forgets that it is a space, and access lists without words keep every server out for ever. How long
# messages are kept and the classification are set by administrators: no moderator undoes them by deleting.
_FOUNDATIONS = ("m.room.create", ACCESS_RULES, ENCRYPTION, "m.room.server_acl", RETENTION, CLASSIFICATION)

# The types whose words an encrypted room keeps secret. Not here: state, redactions, reactions, the signalling of calls,
# positions told by beacons, whose clients send them in clear.
CLEAR_TEXT_TYPES = frozenset(
    {
        "m.room.message",
        "m.sticker",
        "m.poll.start",
        "m.poll.response",
        "m.poll.end",
        "org.matrix.msc3381.poll.start",
        "org.matrix.msc3381.poll.response",
        "org.matrix.msc3381.poll.end",
    }
)

# The state a plain member sets: where one is, and being in a call.
STATE_OF_GUESTS = frozenset(
    {
        "m.beacon_info",
        "org.matrix.msc3672.beacon_info",
        "m.call.member",
        "org.matrix.msc3401.call.member",
    }
)


def _decide_create(_room: RoomView, event: Event) -> Decision:
    """Room version 12: whoever is named a creator stands above every level, so no guest is."""
    named = event.content.get("additional_creators")
    creators = named if isinstance(named, list) else []
    if any(isinstance(each, str) and is_external(each) for each in (event.sender, *creators)):
        return Refused(
            "An external guest is never the creator of a room.",
            "Un invité externe n'est jamais créateur d'un salon.",
        )
    return ALLOWED


_TABLE: dict[str, Callable[[RoomView, Event], Decision]] = {
    "m.room.create": _decide_create,
    "m.room.power_levels": decide_power_levels,
    "m.room.join_rules": decide_join_rules,
    "m.room.guest_access": decide_guest_access,
    "m.room.name": decide_look,
    "m.room.topic": decide_look,
    "m.room.avatar": decide_look,
    ACCESS_RULES: decide_access_rules,
    ENCRYPTION: decide_encryption,
}
# Those whose state key names a person or an invitation; the others count under the empty key alone.
_KEYED: dict[str, Callable[[RoomView, Event], Decision]] = {_MEMBER: decide_membership, PENDING: decide_pending}


def decide_event(room: RoomView, event: Event) -> Decision:
    """May this event enter the room, whose state before it is given?"""
    if event.state_key is None:
        return _decide_redacting(room, event) if event.type == "m.room.redaction" else ALLOWED
    if event.type in _KEYED:
        if event.type == PENDING and is_external(event.sender):
            return _not_for_guests()
        return _KEYED[event.type](room, event)
    if event.type not in STATE_OF_GUESTS and is_external(event.sender):
        return _not_for_guests()
    if event.type in CLEAR_TEXT_TYPES:
        return _never_state()
    decide = _TABLE.get(event.type) if event.state_key == "" else None
    return ALLOWED if decide is None else decide(room, event)


def _not_for_guests() -> Refused:
    return Refused(
        "External guests change nothing in a room.",
        "Les invités externes ne changent rien dans un salon.",
        needs_admin=True,
    )


def _never_state() -> Refused:
    """As state, words would stand in clear where they may not, and for ever where messages have their time."""
    return Refused("A message is no state of a room.", "Un message n'est pas un état d'un salon.")


def decide_received(room: RoomView, event: Event, road: Road) -> Allowed | Refused | SoftFailed:
    """The same asked of an event that a partner's server brings."""
    return judge_origin(decide_event(room, event), Origin.PARTNER, road)


def decide_redaction(kind: str, is_state: bool) -> Decision:
    """May an event of this type be redacted? What a room was decided to be is never emptied, then set anew."""
    if is_state and kind in _FOUNDATIONS:
        return Refused("The rules of a room cannot be deleted.", "Les règles d'un salon ne peuvent être supprimées.")
    return ALLOWED


def _decide_redacting(room: RoomView, event: Event) -> Decision:
    for kind in _FOUNDATIONS:
        held = room.state.get((kind, ""))
        if held is not None and event.redacts == held.event_id:
            return decide_redaction(kind, is_state=True)
    return ALLOWED


def decide_clear_text(room: RoomView, kind: str) -> Decision:
    """May a message of this type, sent by one of ours, enter the room as it is?"""
    if kind not in CLEAR_TEXT_TYPES or not room.is_encrypted:
        return ALLOWED
    return Refused(
        "This room is encrypted and your message came in clear: nobody was shown it. Use an application that encrypts.",
        "Ce salon est chiffré et votre message est arrivé en clair : il n'a été montré à personne. "
        "Utilisez une application qui chiffre.",
    )
