"""Whether a file may be had: what the antivirus found, what the bytes look like, which road is asked.

The server sees stored bytes. Those of a file encrypted by a client look like nothing known, and say nothing of what is
inside until somebody gives the key; and one ciphertext under another key is another file. So there are two verdicts:
of the bytes *as they are stored*, and of what they become when they are *opened* with a key.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum


class Road(Enum):
    """The roads a file leaves by. All but the last hand out the stored bytes, or what is drawn from them."""

    DOWNLOAD = "download"
    THUMBNAIL = "thumbnail"
    SCANNER_DOWNLOAD = "scanner download"
    SCANNER_THUMBNAIL = "scanner thumbnail"
    DECRYPTED = "decrypted download"


class Mode(Enum):
    """`ON_REQUEST`: what only a key opens is looked at where a client asks; `REQUIRED`: before it is handed out."""

    OFF = "off"
    ON_REQUEST = "on_request"
    REQUIRED = "required"


class Kind(Enum):
    """`CLEAR` bytes begin like a format that is known; others may be a ciphertext, whatever they are declared to be."""

    CLEAR = "clear"
    SEALED = "sealed"


class Verdict(Enum):
    """`NONE`: the scanner was not asked, or is down. `FAILED`: it answered that it cannot look at this file."""

    NONE = "none"
    CLEAN = "clean"
    INFECTED = "infected"
    FAILED = "failed"


class Refusal(Enum):
    NOT_CLEAN = "not clean"
    CHANGED = "changed since it was scanned"
    NOT_SCANNED = "not scanned yet"
    CANNOT_SCAN = "the scanner does not look at it"
    NOT_OPENED = "no key was given for it yet"
    TYPE_FORBIDDEN = "its type is not allowed"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator chose. `lets_through`: what the scanner had no time for passes; what it cannot look at never
    does. Types are `image/png` or `image/*`; where `allowed` is empty all are."""

    mode: Mode
    lets_through: bool = False
    allowed: Sequence[str] = ()
    denied: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """`stored` is of the bytes as they are; `opened` of what they become: on the decrypted road with the very key
    asked with, on the others with any key that showed a known format, infected where any key at all showed that.

    `types` are those of what the road hands out or a key opens, where they are known.
    """

    road: Road
    kind: Kind
    stored: Verdict
    opened: Verdict = Verdict.NONE
    is_changed: bool = False
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may be had."""


@dataclass(frozen=True, slots=True)
class Refused:
    reason: Refusal


Decision = Allowed | Refused


def decide_download(facts: Facts, rules: Rules) -> Decision:
    """May the file leave by this road?"""
    if rules.mode is Mode.OFF:
        return Allowed()
    # Whoever the key came from: the bytes are the same for everybody.
    if Verdict.INFECTED in (facts.stored, facts.opened):
        return Refused(Refusal.NOT_CLEAN)
    if facts.is_changed:
        return Refused(Refusal.CHANGED)
    scanned = facts.opened if facts.road is Road.DECRYPTED else facts.stored
    if scanned is Verdict.FAILED:
        return Refused(Refusal.CANNOT_SCAN)
    if scanned is Verdict.NONE and not rules.lets_through:
        return Refused(Refusal.NOT_SCANNED)
    if rules.mode is Mode.REQUIRED and _is_unopened(facts):
        return Refused(Refusal.NOT_OPENED)
    if facts.types and not any(may_have_type(each, rules) for each in facts.types):
        return Refused(Refusal.TYPE_FORBIDDEN)
    return Allowed()


def _is_unopened(facts: Facts) -> bool:
    """The silence of the scanner opens nothing here: nobody has shown yet what is inside."""
    return facts.road is not Road.DECRYPTED and facts.kind is Kind.SEALED and facts.opened is not Verdict.CLEAN


def may_have_type(content_type: str, rules: Rules) -> bool:
    """Whether the operator lets files of this type pass; what is denied is so even where it is allowed too."""
    return not _matches(content_type, rules.denied) and (not rules.allowed or _matches(content_type, rules.allowed))


def _matches(content_type: str, patterns: Iterable[str]) -> bool:
    family = content_type.partition("/")[0]
    return any(pattern in (content_type, f"{family}/*", "*/*") for pattern in map(str.lower, patterns))
