"""Searches made from people: each with one stated error, by somebody who is close to the person or names her place."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.directory.people import Administration, Agent
from tchap.protocol.directory_words import fold, fold_telling

SEED = 1_000
LETTERS = "abcdefghijklmnopqrstuvwxyz"
MIN_LETTERS = 4
SAME_ADMINISTRATION, SHARED_ROOM, NAMED = "same administration", "shared room", "administration named"
WAYS = (SAME_ADMINISTRATION, SHARED_ROOM, NAMED, NAMED)


@dataclass(frozen=True, slots=True)
class Query:
    """What is typed, by somebody of which administration, and who is meant."""

    term: str
    error: str
    way: str
    target: Agent
    searcher_administration: int


def accent_missing(target: Agent, chance: random.Random) -> str | None:
    """Typed without its accents; None for a name that has none."""
    return None if target.name.isascii() else " ".join(_plain(target))


def one_typo(target: Agent, chance: random.Random) -> str | None:
    """A letter missing, added, changed or exchanged with the next, in one word of four letters or more."""
    words = _plain(target)
    long = [number for number, word in enumerate(words) if len(word) >= MIN_LETTERS]
    if not long:
        return None
    number = chance.choice(long)
    words[number] = misspell(words[number], chance)
    return " ".join(words)


def misspell(word: str, chance: random.Random) -> str:
    """Never the word itself."""
    while True:
        place, letter = chance.randrange(len(word)), chance.choice(LETTERS)
        before, here, after = word[:place], word[place], word[place + 1 :]
        typed = chance.choice(
            (
                before + after,
                before + letter + here + after,
                before + letter + after,
                before + after[:1] + here + after[1:],
            )
        )
        if typed != word:
            return typed


def order_swapped(target: Agent, chance: random.Random) -> str | None:
    return f"{target.family} {target.given}"


def hyphen_lost(target: Agent, chance: random.Random) -> str | None:
    """A space, or nothing, in place of the hyphens; None for a name that has none."""
    return target.name.replace("-", chance.choice((" ", ""))) if "-" in target.name else None


def beginning_and_initial(target: Agent, chance: random.Random) -> str | None:
    """At least four letters of the family name, as many as chance says, and the initial of the first name."""
    family = max(fold(target.family), key=len)
    if len(family) < MIN_LETTERS:
        return None
    typed = [family[: chance.randint(MIN_LETTERS, len(family))], fold(target.given)[0][0]]
    chance.shuffle(typed)
    return " ".join(typed)


def _plain(target: Agent) -> list[str]:
    return list(fold(target.name))


ERRORS: dict[str, Callable[[Agent, random.Random], str | None]] = {
    "missing accent": accent_missing,
    "one typo": one_typo,
    "swapped order": order_swapped,
    "hyphen": hyphen_lost,
    "4 letters or more, and initial": beginning_and_initial,
}


def make_queries(targets: Sequence[Agent], administrations: Sequence[Administration], count: int) -> list[Query]:
    """As many of each error; a quarter by colleagues, a quarter by roommates, half naming the administration."""
    chance, found, left = random.Random(SEED), list[Query](), list(targets)
    sizes = [each.size for each in administrations]
    while len(found) < count and left:
        error = tuple(ERRORS)[len(found) % len(ERRORS)]
        way = WAYS[len(found) // len(ERRORS) % len(WAYS)]
        target = left.pop()
        term = ERRORS[error](target, chance)
        if term is None:
            continue
        if way == NAMED:
            term = f"{term} {_named(administrations[target.administration], chance)}"
        elsewhere = chance.choices(range(len(sizes)), sizes)[0]
        found.append(
            Query(term, error, way, target, target.administration if way == SAME_ADMINISTRATION else elsewhere)
        )
    return found


def _named(administration: Administration, chance: random.Random) -> str:
    """The whole label, or what tells it from those of its kind."""
    words = fold_telling(administration.label)
    return " ".join(words if chance.random() < 0.5 else words[1:])
