"""Recognising a recovery code (client-server API, "Secret storage", key representation), to keep it out of where it
should not be."""

import re
from functools import reduce

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUE = {letter: value for value, letter in enumerate(_ALPHABET)}
_PREFIX = b"\x8b\x01"
_BYTES = len(_PREFIX) + 32 + 1
# Twelve groups of four letters, which people write with spaces, hyphens or nothing between them.
_SHAPE = re.compile(rf"(?<![{_ALPHABET}])E(?:[ \t\xa0-]?[{_ALPHABET}]){{47}}(?![{_ALPHABET}])")


# A match keeps every other thread waiting: megabytes of logs are read a piece at a time. Codes are shorter than what
# two pieces have in common.
_PIECE, _COMMON = 65_536, 128


def holds_recovery_key(text: str) -> bool:
    """Whether a recovery code stands anywhere in the text: the shape, the prefix and the parity of one."""
    return any(_holds(text[start : start + _PIECE + _COMMON]) for start in range(0, len(text), _PIECE))


def _holds(piece: str) -> bool:
    return any(_is_key("".join(c for c in found[0] if c in _VALUE)) for found in _SHAPE.finditer(piece))


def _is_key(letters: str) -> bool:
    number = reduce(lambda total, letter: total * 58 + _VALUE[letter], letters, 0)
    if number.bit_length() > 8 * _BYTES:
        return False
    data = number.to_bytes(_BYTES, "big")
    return data.startswith(_PREFIX) and reduce(lambda parity, byte: parity ^ byte, data, 0) == 0
