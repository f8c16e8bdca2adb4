"""Who may do what to an administration and to its people, and what an administration is described by.

An operator runs the whole service. A delegate looks after one administration and everything below it: neither what is
above nor what stands beside. Whoever may not do something learns nothing of what there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tchap.policy.emails import parse_email

KINDS = (
    "ministry",
    "state_service",
    "agency",
    "local_authority",
    "health",
    "education",
    "justice",
    "security",
    "other",
)
"""What an administration may be."""
MAX_NAME = 120
"""Characters of a name."""
MAX_LABEL = 60
"""Characters of what stands in brackets after each agent's name."""
MAX_HEADCOUNT = 10_000_000
_SIREN_DIGITS = 9


class Act(Enum):
    """What somebody would do."""

    SEE = "see"
    CHANGE = "change"  # label, contact, headcount, what clients and identity providers must do
    REDESCRIBE = "redescribe"  # name, instance, kind, parent, SIREN: what others know it by
    CREATE = "create"
    CREATE_BELOW = "create_below"
    SUSPEND = "suspend"
    ADD_DOMAIN = "add_domain"
    RENAME_DOMAIN = "rename_domain"
    SUSPEND_DOMAIN = "suspend_domain"
    MOVE_DOMAIN = "move_domain"
    CLOSE_DOMAIN = "close_domain"
    NAME_DELEGATE = "name_delegate"
    LIST_PEOPLE = "list_people"
    READ_AUDIT = "read_audit"
    ANNOUNCE = "announce"
    SEE_ACCOUNT = "see_account"
    LOCK = "lock"
    SUSPEND_ACCOUNT = "suspend_account"
    SIGN_OUT = "sign_out"
    DEACTIVATE = "deactivate"
    REACTIVATE = "reactivate"
    REPLACE_ADDRESS = "replace_address"
    RENEW = "renew"
    TELL = "tell"
    READ_REPORTS = "read_reports"
    SEE_GUESTS = "see_guests"
    END_GUEST = "end_guest"
    RUN_SERVICE = "run_service"  # name operators, tell everybody, read what concerns no administration


_OPERATORS_ALONE = frozenset({Act.REDESCRIBE, Act.CREATE, Act.ADD_DOMAIN, Act.RENAME_DOMAIN, Act.RUN_SERVICE})
# What would cut off a delegate's own root, or free it from those who decided on it.
_ONLY_BELOW = frozenset({Act.SUSPEND})
# What operators may do to each other, naming and dismissing included.
_BETWEEN_PEERS = frozenset({Act.SEE_ACCOUNT, Act.TELL, Act.RENEW, Act.READ_REPORTS, Act.RUN_SERVICE})
# To an external: their term and their address are their sponsors'.
_ON_GUESTS = frozenset({Act.SEE_ACCOUNT, Act.LOCK, Act.SUSPEND_ACCOUNT, Act.SIGN_OUT, Act.TELL})


class Refusal(Enum):
    """Why not."""

    NOT_YOURS = "not_yours"
    PEER = "peer"
    HELD = "held"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. `delegated`: the administrations they were named for; `covered`: those and everything below."""

    user_id: str
    is_operator: bool = False
    is_external: bool = False
    delegated: frozenset[str] = frozenset()
    covered: frozenset[str] = frozenset()

    @property
    def is_delegate(self) -> bool:
        return bool(self.covered) and not self.is_external


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be acted on. `answerable`: every administration that answers for it, none where nobody does but the
    operators; of an account, whether it is an operator's, or an external's, for whom the administrations of all who
    vouch answer."""

    answerable: frozenset[str] = frozenset()
    user_id: str | None = None
    is_operator: bool = False
    is_guest: bool = False


def decide_act(actor: Actor, act: Act, subject: Subject) -> Refusal | None:
    """Whether the act is lawful; None when it is."""
    if actor.is_external:
        return Refusal.NOT_YOURS
    if actor.is_operator:
        is_peer = subject.is_operator and subject.user_id != actor.user_id
        return Refusal.PEER if is_peer and act not in _BETWEEN_PEERS else None
    if act in _OPERATORS_ALONE or subject.is_operator or not subject.answerable:
        return Refusal.NOT_YOURS
    if subject.is_guest and act not in _ON_GUESTS:
        return Refusal.NOT_YOURS
    reach = actor.covered - actor.delegated if act in _ONLY_BELOW else actor.covered
    return None if subject.answerable <= reach else Refusal.NOT_YOURS


def decide_lifting(is_operator: bool, is_held: bool) -> Refusal | None:
    """Whether a suspension may be lifted or a closing taken back, by who may act there: where operators decided on it
    (`is_held`), by them alone."""
    return Refusal.HELD if is_held and not is_operator else None


def decide_departure(is_operator: bool, is_suspended: bool) -> Refusal | None:
    """Whether a domain leaves an administration: from one that is suspended it would take agents again elsewhere."""
    return Refusal.SUSPENDED if is_suspended and not is_operator else None


def may_be_delegate(of: str | None, lineage: frozenset[str]) -> bool:
    """Whether an agent of the administration `of` may look after the one whose `lineage` this is: itself and all above.

    A ministry's own people may look after what is below it; nobody looks after strangers.
    """
    return of is not None and of in lineage


def parse_listing(text: str) -> str:
    """`x.fr`, or `*.x.fr` for everything under it, in lower case; ValueError for anything else."""
    lowered = text.strip().lower()
    domain = lowered.removeprefix("*.")
    if "@" in domain:
        raise ValueError("not a domain")
    return ("*." if lowered.startswith("*.") else "") + parse_email(f"x@{domain}").domain


def plain_name(text: str) -> str:
    """A name out of somebody else's list, without what does not print: French text is full of unbreakable spaces."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def parse_siren(text: str) -> str:
    """Nine digits whose last follows from the others (Luhn); spaces do not count. ValueError for anything else."""
    digits = "".join(text.split())
    if len(digits) != _SIREN_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise ValueError("a SIREN has nine digits")
    doubled = [int(digit) * (2 if index % 2 else 1) for index, digit in enumerate(digits)]
    if sum(value - 9 if value > 9 else value for value in doubled) % 10:
        raise ValueError("this SIREN has a wrong digit")
    return digits
