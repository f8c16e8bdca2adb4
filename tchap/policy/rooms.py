"""The law of Tchap about rooms: what a room is made of, who may make one, who may enter.

Source: the rules of the service's room access module. Facts in, `Allowed` or `Refused` out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ACCESS_RULES = "im.vector.room.access_rules"
ENCRYPTION = "m.room.encryption"
ENCRYPTION_CONTENT = {"algorithm": "m.megolm.v1.aes-sha2"}
RESTRICTED, UNRESTRICTED, DIRECT = "restricted", "unrestricted", "direct"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why not, in English and in French, said to whoever asked."""

    en: str
    fr: str
    is_malformed: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may be."""


ALLOWED = Allowed()
Decision = Allowed | Refused


@dataclass(frozen=True, slots=True)
class RoomWish:
    """What somebody asks of a new room, as far as the law looks at it."""

    creator_is_external: bool
    is_public: bool
    is_direct: bool
    preset: str
    access_rules: Mapping[str, Any] | None
    is_space: bool = False


def decide_creation(wish: RoomWish) -> Decision:
    """May this room be made by this person?"""
    if wish.creator_is_external:
        return Refused(
            "External guests cannot create rooms. Ask the agent who invited you.",
            "Les invités externes ne peuvent pas créer de salon. Adressez-vous à l'agent qui vous a invité.",
        )
    return _decide_rules(wish)


def _decide_rules(wish: RoomWish) -> Decision:
    asked = (wish.access_rules or {}).get("rule", default_rule(wish))
    if asked not in (RESTRICTED, UNRESTRICTED, DIRECT):
        return Refused("This access rule does not exist.", "Cette règle d'accès n'existe pas.", True)
    if (asked == DIRECT) != wish.is_direct:
        return Refused("Only direct messages have this rule.", "Cette règle est celle des messages directs.", True)
    if wish.is_public and asked != RESTRICTED:
        return Refused(
            "A public room is never open to external guests.",
            "Un salon public n'est jamais ouvert aux invités externes.",
            True,
        )
    visibility = (wish.access_rules or {}).get("visibility", visibility_of(wish))
    if visibility != visibility_of(wish):
        return Refused(
            "The access rules contradict the room's visibility.",
            "Les règles d'accès contredisent la visibilité du salon.",
            True,
        )
    return ALLOWED


def default_rule(wish: RoomWish) -> str:
    return DIRECT if wish.is_direct else RESTRICTED


def visibility_of(wish: RoomWish) -> str:
    return "public" if wish.is_public else "private"


def access_rules_content(wish: RoomWish) -> dict[str, Any]:
    """The complete access rules of the new room."""
    asked = dict(wish.access_rules or {})
    return {
        **asked,
        "rule": asked.get("rule", default_rule(wish)),
        "visibility": visibility_of(wish),
        "force_unencrypted_at_creation": is_forced_clear(wish),
    }


def is_forced_clear(wish: RoomWish) -> bool:
    """A private room may ask for clear text, and only while it is being made."""
    asked = (wish.access_rules or {}).get("force_unencrypted_at_creation") is True
    return asked and wish.preset == "private_chat" and not wish.is_direct


def must_encrypt(wish: RoomWish) -> bool:
    """Every room is encrypted by the server but public ones, spaces, and those made in clear on purpose."""
    return not wish.is_public and not wish.is_space and not is_forced_clear(wish)


def default_power_levels(wish: RoomWish, creators: Mapping[str, int]) -> dict[str, Any]:
    """Levels of a new room: configuring takes an administrator, inviting a moderator except in public rooms."""
    return {
        "users": dict(creators),
        "users_default": 0,
        "events_default": 0,
        "state_default": 100,
        "invite": 0 if wish.is_public else 50,
        "kick": 50,
        "ban": 50,
        "redact": 50,
        "events": {
            "m.room.name": 50,
            "m.room.avatar": 50,
            "m.room.topic": 50,
            "m.room.canonical_alias": 50,
            "m.room.power_levels": 100,
            "m.room.history_visibility": 100,
            "m.room.tombstone": 100,
            "m.room.server_acl": 100,
            "m.room.encryption": 100,
            "m.beacon_info": 0,
            "org.matrix.msc3672.beacon_info": 0,
            "m.call.member": 0,
            "org.matrix.msc3401.call.member": 0,
        },
    }


def default_history_visibility(wish: RoomWish) -> str:
    return "shared" if wish.is_public else "invited"


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """Somebody wants to enter, or is invited."""

    is_external: bool
    rule: str
    is_invited: bool


def decide_entry(facts: EntryFacts) -> Decision:
    """May this person join, or be invited to, a room with this access rule?"""
    if not facts.is_external:
        return ALLOWED
    if facts.rule == RESTRICTED:
        return Refused(
            "This room does not take external guests. Ask an administrator of the room.",
            "Ce salon n'accueille pas d'invités externes. Demandez à un administrateur du salon.",
        )
    if not facts.is_invited:
        return Refused(
            "External guests join by invitation only. Ask a member of the room.",
            "Les invités externes n'entrent que sur invitation. Demandez à un membre du salon.",
        )
    return ALLOWED


def decide_state_change(kind: str, current: Mapping[str, Any], wanted: Mapping[str, Any], is_public: bool) -> Decision:
    """May this state be set? `current` and `wanted` are the contents before and after."""
    if kind == ACCESS_RULES and current:
        return _decide_rule_change(current, wanted)
    if kind == ENCRYPTION and is_public:
        return Refused("A public room is never encrypted.", "Un salon public n'est jamais chiffré.")
    if kind == ENCRYPTION and current and not wanted.get("algorithm"):
        return Refused("Encryption cannot be turned off.", "Le chiffrement ne peut pas être retiré.")
    if kind == "m.room.guest_access" and wanted.get("guest_access") != "forbidden":
        return Refused("Guests never enter here.", "Les visiteurs anonymes n'entrent jamais.")
    return ALLOWED


def decide_redaction(kind: str, is_state: bool) -> Decision:
    """May an event of this type be redacted? What a room was decided to be is never emptied, then set anew."""
    if is_state and kind in (ACCESS_RULES, ENCRYPTION):
        return Refused("The rules of a room cannot be deleted.", "Les règles d'un salon ne peuvent être supprimées.")
    return ALLOWED


def _decide_rule_change(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> Decision:
    for fixed in ("visibility", "force_unencrypted_at_creation"):
        if wanted.get(fixed, current.get(fixed)) != current.get(fixed):
            return Refused("This is decided when the room is made.", "Ceci se décide à la création du salon.")
    before, after = current.get("rule"), wanted.get("rule")
    if before == after or (before == RESTRICTED and after == UNRESTRICTED and current.get("visibility") != "public"):
        return ALLOWED
    return Refused("This access rule cannot be changed so.", "Cette règle d'accès ne peut pas être changée ainsi.")
