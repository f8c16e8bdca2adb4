"""Globs and dotted paths: how push rules and filters point at text and at properties.

Source: appendices, "Glob-style matching" and "Dot-separated property paths". A glob is matched piece by piece, never
by one regular expression with several stars, so that no pattern can make a match slow.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Glob:
    """A compiled glob; `pieces` are what stands between the stars, matched one after the other, leftmost first.

    `needle` is its longest part without wildcards: a text that does not hold it is told at once.
    """

    text: str
    needle: str
    pieces: tuple[re.Pattern[str], ...]

    def is_in(self, folded: str) -> bool:
        """Whether the case-folded text matches."""
        if self.needle not in folded:
            return False
        position = 0
        for piece in self.pieces:
            found = piece.search(folded, position)
            if found is None:
                return False
            position = found.end()
        return True


def compile_whole(pattern: str) -> Glob:
    """A glob the whole text must match, whatever the case."""
    return _compile(pattern, r"\A", r"\Z")


def compile_words(pattern: str) -> Glob:
    """A glob that some part of the text must match, from a word boundary to a word boundary, whatever the case.

    A boundary is the start or the end, or a character other than letters A to Z, digits and `_` (push rules,
    "`event_match`").
    """
    return _compile(pattern, "(?<![a-z0-9_])", "(?![a-z0-9_])")


def compile_exact(pattern: str) -> Glob:
    """As `compile_words` for a text in which stars and question marks mean themselves (a display name)."""
    folded = pattern.casefold()
    return Glob(pattern, folded, (re.compile(f"(?<![a-z0-9_]){re.escape(folded)}(?![a-z0-9_])"),))


def has_wildcards(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


def words_of(folded: str) -> frozenset[str]:
    """The words of a case-folded text, as word boundaries divide them."""
    return frozenset(_WORD.findall(folded))


def first_word(text: str) -> str:
    """The first word of a name, "" when it has none: a text that holds the name holds this word."""
    found = _WORD.search(text.casefold())
    return found[0] if found else ""


def parse_path(dotted: str) -> Path:
    r"""`content.m\\.mentions.user_ids` to its three names; a backslash escapes a dot or a backslash, nothing else."""
    names = [""]
    for token in _PATH_TOKEN.findall(dotted):
        if token == ".":
            names.append("")
        else:
            names[-1] += token[-1]
    return tuple(names)


def find_at(value: Mapping[str, Any], path: Path) -> Any:
    """What stands at a path inside nested objects, `ABSENT` when nothing does (null is something)."""
    found: Any = value
    for name in path:
        if not isinstance(found, dict) or name not in found:
            return ABSENT
        found = found[name]
    return found


class _Absent:
    """The answer of `find_at` when there is nothing."""


ABSENT = _Absent()

_WORD = re.compile("[a-z0-9_]+")
_PATH_TOKEN = re.compile(r"\\[.\\]|[\s\S]")


def _compile(pattern: str, start: str, end: str) -> Glob:
    folded = pattern.casefold()
    needle = max(re.split(r"[*?]", folded), key=len)
    pieces = [re.escape(piece).replace(r"\?", ".") for piece in re.split(r"\*+", folded)]
    pieces[0] = start + pieces[0]
    pieces[-1] = pieces[-1] + end
    return Glob(pattern, needle, tuple(re.compile(piece, re.DOTALL) for piece in pieces))
