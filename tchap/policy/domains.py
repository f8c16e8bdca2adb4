"""The one decision on which administration and instance an e-mail address belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from tchap.policy.emails import Email


class AdministrationLike(Protocol):
    """What this law reads of a configured administration: its name, label, instance and e-mail domains."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def instance(self) -> str: ...
    @property
    def domains(self) -> Sequence[str]: ...


class Refusal(Enum):
    """Why an address may not register."""

    UNKNOWN_DOMAIN = "unknown_domain"
    NOT_INVITED = "not_invited"
    OTHER_INSTANCE = "other_instance"


@dataclass(frozen=True, slots=True)
class Home:
    """Where an address belongs: instance, label shown in names (None: read it from the domain), and standing."""

    instance: str
    label: str | None
    is_external: bool


def find_home(email: Email, administrations: Sequence[AdministrationLike], externals: str | None) -> Home | None:
    """The home of an address by its exact domain or a listed `*.domain`; else the externals' instance, if any."""
    administration = find_administration(email, administrations)
    if administration is not None:
        return Home(administration.instance, administration.label or None, administration.instance == externals)
    return None if externals is None else Home(externals, None, True)


def find_administration(email: Email, administrations: Sequence[AdministrationLike]) -> AdministrationLike | None:
    """The administration whose address this is, by the same rule."""
    return next((one for one in administrations if _lists(one, email)), None)


def decide_registration(home: Home | None, served: str | None, is_invited: bool) -> Refusal | None:
    """Whether an address may open an account; None when it may.

    `served` is the instance the request was addressed to by its Host, None when the Host names none in particular.
    """
    if home is None:
        return Refusal.UNKNOWN_DOMAIN
    if home.is_external and not is_invited:
        return Refusal.NOT_INVITED
    return Refusal.OTHER_INSTANCE if served not in (None, home.instance) else None


def _lists(administration: AdministrationLike, email: Email) -> bool:
    return any(_is_listed(email.domain, listed.lower()) for listed in administration.domains)


def _is_listed(domain: str, listed: str) -> bool:
    """A listed name matches itself alone; `*.name` matches what stands under it, label by label."""
    if listed.startswith("*."):
        return domain.endswith(listed[1:]) and len(domain) > len(listed) - 1
    return domain == listed
