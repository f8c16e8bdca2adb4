"""How an account is named after its e-mail address: user id and display name, as the agents of today know them."""

import re

from tchap.policy.emails import Email

MAX_USER_ID = 255
"""Bytes of a whole user id (Matrix appendices, section User Identifiers)."""
MAX_COLLISIONS = 1000
"""Numeric suffixes tried before giving up."""
MAX_PERSON_NAME = 100
"""Characters of a person's name, without her administration."""
_SUFFIX_ROOM = 5

_NOT_ALLOWED = re.compile(r"[^a-z0-9_\-./=]")
_LOCALPART = re.compile(r"[a-z0-9_\-./=+]+")


def localpart_of(email: Email, instance: str) -> str:
    """The localpart of the account of this address: `@` becomes `-`, other characters that ids refuse are dropped."""
    room = MAX_USER_ID - len(instance) - len("@:") - _SUFFIX_ROOM
    return _NOT_ALLOWED.sub("", str(email).replace("@", "-"))[:room]


def user_id_candidate(localpart: str, instance: str, attempt: int) -> str:
    """The user id to try at the given attempt (0 first): where two addresses give one, the later is numbered."""
    suffix = f"-{attempt + 1}" if attempt else ""
    return f"@{localpart}{suffix}:{instance}"


def is_lawful_localpart(localpart: str, instance: str) -> bool:
    """Whether a new account may have this localpart (Matrix appendices, section User Identifiers)."""
    return bool(_LOCALPART.fullmatch(localpart)) and len(localpart) + len(instance) + 2 <= MAX_USER_ID


def display_name_of(email: Email, label: str | None = None) -> str:
    """`Prénom Nom [Administration]`; `label` is the administration's own, else it is read from the domain."""
    return f"{person_name_of(email)} [{label or label_of_domain(email.domain)}]"


def display_name_from(given: str, usual: str, email: Email, label: str | None = None) -> str:
    """The same form with the names an identity provider gives; without any, as read from the address."""
    words = (_cleaned(given), _cleaned(usual))
    person = " ".join(_as_written(word) for name in words for word in name.split())[:MAX_PERSON_NAME].strip()
    return f"{person or person_name_of(email)} [{label or label_of_domain(email.domain)}]"


def follow_name(name: str, email: Email, label: str | None, former: Email | None) -> str:
    """The name once the address changed, or what its domain stands for: the bracket is the new administration's; the
    person's own name is kept, unless it was read from the former address."""
    person = name.partition("[")[0].strip()
    if not person or (former is not None and person == person_name_of(former)):
        person = person_name_of(email)
    return f"{person} [{label or label_of_domain(email.domain)}]"


def _cleaned(name: str) -> str:
    """What could pass for an administration, or be seen by nobody, is no part of a name."""
    return "".join(c if c.isalpha() or c in "'’-." else " " for c in name)


def _as_written(word: str) -> str:
    """`MARTIN` and `martin` are written `Martin`; `McCoy` stays."""
    return _capitalised(word.lower()) if word.isupper() or word.islower() else word


def person_name_of(email: Email) -> str:
    """`jean-pierre.martin` is read `Jean-Pierre Martin`."""
    return " ".join(_capitalised(word) for word in re.split(r"[._]+", email.local) if word)


def label_of_domain(domain: str) -> str:
    """The label before `gouv.fr`, or `Gouv` for `gouv.fr` itself, else the second-level domain; capitalised."""
    labels = domain.split(".")
    before = labels[:-2] if labels[-2:] == ["gouv", "fr"] else labels[:-1]
    return _capitalised(before[-1] if before else labels[-2])


def _capitalised(word: str) -> str:
    return "-".join(part[:1].upper() + part[1:] for part in word.split("-"))
