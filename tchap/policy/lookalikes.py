"""Domains that would pass for another: what the eye takes for the same, and what a hurried reader does.

Addresses are plain ASCII here (`policy/emails`), so a homoglyph can only be one of ASCII, or punycode.
Every name is compared without its public suffix (`fr`, `gouv.fr`, `com`), which is told by the caller.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

MIN_COMPARED = 5
"""Letters from which nearly the same letters mean something: among shorter names everything is near to everything."""
_LONG = 10
"""Letters from which two of them may differ."""
_MAX_DISTANCE = 2
_LETTERS = str.maketrans("01i", "oll")
_TWICE = re.compile(r"(.)\1+")
# The State's own name as a word of the domain: `interieur-gouv.fr`, `gouv.fr.example.com`, `mongouvfr.com`.
_STATE = re.compile(r"(?:^|[.-])gouv(?:[.-]|$)|gouv-?fr(?:[.-]|$)")


class Likeness(Enum):
    """How a domain resembles another, the most deceptive first."""

    SAME_LOOK = "same_look"
    EMBEDS = "embeds"
    HYPHENED = "hyphened"
    SAME_WORDS = "same_words"
    OTHER_SUFFIX = "other_suffix"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class DomainName:
    """A domain, the public suffix it ends with, and the part of it that somebody registered."""

    domain: str
    suffix: str
    registrable: str

    @property
    def name(self) -> str:
        """What stands before the public suffix; empty for a suffix itself."""
        return self.domain[: -len(self.suffix)].rstrip(".")


@dataclass(frozen=True, slots=True)
class Resemblance:
    """The domain that is resembled, and how."""

    domain: str
    likeness: Likeness


@dataclass(frozen=True, slots=True)
class Looks:
    """What a domain is found by when another resembles it; see `search_keys` for the three pieces."""

    look: str
    loose: str
    head: str
    middle: str
    tail: str


@dataclass(frozen=True, slots=True)
class SearchKeys:
    """What those that may resemble a domain have in common with it."""

    domains: tuple[str, ...]
    look: str
    loose: str
    heads: tuple[str, ...]
    middles: tuple[str, ...]
    tails: tuple[str, ...]


def look_of(name: str) -> str:
    """The name as the eye takes it: `0` is `o`, `1` and `i` are `l`, `rn` is `m`, `vv` is `w`."""
    return name.replace("rn", "m").replace("vv", "w").translate(_LETTERS)


def loose_of(name: str) -> str:
    """The same without hyphens, dots and doubled letters."""
    return _TWICE.sub(r"\1", look_of(name).replace("-", "").replace(".", ""))


def looks_of(name: DomainName) -> Looks:
    loose = loose_of(name.name)
    first, second = _cuts(len(loose))
    pieces = (loose[:first], loose[first:second], loose[second:])
    return Looks(look_of(name.name), loose, *(f"{len(loose)}:{piece}" for piece in pieces))


def _cuts(length: int) -> tuple[int, int]:
    return length // 3, 2 * length // 3


def search_keys(asked: DomainName) -> SearchKeys:
    """Where to look for those that resemble a domain.

    Of three pieces of a name that differs in at most two letters, one is the same letter for letter, at its place or
    at most two letters away: looking for equal pieces finds them all without comparing with every name.
    """
    loose = loose_of(asked.name)
    reach = _reach(len(loose))
    heads, middles, tails = set(), set(), set()
    for length in range(len(loose) - reach, len(loose) + reach + 1) if reach else ():
        first, second = _cuts(length)
        heads.add(f"{length}:{loose[:first]}")
        tails.add(f"{length}:{loose[len(loose) - (length - second) :]}")
        middles |= {
            f"{length}:{loose[first + shift : second + shift]}"
            for shift in range(-reach, reach + 1)
            if first + shift >= 0
        }
    domains = tuple({*inner_names(asked.domain), *_hyphened(asked)})
    return SearchKeys(domains, look_of(asked.name), loose, tuple(heads), tuple(middles), tuple(tails))


def _reach(length: int) -> int:
    """How many letters of a name of that length may differ from one it resembles."""
    return 0 if length < MIN_COMPARED else 1 if length < _LONG else _MAX_DISTANCE


def inner_names(domain: str) -> tuple[str, ...]:
    """Domains written inside another before its end: `valmont.fr` in `valmont.fr.example.com`."""
    labels = domain.split(".")
    ends = range(2, len(labels))
    return tuple(".".join(labels[start:end]) for end in ends for start in range(end - 1))


def _hyphened(asked: DomainName) -> tuple[str, ...]:
    """Domains written with a hyphen for a dot: `valmont.fr` in `valmont-fr.com`."""
    label = asked.registrable.partition(".")[0]
    return tuple(
        f"{label[:place]}.{label[place + 1 :]}" for place, letter in enumerate(label) if letter == "-" and place > 0
    )


def claims_state(asked: DomainName) -> bool:
    """Whether the name calls itself the State's without ending as its names do."""
    return asked.suffix != "gouv.fr" and _STATE.search(asked.name) is not None


def is_punycode(domain: str) -> bool:
    """Whether a label stands for letters outside ASCII, which nobody can tell from others at a glance (RFC 5891)."""
    return any(label.startswith("xn--") for label in domain.split("."))


def find_resemblances(asked: DomainName, others: Iterable[DomainName]) -> list[Resemblance]:
    """How a domain resembles each of these, the most deceptive first; those of the same owner resemble nobody."""
    found = [
        Resemblance(other.domain, likeness)
        for other in others
        if other.registrable != asked.registrable and (likeness := find_likeness(asked, other)) is not None
    ]
    order = list(Likeness)
    return sorted(found, key=lambda each: (order.index(each.likeness), each.domain))


def find_likeness(asked: DomainName, other: DomainName) -> Likeness | None:
    """The most deceptive way in which `asked` resembles `other`."""
    mine, theirs = asked.name, other.name
    if other.domain in inner_names(asked.domain):
        return Likeness.EMBEDS
    if other.domain in _hyphened(asked):
        return Likeness.HYPHENED
    if mine == theirs:
        return Likeness.OTHER_SUFFIX
    if look_of(mine) == look_of(theirs):
        return Likeness.SAME_LOOK
    loose, their_loose = loose_of(mine), loose_of(theirs)
    if loose == their_loose:
        return Likeness.SAME_WORDS
    reach = _reach(min(len(loose), len(their_loose)))
    return Likeness.NEAR if reach and is_within(loose, their_loose, reach) else None


def _unlike(left: str, right: str) -> tuple[str, str]:
    """Both without the letters they begin and end with alike: town halls share most of theirs."""
    start, most = 0, min(len(left), len(right))
    while start < most and left[start] == right[start]:
        start += 1
    end = 0
    while end < most - start and left[-1 - end] == right[-1 - end]:
        end += 1
    return left[start : len(left) - end], right[start : len(right) - end]


def is_within(left: str, right: str, reach: int) -> bool:
    """Whether at most `reach` letters must be changed, added, left out or exchanged with their neighbour."""
    if abs(len(left) - len(right)) > reach:
        return False
    left, right = _unlike(left, right)
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, 1):
        following = [i]
        for j, theirs in enumerate(right, 1):
            best = min(row[j] + 1, following[-1] + 1, row[j - 1] + (letter != theirs))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == theirs:
                best = min(best, before[j - 2] + 1)
            following.append(best)
        if min(following) > reach:
            return False
        before, row = row, following
    return row[-1] <= reach
