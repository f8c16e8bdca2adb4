"""Searching people: what the typed words may stand for, where to look, and which of the people found come first.

Every typed word must be found: in the person's name, in her unit or function, or in her administration.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log1p
from typing import Protocol

from tchap.protocol.directory_words import (
    ALL_INITIALS,
    MIN_PREFIX,
    Listing,
    fold_telling,
    initial_of,
    likeness,
    lookups_of,
)

MAX_QUERY = 100
"""Characters of a search that are looked at."""
MAX_TYPED = 8
"""Words of a search that are looked at."""
MAX_LIKENESSES = 20_000
"""Pairs of words whose likeness is kept: some megabytes."""
MIN_LETTERS = 3
"""Letters without which a search answers nothing: nobody reads the directory letter by letter."""
FREQUENT_INITIALS = 15
"""Initials that nearly all names have."""
MIN_PLACE_PREFIX = 4
"""Letters of an administration's name that stand for it."""

IN_ROLE, IN_PLACE = 0.8, 0.7
"""What a word weighs in a unit or a function, and in an administration, where 1 is a word of the name."""
SHARES_ROOM, SAME_ADMINISTRATION, SAME_INSTANCE = 0.5, 0.3, 0.05
"""What closeness adds to the average of the typed words. A room is shared with few, an administration with many."""
NAMED_WHOLE = 0.05
"""What an administration all of whose words were typed adds: it comes before those with a longer name."""
COMMONNESS = 0.004
"""What being called as many are adds, per power of e: where nothing else decides, the likelier person comes first."""


