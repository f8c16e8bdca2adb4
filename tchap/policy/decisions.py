"""What the law of Tchap answers, and how a refusal reaches whoever asked: a person of ours, or a partner's server."""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Refused:
    """Why not, in English and in French, said to whoever asked.

    `is_malformed`: the request contradicts itself (400); else it may not be (403). `needs_admin`: an administrator of
    the room can help. `cure`, in English and in French: what such an administrator can do about it herself.
    """

    en: str
    fr: str
    is_malformed: bool = False
    needs_admin: bool = False
    cure: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may be."""


@dataclass(frozen=True, slots=True)
class SoftFailed:
    """Kept in the graph of a partner's room, so that it stays common, and shown to nobody here."""

    because: Refused


ALLOWED = Allowed()
Decision = Allowed | Refused


class Origin(Enum):
    """Where an event comes from: one of the servers hosted here, or an admitted partner."""

    LOCAL = "local"
    PARTNER = "partner"


class Road(Enum):
    """How it comes: asked for, so that it can be refused (`make_*`, `send_*`, `invite` for a partner), or told."""

    ASKED = "asked"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Freedom:
    """What is not asked of a sender: `is_above_law` of those who run the server, `may_send_clear` as settings say."""

    is_above_law: bool = False
    may_send_clear: bool = False


BOUND = Freedom()


def judge_origin(decision: Decision, origin: Origin, road: Road) -> Allowed | Refused | SoftFailed:
    """The decision as it is carried out.

    By federation only the handshakes of membership can answer 403; whatever else offends was accepted elsewhere
    already, and is soft-failed.
    """
    if isinstance(decision, Refused) and origin is Origin.PARTNER and road is Road.TOLD:
        return SoftFailed(decision)
    return decision
