"""The law of Tchap about entering rooms: who may be invited, who may join, and the two people of a direct message.

Source: the rules of the service's room access module.
"""

from tchap.policy.decisions import ALLOWED, Decision, Refused
from tchap.policy.rooms import DIRECT, UNRESTRICTED, Content, RoomView, is_external
from tchap.protocol.events import Event

PENDING = "m.room.third_party_invite"
_ENTERING = ("invite", "join", "knock")
_TWO = 2


def decide_membership(room: RoomView, event: Event) -> Decision:
    """May this membership be set?"""
    target, membership = event.state_key or "", event.content.get("membership")
    if target != event.sender and is_external(event.sender):
        return Refused(
            "External guests invite and remove nobody.",
            "Les invités externes n'invitent et ne retirent personne.",
            needs_admin=True,
        )
    if room.rule == DIRECT and not _is_of_the_two(room, target, event.content):
        return _not_of_the_two()
    if membership not in _ENTERING or (membership == "join" and room.membership_of(target) == "join"):
        return ALLOWED
    return decide_entry(room, target, str(membership))


def decide_entry(room: RoomView, user_id: str, membership: str) -> Decision:
    """May this person be invited to the room ("invite"), join it or knock at its door?"""
    if not is_external(user_id):
        return ALLOWED
    if room.rule != UNRESTRICTED or room.is_space:
        return _closed(room)
    if membership != "invite" and room.membership_of(user_id) not in ("invite", "join"):
        return Refused(
            "External guests join by invitation only.",
            "Les invités externes n'entrent que sur invitation.",
            needs_admin=True,
        )
    return ALLOWED


def _closed(room: RoomView) -> Refused:
    if room.is_space:
        return Refused("Spaces are for agents only.", "Les espaces sont réservés aux agents.", needs_admin=True)
    if room.rule == DIRECT:
        return Refused(
            "External guests have no direct messages. Invite them to a room open to external guests.",
            "Les invités externes n'ont pas de messages directs. Invitez-les dans un salon qui leur est ouvert.",
        )
    if room.is_public:
        return Refused(
            "Public rooms are for agents only. Ask the agent who invited you to Tchap for a private room.",
            "Les salons publics sont réservés aux agents. "
            "L'agent qui vous a invité sur Tchap peut vous ouvrir un salon privé.",
        )
    return Refused(
        "This room does not take external guests.",
        "Ce salon n'accueille pas d'invités externes.",
        needs_admin=True,
        cure=(
            "Its settings let you open it to them, once and for all.",
            "Ses réglages vous permettent de le leur ouvrir, définitivement.",
        ),
    )


def decide_pending(room: RoomView, event: Event) -> Decision:
    """May this invitation by e-mail stand in the room, for somebody who has no account yet?"""
    if not event.content or room.rule != DIRECT:
        return ALLOWED
    others = [token for token in _pending_tokens(room) if token != event.state_key]
    if len(_members(room)) >= _TWO or others:
        return _not_of_the_two()
    return ALLOWED


def _not_of_the_two() -> Refused:
    return Refused(
        "A direct message is between two people. Make a private room to be more.",
        "Un message direct réunit deux personnes. Créez un salon privé pour être plus nombreux.",
    )


def _is_of_the_two(room: RoomView, target: str, content: Content) -> bool:
    """Whether the person is one of the two a direct message was made for: for ever, even after leaving it."""
    members = _members(room)
    if target in members:
        return True
    pending = _pending_tokens(room)
    if members and pending:
        # The second place is kept for the address that was invited.
        return len(members) < _TWO and _token_in(content) in pending
    return len(members) < _TWO


def _members(room: RoomView) -> set[str]:
    return {key for kind, key in room.state if kind == "m.room.member"}


def _pending_tokens(room: RoomView) -> set[str]:
    return {key for (kind, key), fact in room.state.items() if kind == PENDING and fact.content}


def _token_in(content: Content) -> object:
    proof = content.get("third_party_invite")
    signed = proof.get("signed") if isinstance(proof, dict) else None
    return signed.get("token") if isinstance(signed, dict) else None
