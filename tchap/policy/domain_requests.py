"""Whether an administration that proved its domain joins at once, waits for a decision, or is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum

from tchap.policy.administrations import KINDS, MAX_HEADCOUNT, MAX_NAME, parse_siren
from tchap.policy.emails import Email, parse_email
from tchap.policy.lookalikes import DomainName, Likeness, Resemblance, claims_state, is_punycode

MAX_DELEGATES = 10
"""Delegated administrators named by a request; others are named by these."""


class State(StrEnum):
    """Where a request is. A request begins once the requester's mailbox is proven."""

    DESCRIBING = "describing"
    PROVING = "proving"
    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


LIVE = (State.DESCRIBING, State.PROVING, State.WAITING)
"""States from which a request may still be approved."""
ACTS = {
    "approve": ((State.WAITING,), State.APPROVED),
    "refuse": (LIVE, State.REFUSED),
    "suspend": ((State.APPROVED,), State.SUSPENDED),
    "reopen": ((State.SUSPENDED,), State.APPROVED),
}
"""What a decider may do: from which states, and to which."""


class Outcome(Enum):
    OPEN = "open"
    QUEUE = "queue"
    REFUSE = "refuse"


class Reason(Enum):
    """Why a domain is not opened at once. Those of `Likeness` have the same values."""

    PUNYCODE = "punycode"
    PUBLIC_SUFFIX = "public_suffix"
    PROVIDER = "provider"
    DISPOSABLE = "disposable"
    CLAIMS_STATE = "claims_state"
    SAME_LOOK = "same_look"
    EMBEDS = "embeds"
    UNKNOWN = "unknown"
    HYPHENED = "hyphened"
    SAME_WORDS = "same_words"
    OTHER_SUFFIX = "other_suffix"
    NEAR = "near"


_DECEPTIVE = (Likeness.SAME_LOOK, Likeness.EMBEDS)


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """What is known of a domain: whether the State's list has it, and the provider of mailboxes for everybody, or of
    mailboxes that vanish, which it is or stands under."""

    name: DomainName
    is_known: bool
    provider: str | None
    disposable: str | None
    resemblances: tuple[Resemblance, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, and every reason for it, the first the one to tell."""

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()


def decide_domain(facts: DomainFacts) -> Verdict:
    """What becomes of a domain once it is proven.

    A known domain resembles others as they resemble it: known wins. What nobody can own for an administration, or is
    made to be taken for another, is refused; whatever else is unknown waits for somebody to look at it.
    """
    refused = _find_refusal(facts)
    if refused is not None:
        return Verdict(Outcome.REFUSE, (refused,))
    if facts.is_known:
        return Verdict(Outcome.OPEN)
    likenesses = dict.fromkeys(each.likeness for each in facts.resemblances)
    deceptive = [Reason(each.value) for each in likenesses if each in _DECEPTIVE]
    if claims_state(facts.name):
        deceptive.insert(0, Reason.CLAIMS_STATE)
    if deceptive:
        return Verdict(Outcome.REFUSE, tuple(deceptive))
    return Verdict(Outcome.QUEUE, (Reason.UNKNOWN, *(Reason(each.value) for each in likenesses)))


def _find_refusal(facts: DomainFacts) -> Reason | None:
    """What holds whether or not the domain is known; pages that a provider hosts are opened where they are known."""
    name = facts.name
    if is_punycode(name.domain):
        return Reason.PUNYCODE
    if name.domain == name.suffix:
        return Reason.PUBLIC_SUFFIX
    for host, reason in ((facts.disposable, Reason.DISPOSABLE), (facts.provider, Reason.PROVIDER)):
        if host is not None and (host == name.domain or not facts.is_known):
            return reason
    return None


@dataclass(frozen=True, slots=True)
class Description:
    """What a requester says of the administration; `siren` has nine digits, `contact` and `delegates` are addresses."""

    name: str
    kind: str
    siren: str | None
    headcount: int
    contact: str
    delegates: tuple[str, ...]


class Fault(Enum):
    """The field of a description that cannot be."""

    NAME = "name"
    KIND = "kind"
    SIREN = "siren"
    HEADCOUNT = "headcount"
    CONTACT = "contact"
    DELEGATES = "delegates"


def find_faults(given: Description, domain: str) -> list[Fault]:
    """What is wrong with a description; addresses are those of the domain itself."""
    delegates = given.delegates
    checks = (
        (Fault.NAME, _is_name(given.name)),
        (Fault.KIND, given.kind in KINDS),
        (Fault.SIREN, given.siren is None or _is_siren(given.siren)),
        (Fault.HEADCOUNT, 0 < given.headcount <= MAX_HEADCOUNT),
        (Fault.CONTACT, find_address(given.contact, domain) is not None),
        (
            Fault.DELEGATES,
            0 < len(delegates) <= MAX_DELEGATES and all(find_address(each, domain) is not None for each in delegates),
        ),
    )
    return [fault for fault, is_right in checks if not is_right]


def _is_name(name: str) -> bool:
    return 3 <= len(name) <= MAX_NAME and name.isprintable() and name == name.strip() and any(map(str.isalpha, name))


def find_address(text: str, domain: str) -> Email | None:
    """The address, where it is a plain one at that very domain."""
    try:
        email = parse_email(text)
    except ValueError:
        return None
    return email if email.domain == domain else None


def _is_siren(text: str) -> bool:
    try:
        return parse_siren(text) == text
    except ValueError:
        return False


def challenge_names(domain: str) -> tuple[str, str]:
    """The names whose TXT record may prove the domain."""
    return f"_tchap.{domain}", domain


def challenge_text(challenge: str) -> str:
    """The text of the record."""
    return f"tchap-verification={challenge}"


def holds_challenge(texts: Sequence[str], challenge: str) -> bool:
    """Whether one of these records is the one that was asked for, letter for letter but for space around it."""
    return any(text.strip() == challenge_text(challenge) for text in texts)
