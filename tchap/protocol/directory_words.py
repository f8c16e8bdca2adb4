"""How people are listed: the words of their names, what a typed word may stand for, and the pairs of words they have.

Accents, case and punctuation do not count; one typing error does not hide a word, nor do its beginning or its middle.
Errors are a property of words: a few hundred thousand words name all the agents there are.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

MAX_WORDS = 12
"""Words of one text that are looked at."""
MAX_WORD = 24
"""Letters of a word; what follows tells nobody apart."""
MAX_NAMES = 6
"""Words of one person's name that lead to her."""
MAX_JOINED = 2
MAX_ROLES = 6
"""Words of her unit and function that lead to her."""
MAX_IDS = 50_000
"""Of the commonest words, kept while many people are listed: about ten megabytes."""
COMMON = 64
"""Bearers from which a word is among the common ones: most words never are, and need no weighing."""
MIN_INFIX = 4
"""Letters that are looked for in the midst of words; fewer are looked for at their beginning."""
MIN_PREFIX, MAX_PREFIX = 3, 5
"""Letters of a beginning that lead to words; what follows is compared."""
NOBODY = 0
"""In place of the other word and its initial, for who has one word only."""
ALL_INITIALS = tuple(range(37))

_SEPARATORS = re.compile(r"[^a-z0-9]+")
_LABEL = re.compile(r"\s*\[[^\]]*\]\s*$")
_INITIALS = "abcdefghijklmnopqrstuvwxyz0123456789"
_ID_BYTES = 6
_EMPTY_WORDS = frozenset(["au", "aux", "d", "de", "des", "du", "en", "et", "l", "la", "le", "les"])


@dataclass(frozen=True, slots=True)
class Listing:
    """What a person is found by: folded words of her name, of its parts written in one, of her unit and function."""

    names: tuple[str, ...]
    joined: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Posting:
    """A word of a person beside another: its id, the other's initial (1 to 36) and id; `NOBODY` where she has one."""

    word_id: int
    initial: int
    other_id: int


def fold(text: str) -> tuple[str, ...]:
    """The words of a text without case, accents or punctuation: `Émile-Jean [DINUM]` gives emile, jean, dinum."""
    return tuple(dict.fromkeys(_split(text)))[:MAX_WORDS]


def _split(text: str) -> list[str]:
    letters = text.lower() if text.isascii() else _plain(text)
    return [word for word in _SEPARATORS.split(letters) if word]


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold()).replace("œ", "oe").replace("æ", "ae")
    return plain if plain.isascii() else "".join(c for c in plain if not unicodedata.combining(c))


def list_name(name: str, unit: str = "", function: str = "") -> Listing:
    """The listing of somebody by her name, without her administration's label."""
    roles = tuple(word for word in fold_telling(f"{unit} {function}") if len(word) > 1) if unit or function else ()
    names = tuple(dict.fromkeys(word[:MAX_WORD] for word in fold(name)[:MAX_NAMES]))
    return Listing(names, _joined(name)[:MAX_JOINED], roles[:MAX_ROLES])


def without_label(display_name: str) -> str:
    """`Jean Martin [Préfecture]` is Jean Martin."""
    return _LABEL.sub("", display_name)


def fold_telling(text: str) -> tuple[str, ...]:
    """As `fold`, without the articles that every administration, unit and function has."""
    return tuple(dict.fromkeys(word[:MAX_WORD] for word in fold(text) if word not in _EMPTY_WORDS))


def _joined(name: str) -> tuple[str, ...]:
    """`Jean-Pierre Le Goff` may be typed jeanpierre legoff."""
    tokens = [[token.lower()] if token.isascii() and token.isalpha() else _split(token) for token in name.split()]
    found = ["".join(parts) for parts in tokens if len(parts) > 1]
    # A particle, unless it begins the name.
    found += ["".join((*one, *after)) for one, after in pairwise(tokens[1:]) if len(one) == 1 and len(one[0]) <= 3]
    return tuple(dict.fromkeys(word[:MAX_WORD] for word in found))


@lru_cache(maxsize=MAX_IDS)
def id_of(text: str) -> int:
    """48 bits that stand for a word or an administration.

    That any two of half a million words share theirs has one chance in two thousand; the later is then not found.
    """
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=_ID_BYTES).digest())


def initial_of(word: str) -> int:
    """1 to 36."""
    return _INITIALS.index(word[0]) + 1


def keys_of(word: str) -> frozenset[str]:
    """What leads to a word: itself and less one letter; `^` its beginnings; `~` four letters of its midst."""
    beginnings = {f"^{word[:size]}" for size in range(MIN_PREFIX, min(len(word), MAX_PREFIX) + 1)}
    return frozenset(_deletions(word) | beginnings | {f"~{part}" for part in _middles(word)})


def weight_of(bearers: int) -> int:
    """How common a word is: 0 below `COMMON`, then one more each time as many again bear it."""
    return max(0, bearers.bit_length() - COMMON.bit_length() + 1)


def lookups_of(typed: str) -> frozenset[str]:
    """The keys of the words that a typed one may stand for; none for one or two letters."""
    if len(typed) < MIN_PREFIX:
        return frozenset()
    middles = {f"~{typed[:MIN_INFIX]}"} if len(typed) >= MIN_INFIX else set()
    return frozenset(_deletions(typed) | {f"^{typed[:MAX_PREFIX]}"} | middles)


def _deletions(word: str) -> set[str]:
    """Two words one slip apart (a letter more, less, changed, or two exchanged) share one of these."""
    if len(word) < MIN_PREFIX:
        return {word}
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def _middles(word: str) -> Iterator[str]:
    return (word[place : place + MIN_INFIX] for place in range(1, len(word) - MIN_INFIX + 1))


def likeness(typed: str, word: str) -> float:
    """How well a typed word stands for a word, 0 to 1: itself, its beginning, one slip of the finger, its midst."""
    if typed == word:
        return 1.0
    if word.startswith(typed):
        # An initial says nothing of the length of the rest.
        return 0.8 + (0.15 * len(typed) / len(word) if len(typed) >= MIN_PREFIX else 0.0)
    if len(typed) >= MIN_PREFIX and len(word) >= MIN_PREFIX and _is_near(typed, word):
        return 0.75
    return 0.55 if len(typed) >= MIN_INFIX and typed in word else 0.0


def _is_near(word: str, other: str) -> bool:
    """Whether a letter is missing, added or changed, or two neighbours are exchanged."""
    if abs(len(word) - len(other)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))
    left, right = word[start:], other[start:]
    if left[1:] == right[1:] or left[1:] == right or left == right[1:]:
        return True
    return left[:2] == right[:2][::-1] and left[2:] == right[2:]


def postings_of(person: Listing) -> frozenset[Posting]:
    """Each word of the name beside each other one; words of the unit and the function beside those of the name."""
    pairs = {(word, other) for word in (*person.names, *person.roles) for other in person.names if word != other}
    for joined in person.joined:
        rest = [other for other in (*person.names, *person.joined) if other not in joined]
        pairs |= {(joined, other) for other in rest} | {(other, joined) for other in rest}
    alone = (*person.names, *person.joined, *person.roles) if len(person.names) < 2 else ()
    return frozenset(
        {Posting(id_of(word), NOBODY, NOBODY) for word in alone}
        | {Posting(id_of(word), initial_of(other), id_of(other)) for word, other in pairs}
    )
