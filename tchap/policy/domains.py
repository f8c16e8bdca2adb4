"""The one decision on which administration and instance an e-mail address belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from tchap.policy.emails import Email
from tchap.protocol.directory_words import fold

MAX_ADMINISTRATION_ID = 60
"""Characters of an administration's id, which stands in addresses."""


class Listed(Protocol):
    """What this law reads of a listed domain: how it is listed, whose it is, and whether it takes new agents."""

    @property
    def domain(self) -> str: ...
    @property
    def administration_id(self) -> str: ...
    @property
    def instance(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def is_open(self) -> bool: ...


class Refusal(Enum):
    """Why an address may not register."""

    UNKNOWN_DOMAIN = "unknown_domain"
    NOT_INVITED = "not_invited"
    OTHER_INSTANCE = "other_instance"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Home:
    """Where an address belongs: instance, label shown in names (None: read it from the domain), and standing.

    `administration_id` is None for externals; `is_open` is False while the administration, or this domain, takes
    nobody new.
    """

    instance: str
    label: str | None
    is_external: bool
    administration_id: str | None = None
    is_open: bool = True


def listings_of(domain: str) -> tuple[str, ...]:
    """Every way this domain may be listed, the most particular first: itself, then `*.` each name above it."""
    labels = domain.split(".")
    return (domain, *(f"*.{'.'.join(labels[index:])}" for index in range(1, len(labels))))


def find_home(email: Email, listed: Sequence[Listed], externals: str | None) -> Home | None:
    """The home of an address by its exact domain or the nearest listed `*.domain`; else the externals' instance."""
    found = find_listed(email, listed)
    if found is None:
        return None if externals is None else Home(externals, None, True)
    is_external = found.instance == externals
    return Home(found.instance, found.label or None, is_external, found.administration_id, found.is_open)


def find_listed(email: Email, listed: Sequence[Listed]) -> Listed | None:
    """The listing that an address falls under."""
    by_name = {each.domain.lower(): each for each in listed}
    return next((by_name[name] for name in listings_of(email.domain) if name in by_name), None)


def decide_registration(home: Home | None, served: str | None, is_invited: bool) -> Refusal | None:
    """Whether an address may open an account; None when it may.

    `served` is the instance the request was addressed to by its Host, None when the Host names none in particular.
    """
    if home is None:
        return Refusal.UNKNOWN_DOMAIN
    if home.is_external and not is_invited:
        return Refusal.NOT_INVITED
    if served not in (None, home.instance):
        return Refusal.OTHER_INSTANCE
    return None if home.is_open else Refusal.SUSPENDED


def administration_id_of(name: str) -> str:
    """The id a new administration asks for: its name without accents, in words joined by hyphens."""
    return "-".join(fold(name))[:MAX_ADMINISTRATION_ID].strip("-") or "administration"
