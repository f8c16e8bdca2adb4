"""What people write and look for, as words that a plain index compares: folded, without accents, stemmed.

French is stemmed by Snowball's rules, on words without their accents, because people look for « reunion » as often as
for « réunion ». Words of other languages pass through with little harm. One text is made for both engines; it holds
letters, digits and spaces alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import Any

import snowballstemmer  # type: ignore[import-untyped]

from tchap.base import limits
from tchap.protocol.relations import REPLACE, find_relation

_WORD = re.compile(r"[^\W_]+(?:['’ʼ][^\W_]+)*")
_PIECE = re.compile(r"[^\W_]+")
# l'école, qu'il, jusqu'ici: the word is what follows.
_ELISION = re.compile(r"^(?:[ldcjmnst]|qu|lorsqu|puisqu|jusqu|quoiqu|presqu)['’ʼ]", re.IGNORECASE)
_QUOTED = re.compile('["“”«]([^"“”«»]*)["“”»]')
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d"})
# Too common to tell one message from another; left out of what is looked for, unless nothing else is.
_EMPTY_WORDS = _PIECE.findall(
    """a au aux avec ce ces cet cette dans de des du elle en et eux il ils je la le les leur lui ma mais me même mes
    moi mon ne nos notre nous on ou où par pas pour que qui sa se ses si son sur ta te tes toi ton tu un une vos votre
    vous y d l the of and to in is it for"""
)
# What is searched: in each type of event, one key of its content.
KEY_OF_TYPE = {"m.room.message": "content.body", "m.room.name": "content.name", "m.room.topic": "content.topic"}


@dataclass(frozen=True, slots=True)
class SearchTerms:
    """What the index is asked: every phrase (words in a row), in one of the rooms where any are named."""

    phrases: tuple[tuple[str, ...], ...]
    rooms: tuple[str, ...] = ()


def _stem(word: str) -> str:
    plain = _without_accents(word)
    # Without its accent « validé » ends as « valide » does: the rules are applied until nothing is left to take.
    for _ in range(3):
        # The stemmer keeps its word in itself, and searches are made on several threads.
        shorter = snowballstemmer.stemmer("french").stemWord(plain)
        if shorter == plain:
            break
        plain = shorter
    return "".join(_PIECE.findall(plain))[: limits.MAX_SEARCH_WORD]


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _fold(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).casefold().translate(_LIGATURES)


def _stems(word: str) -> tuple[str, ...]:
    """The stems of what was found by `_WORD`: `aujourd'hui` has two."""
    return _known_stems(word) if len(word) <= limits.MAX_SEARCH_WORD else _new_stems(word)


def _new_stems(word: str) -> tuple[str, ...]:
    pieces = _PIECE.findall(_ELISION.sub("", word))
    return tuple(stem for piece in pieces if (stem := _stem(piece[: limits.MAX_SEARCH_WORD])))


_known_stems = lru_cache(maxsize=limits.MAX_STEMS)(_new_stems)


def index_words(text: str) -> list[str]:
    """The words of a text in their order, as they are kept."""
    found: list[str] = []
    for word in _WORD.findall(_fold(text)):
        found += _stems(word)
        if len(found) >= limits.MAX_SEARCH_WORDS:
            break
    return found[: limits.MAX_SEARCH_WORDS]


def parse_phrases(term: str) -> tuple[tuple[str, ...], ...]:
    """What a person looks for: words in any order, words in quotation marks in a row. Empty when there is no word."""
    phrases = [tuple(index_words(quoted)) for quoted in _QUOTED.findall(term)]
    rest = _QUOTED.sub(" ", _fold(term))
    # A word of several, such as « rendez-vous », is looked for in a row too.
    words = [tuple(stem for part in _WORD.findall(word) for stem in _stems(part)) for word in rest.split()]
    useful = [word for word in words if not (len(word) == 1 and word[0] in _EMPTY_STEMS)]
    phrases += useful if useful or any(phrases) else words
    return tuple(dict.fromkeys(phrase for phrase in phrases if phrase))[: limits.MAX_SEARCH_PHRASES]


def find_highlights(texts: Iterable[str], phrases: Iterable[tuple[str, ...]]) -> list[str]:
    """The words of the texts, as they were written but in small letters, that were looked for."""
    stems = {stem for phrase in phrases for stem in phrase}
    beginnings = tuple({stem[:2] for stem in stems})
    words = (match[0] for text in texts for match in _WORD.finditer(unicodedata.normalize("NFC", text)))
    found: dict[str, None] = {}
    for word in islice(words, limits.MAX_HIGHLIGHT_WORDS):
        written = _ELISION.sub("", word).casefold()
        # Few words begin as one looked for does; only they are stemmed.
        parts = _PIECE.findall(_fold(written))
        if not any(_without_accents(part).startswith(beginnings) for part in parts):
            continue
        if written not in found and stems.intersection(_stems(" ".join(parts))):
            found[written] = None
        if len(found) >= limits.MAX_HIGHLIGHTS:
            break
    return list(found)


def rank(words: str, phrases: Iterable[tuple[str, ...]]) -> float:
    """How well words answer, between 0 and the number of phrases: often said in few words is best."""
    length = words.count(" ") + 1
    padded = f" {words} "
    score = 0.0
    for phrase in phrases:
        times = padded.count(f" {' '.join(phrase)} ")
        score += times / (times + 0.5 + length / 40)
    return round(score, 6)


def room_word(room_id: str) -> str:
    """The word under which every entry of a room is found; nobody writes such a word."""
    return f"salon{sha256(room_id.encode()).hexdigest()[:24]}"


def find_search_text(event_type: str, content: Mapping[str, Any]) -> str:
    """What of an event is searched (module "Server Side Search"); empty for everything else."""
    key = KEY_OF_TYPE.get(event_type)
    if key is None:
        return ""
    texts = [content.get(key.removeprefix("content."))]
    if event_type == "m.room.topic":
        texts += _plain_topics(content.get("m.topic"))
    said = dict.fromkeys(text for text in texts if isinstance(text, str) and text.strip())
    return "\n".join(said)


def _plain_topics(block: object) -> list[object]:
    """ "The `body` of the `text/plain` representation in `content['m.topic']`"; it is plain where no type is named."""
    versions = block.get("m.text") if isinstance(block, dict) else None
    if not isinstance(versions, list):
        return []
    plain = [each for each in versions if isinstance(each, dict) and each.get("mimetype", "text/plain") == "text/plain"]
    return [each.get("body") for each in plain]


def find_edited_text(event_type: str, content: Mapping[str, Any]) -> str:
    """What an edit says instead of the event it edits."""
    new = content.get("m.new_content")
    return find_search_text(event_type, new) if isinstance(new, dict) else ""


def is_edit(content: Mapping[str, Any]) -> bool:
    """Whether an event only says anew what another said."""
    relation = find_relation(content)
    return relation is not None and relation.rel_type == REPLACE


_EMPTY_STEMS = frozenset(stem for word in _EMPTY_WORDS for stem in _stems(word))
