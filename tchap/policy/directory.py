"""Searching people: how names are cut into trigrams, and which of the candidates come first.

Accents, case and punctuation do not count, a typing error costs little, any part of a word may be typed.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MAX_QUERY = 100
"""Characters of a search that are looked at."""
MAX_WORDS = 12
"""Words of one person or search that are cut into trigrams."""
MIN_LIKENESS = 0.35
"""Share of a word's trigrams a person's word must have to be taken for it, typing errors included."""

_SEPARATORS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Listed:
    """A person as the directory keeps her: her id, and the folded words of her names."""

    user_id: str
    words: tuple[str, ...]


def fold(text: str) -> tuple[str, ...]:
    """The words of a text without case, accents or punctuation: `Émile-Jean [DINUM]` gives emile, jean, dinum."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c for c in plain.replace("œ", "oe").replace("æ", "ae") if not unicodedata.combining(c))
    words = (word for word in _SEPARATORS.split(letters) if word)
    return tuple(dict.fromkeys(words))[:MAX_WORDS]


def trigrams(words: Iterable[str]) -> frozenset[str]:
    """Every run of three characters of the words, each word led by a mark so that beginnings weigh more."""
    return frozenset(gram for word in words for gram in _trigrams_of(word))


def choose_trigrams(counts: Mapping[str, int], budget: int) -> list[str]:
    """The trigrams to search by: the rarest first, as many as find no more than `budget` people together.

    `counts` says how many people each finds. What everybody shares (the name of a large administration) tells nobody
    apart, and is left to the ranking. At least one is chosen.
    """
    chosen: list[str] = []
    for trigram in sorted(counts, key=lambda known: (counts[known], known)):
        budget -= counts[trigram]
        if chosen and budget < 0:
            break
        chosen.append(trigram)
    return chosen


def score(query: tuple[str, ...], person: Listed) -> float:
    """How well a person answers a search, 0 to 1 per word of it; 0 as soon as one word of the search finds nothing."""
    total = 0.0
    for word in query:
        best = max((_likeness(word, other) for other in person.words), default=0.0)
        if best < MIN_LIKENESS:
            return 0.0
        total += best
    return total / len(query) if query else 0.0


def rank(query: tuple[str, ...], people: Iterable[Listed]) -> list[str]:
    """The ids of those who answer, best first; equal ones in the order of their words."""
    scored = [(score(query, person), person) for person in people]
    lawful = [(points, person) for points, person in scored if points > 0]
    lawful.sort(key=lambda pair: (-pair[0], pair[1].words, pair[1].user_id))
    return [person.user_id for _, person in lawful]


def _trigrams_of(word: str) -> set[str]:
    marked = f"^{word}"
    return {marked[i : i + 3] for i in range(len(marked) - 2)} or {marked}


def _likeness(word: str, other: str) -> float:
    """1 for the word itself, less for its beginning, its middle, and words that share part of its trigrams."""
    if word == other:
        return 1.0
    if other.startswith(word):
        return 0.9
    if word in other:
        return 0.7
    asked, found = _trigrams_of(word), _trigrams_of(other)
    # Dice's coefficient: symmetrical, so that a long word is not taken for every short one it holds.
    return 0.6 * 2 * len(asked & found) / (len(asked) + len(found)) + _near(word, other)


def _near(word: str, other: str) -> float:
    """A bonus for one slip of the finger (a letter missing, added, changed, exchanged): trigrams punish it too much."""
    if min(len(word), len(other)) < 4 or abs(len(word) - len(other)) > 1 or word[0] != other[0]:
        return 0.0
    start = next((i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))
    left, right = word[start:], other[start:]
    one_letter = left[1:] == right[1:] or left[1:] == right or left == right[1:]
    exchanged = left[:2] == right[:2][::-1] and left[2:] == right[2:]
    return 0.3 if one_letter or exchanged else 0.0
