"""The law of Tchap about how long messages are kept.

A room says it with `m.room.retention` (MSC1763: `max_lifetime`, milliseconds after which a message goes;
`min_lifetime`, milliseconds before which it should not, which only has to agree with the other). What a kind of room
has by itself, and the longest it may ask for, are the deployment's to set.

    kind        which rooms                                        as delivered: by itself, at most
    public      in the directory of forums                         90 days, 90 days
    clear       private, without encryption                        kept, no maximum
    encrypted   private                                            kept, no maximum
    direct      of two people                                      kept, no maximum
    external    open to external guests                            kept, no maximum

Spaces hold no messages: they have no term.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tchap.base import limits
from tchap.policy.decisions import ALLOWED, Decision, Refused
from tchap.policy.rooms import DIRECT, UNRESTRICTED
from tchap.protocol.canonical import MAX_INTEGER

RETENTION = "m.room.retention"
Kind = Literal["public", "clear", "encrypted", "direct", "external"]
KINDS: tuple[Kind, ...] = ("public", "clear", "encrypted", "direct", "external")


@dataclass(frozen=True, slots=True)
class Term:
    """What a kind of room has by itself, and the longest it may ask for; milliseconds, 0 for none."""

    default_ms: int = 0
    maximum_ms: int = 0


NO_TERM = Term()


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """What the kind of a room is read from."""

    access_rules: Mapping[str, Any]
    is_encrypted: bool
    is_space: bool = False


def kind_of(facts: RoomFacts) -> Kind | None:
    """The room's kind; None for a space."""
    if facts.is_space:
        return None
    rule = facts.access_rules.get("rule")
    if facts.access_rules.get("visibility") == "public":
        return "public"
    if rule == DIRECT:
        return "direct"
    if rule == UNRESTRICTED:
        return "external"
    return "encrypted" if facts.is_encrypted else "clear"


def content_at_creation(term: Term) -> dict[str, Any] | None:
    """The `m.room.retention` added to a new room that asks for nothing; None where nothing is."""
    return {"max_lifetime": term.default_ms} if term.default_ms else None


def decide_retention(term: Term, content: Mapping[str, Any]) -> Decision:
    """May a room of that term say so? Refused as malformed (400) for what means nothing, else as forbidden (403)."""
    longest, shortest = content.get("max_lifetime"), content.get("min_lifetime")
    if not (_is_lifetime(longest) and _is_lifetime(shortest)):
        return Refused(
            "A lifetime is a positive number of milliseconds.",
            "Une durée de conservation est un nombre positif de millisecondes.",
            True,
        )
    if longest is not None and shortest is not None and shortest > longest:
        return Refused(
            "The shortest lifetime is longer than the longest.",
            "La durée minimale dépasse la durée maximale.",
            True,
        )
    if term.maximum_ms and (longest is None or longest > term.maximum_ms):
        days = term.maximum_ms // limits.DAY_MS
        many = "s" if days > 1 else ""
        return Refused(
            f"Messages of this kind of room are kept {days} day{many} at most.",
            f"Les messages de ce type de salon sont conservés {days} jour{many} au plus.",
        )
    return ALLOWED


def _is_lifetime(value: object) -> bool:
    return value is None or (type(value) is int and 0 < value <= MAX_INTEGER)


def lifetime_in_force(term: Term, content: Mapping[str, Any]) -> int:
    """How long a message lives in the room, in milliseconds; 0: for ever.

    What an older version, a partner or an application left there is bent to the law: never longer than the kind may,
    and never so short that nobody could have read it.
    """
    asked = content.get("max_lifetime")
    lifetime = asked if asked is not None and _is_lifetime(asked) else term.default_ms
    if term.maximum_ms:
        lifetime = min(lifetime or term.maximum_ms, term.maximum_ms)
    return max(lifetime, limits.MIN_RETENTION_MS) if lifetime else 0