class Known(Protocol):
    """A word of the dictionary: of how many people's names, units or functions, and administrations it is."""

    @property
    def word_id(self) -> int: ...
    @property
    def word(self) -> str: ...
    @property
    def people(self) -> int: ...
    @property
    def roles(self) -> int: ...
    @property
    def administrations(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one typed word may stand for, the likeliest first, among the words of names, roles and administrations."""

    typed: str
    names: tuple[Known, ...] = ()
    roles: tuple[Known, ...] = ()
    places: tuple[Known, ...] = ()

    @property
    def is_short(self) -> bool:
        """One or two letters: the beginning of a word, as an initial is."""
        return len(self.typed) < MIN_PREFIX

    @property
    def is_name(self) -> bool:
        """Whether a name is written exactly so."""
        return any(known.word == self.typed for known in self.names)

    @property
    def is_place_alone(self) -> bool:
        """Whether it is a word of administrations and only resembles names."""
        is_place = any(known.word == self.typed for known in self.places)
        return not self.is_name and (is_place or (bool(self.places) and not self.names and not self.roles))


@dataclass(frozen=True, slots=True)
class Look:
    """Where to look: the word ids of `words` beside `others` (None: any) whose initials are `initials`."""

    words: tuple[int, ...] = ()
    initials: tuple[int, ...] = ()
    others: tuple[int, ...] | None = None
    best: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """A person as she is compared with a search; her administration's words too."""

    person_id: int
    listing: Listing
    places: tuple[str, ...]
    closeness: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many dictionary words one typed word may stand for, and how many looks at the index one way may take."""

    likely: int
    looks: int


def parse_search(term: str) -> tuple[str, ...]:
    """The words of a search; none where it is too short to name anybody."""
    words = fold_telling(term[:MAX_QUERY])[:MAX_TYPED]
    is_enough = sum(map(len, words)) >= MIN_LETTERS and any(len(word) >= MIN_PREFIX for word in words)
    return words if is_enough else ()


def read_meanings(typed: Sequence[str], found: Iterable[tuple[str, Known]], bounds: Bounds) -> list[Meaning]:
    """What each typed word may stand for, of the `(key, word)` pairs that its keys led to."""
    by_key: dict[str, dict[int, Known]] = defaultdict(dict)
    for key, known in found:
        by_key[key][known.word_id] = known
    return [_meaning(word, by_key, bounds.likely) for word in typed]


def _meaning(typed: str, by_key: Mapping[str, Mapping[int, Known]], limit: int) -> Meaning:
    reached: dict[int, Known] = {}
    for key in lookups_of(typed):
        reached.update(by_key.get(key, {}))
    scored = [(likeness(typed, known.word), known) for known in reached.values()]
    likely = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: (-pair[0], pair[1].word))
    # The commonest words may be a long way from what was typed so far.
    common = sorted(likely, key=lambda pair: (pair[0] < 1.0, -pair[1].people - pair[1].roles, pair[1].word))[:limit]
    names = tuple(known for _, known in common if known.people > 0)
    roles = tuple(known for _, known in common if known.roles > 0)
    return Meaning(typed, names, roles, _places(typed, likely))


def _places(typed: str, likely: Sequence[tuple[float, Known]]) -> tuple[Known, ...]:
    """Words of administrations: the very one; else, for long words that name nobody, those it begins or misspells."""
    places = [(points, known) for points, known in likely if known.administrations > 0]
    exact = tuple(known for points, known in places if points == 1.0)
    is_name = any(points == 1.0 and known.people > 0 for points, known in likely)
    if exact or is_name or len(typed) < MIN_PLACE_PREFIX:
        return exact
    return tuple(known for _, known in places[:MIN_PLACE_PREFIX])


def choose_places(meanings: Sequence[Meaning], crowd: int) -> list[int]:
    """The words to find named administrations by: those of more than `crowd` of them only where there is no other."""
    telling = [known for meaning in meanings for known in meaning.places]
    rare = [known for known in telling if known.administrations <= crowd]
    return [known.word_id for known in (rare or telling)]


def choose_named(
    meanings: Sequence[Meaning], administrations: Iterable[tuple[str, tuple[str, ...]]]
) -> tuple[list[str], tuple[Meaning, ...]]:
    """The administrations that the search names, and what of it is left to name a person by.

    Those that explain the most: a word that is nobody's name counts more than one that may be somebody's.
    """
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for administration_id, words in administrations:
        covered = tuple(m.typed for m in meanings if any(known.word in words for known in m.places))
        groups[covered].append(administration_id)
    groups.pop((), None)
    if not groups:
        return [], tuple(meanings)
    weights = {meaning.typed: 1.0 if not meaning.is_name else 0.4 for meaning in meanings}
    best = max(groups, key=lambda covered: (sum(weights[word] for word in covered), covered))
    return groups[best], tuple(meaning for meaning in meanings if meaning.typed not in best)


def plan_look(meanings: Sequence[Meaning], bounds: Bounds, budget: int | None, places: int = 1) -> Look:
    """Where to look for people who have all these words, in so many `places`: by the rarest of them beside the others.

    A look that finds nobody where one of the words is nobody's. With a `budget`, the words looked by have no more
    postings together, the likeliest first.
    """
    told = [meaning for meaning in meanings if not meaning.is_short]
    if not told or not all(meaning.names or meaning.roles for meaning in told):
        return Look()
    driver = min(told, key=_cost)
    by = driver.names if driver.names and not _is_role(driver) else driver.roles
    rest = [meaning for meaning in meanings if meaning is not driver and not _is_role(meaning)]
    initials = _initials(rest)
    chosen = by[: max(1, bounds.looks // (len(initials) * places))]
    if budget is not None:
        # About as many people have each initial.
        chosen = _within(chosen, budget * FREQUENT_INITIALS // len(initials))
    others = tuple(known.word_id for meaning in rest for known in meaning.names if not meaning.is_short)
    return Look(
        tuple(known.word_id for known in chosen),
        initials,
        others or None,
        tuple(known.word_id for meaning in told for known in meaning.names[:1]),
    )


def _is_role(meaning: Meaning) -> bool:
    """Whether it is rather a unit or a function than a name: only then do they lead to people."""
    return bool(meaning.roles) and not meaning.is_name and (not meaning.names or meaning.roles[0].word == meaning.typed)


def _cost(meaning: Meaning) -> tuple[bool, int]:
    """Units and functions come first: they stand beside names, names do not stand beside them."""
    if _is_role(meaning):
        return False, sum(known.roles for known in meaning.roles)
    return True, sum(known.people for known in meaning.names)


def _within(words: Sequence[Known], budget: int) -> tuple[Known, ...]:
    chosen: list[Known] = []
    for known in words:
        budget -= known.people + known.roles
        if chosen and budget < 0:
            break
        chosen.append(known)
    return tuple(chosen)


def _initials(meanings: Sequence[Meaning]) -> tuple[int, ...]:
    """Those of the words that these stand for; all where there are none."""
    short = {initial_of(meaning.typed) for meaning in meanings if meaning.is_short}
    told = {initial_of(known.word) for meaning in meanings for known in meaning.names}
    return tuple(sorted(told or short)) or ALL_INITIALS


def may_answer(words: Collection[str], listing: Listing, meanings: Sequence[Meaning]) -> bool:
    """Whether somebody met in a room has one of the words that the search may stand for (`words`)."""
    mine = {*listing.names, *listing.joined, *listing.roles}
    short = [meaning.typed for meaning in meanings if meaning.is_short]
    return not mine.isdisjoint(words) and all(any(word.startswith(letter) for word in mine) for letter in short)


def score(typed: Sequence[str], person: Person, counts: Mapping[str, int]) -> float:
    """How well a person answers, closeness included; 0 as soon as a typed word is found nowhere."""
    total = bonus = 0.0
    for word in typed:
        points, found = _best(word, person)
        if points == 0:
            return 0.0
        total += points
        bonus += COMMONNESS * log1p(counts.get(found, 0))
    whole = NAMED_WHOLE * sum(word in typed for word in person.places) / (len(person.places) or 1)
    return (total + bonus) / len(typed) + whole + person.closeness


def _best(word: str, person: Person) -> tuple[float, str]:
    """The best of a person's words for a typed one, and what it is worth."""
    listing = person.listing
    found = [(_likeness(word, other), other) for other in (*listing.names, *listing.joined)]
    found += [(IN_ROLE * _likeness(word, other), other) for other in listing.roles]
    found += [(IN_PLACE * _likeness(word, other), other) for other in person.places]
    return max(found, default=(0.0, ""))


# Those who answer one search have much the same names.
_likeness = lru_cache(maxsize=MAX_LIKENESSES)(likeness)


def rank(typed: Sequence[str], people: Iterable[Person], counts: Mapping[str, int]) -> list[tuple[float, int]]:
    """`(points, person_id)` of those who answer, best first; equal ones in the order of their names."""
    scored = [(score(typed, person, counts), person) for person in people]
    lawful = [(points, person) for points, person in scored if points > 0]
    lawful.sort(key=lambda pair: (-pair[0], pair[1].listing.names, pair[1].person_id))
    return [(points, person.person_id) for points, person in lawful]


def bring_closer(ranked: Sequence[tuple[float, int]], met: Collection[int]) -> list[tuple[float, int]]:
    """As `rank`, once these turned out to share a room with the searcher."""
    return sorted(((points + SHARES_ROOM * (one in met), one) for points, one in ranked), key=lambda pair: -pair[0])
