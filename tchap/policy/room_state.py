"""The law of Tchap about the state of rooms: what may be changed once a room is made.

Source: the rules of the service's room access module.
"""

from tchap.policy.decisions import ALLOWED, Decision, Refused
from tchap.policy.room_levels import decide_levels, gives_by_default
from tchap.policy.rooms import ACCESS_RULES, DIRECT, FIXED, RESTRICTED, RULES, UNRESTRICTED, Content, RoomView
from tchap.protocol.events import Event

_VISIBILITIES = ("private", "public")


def decide_access_rules(room: RoomView, event: Event) -> Decision:
    """May the room have these access rules? A room is opened to external guests once, and never closed again."""
    current, wanted = room.content_of(ACCESS_RULES), event.content
    if not current:
        return _decide_first_rules(room, wanted)
    if any(wanted.get(fixed) != current.get(fixed) for fixed in FIXED):
        return Refused(
            "Whether a room is public, and whether it is encrypted, is decided when it is made.",
            "Qu'un salon soit public, ou chiffré, se décide à sa création.",
        )
    before, after = room.rule, wanted.get("rule")
    if before == after:
        return ALLOWED
    if before != RESTRICTED or after != UNRESTRICTED:
        return Refused(
            "A room can only be opened to external guests; it is never closed to them again.",
            "Un salon peut seulement être ouvert aux invités externes ; il ne leur est jamais refermé.",
        )
    return _decide_opening(room)


def _decide_first_rules(room: RoomView, wanted: Content) -> Decision:
    """The rules of a room being made, or of one that was made without any."""
    rule, visibility = wanted.get("rule"), wanted.get("visibility", "private")
    if rule not in RULES or visibility not in _VISIBILITIES or (visibility == "public" and rule != RESTRICTED):
        return Refused("These access rules cannot be.", "Ces règles d'accès sont impossibles.", is_malformed=True)
    people = [key for kind, key in room.state if kind == "m.room.member"]
    if rule == DIRECT and len(people) > 2:
        return Refused("This room is more than two people's.", "Ce salon réunit plus de deux personnes.")
    return _decide_opening(room) if rule == UNRESTRICTED else ALLOWED


def _decide_opening(room: RoomView) -> Decision:
    if room.is_public or room.is_space:
        return Refused(
            "Public rooms and spaces are for agents only. Make a private room to receive external guests.",
            "Les salons publics et les espaces sont réservés aux agents. "
            "Créez un salon privé pour accueillir des invités externes.",
        )
    levels = room.content_of("m.room.power_levels")
    if gives_by_default(room.version, levels):
        return Refused(
            "Here every member has the rights of an administrator: give back the roles before you open the room.",
            "Ici chaque membre a les droits d'un administrateur : rétablissez les rôles avant d'ouvrir le salon.",
        )
    return decide_levels(room.version, UNRESTRICTED, levels)


def decide_power_levels(room: RoomView, event: Event) -> Decision:
    return decide_levels(room.version, room.rule, event.content)


def decide_join_rules(room: RoomView, event: Event) -> Decision:
    """May the door be so? A direct message is never open, a public room never closed."""
    join_rule = event.content.get("join_rule")
    if room.rule == DIRECT and join_rule == "public":
        return Refused("A direct message is never open to all.", "Un message direct n'est jamais ouvert à tous.")
    if room.is_public and join_rule != "public":
        return Refused(
            "A public room stays open to every agent. Make a private room to choose who enters.",
            "Un salon public reste ouvert à tous les agents. Créez un salon privé pour choisir qui entre.",
        )
    return ALLOWED


def decide_encryption(room: RoomView, event: Event) -> Decision:
    """May encryption be set so? What a room was made as, it stays."""
    if room.is_public:
        return Refused("A public room is never encrypted.", "Un salon public n'est jamais chiffré.")
    if room.content_of(ACCESS_RULES).get("force_unencrypted_at_creation") is True:
        return Refused(
            "This room was made without encryption and stays so. Make a secured private room.",
            "Ce salon a été créé sans chiffrement et le reste. Créez un salon privé sécurisé.",
        )
    if not isinstance(event.content.get("algorithm"), str):
        return Refused("Encryption cannot be turned off.", "Le chiffrement ne peut pas être retiré.")
    return ALLOWED


def decide_guest_access(_room: RoomView, event: Event) -> Decision:
    if event.content.get("guest_access") == "forbidden":
        return ALLOWED
    return Refused(
        "Nobody enters Tchap without an account.", "Personne n'entre sur Tchap sans compte : l'accès reste fermé."
    )


def decide_look(room: RoomView, _event: Event) -> Decision:
    """A direct message is shown by the name and the picture of the other person."""
    if room.rule != DIRECT:
        return ALLOWED
    return Refused(
        "A direct message has no name, topic or picture of its own.",
        "Un message direct n'a ni nom, ni sujet, ni image propres.",
    )
