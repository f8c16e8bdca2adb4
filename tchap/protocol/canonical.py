"""Canonical JSON: the one byte string of a JSON value, on which every hash and signature stands.

Source: appendices, "Canonical JSON". Objects are sorted by Unicode codepoint, which is also the order of their UTF-8
bytes, the order msgspec sorts in; tests compare every output with a plain reference.
"""

import json
from typing import Any

import msgspec

from tchap.base.limits import MAX_JSON_DEPTH

MAX_INTEGER = 2**53 - 1

_encode = msgspec.json.Encoder(order="sorted").encode


def encode_canonical(value: object) -> bytes:
    """The canonical bytes. ValueError on floats, integers outside ±(2^53-1), lone surrogates, other types."""
    check_canonical(value)
    try:
        return _encode(value)
    except UnicodeEncodeError as error:
        raise ValueError("canonical JSON holds no lone surrogate") from error


def encode_lenient(value: object) -> bytes:
    """As `encode_canonical`, but numbers are not judged: room versions 1 to 5 hold events with any of them.

    Only for values that came out of JSON. Unlawful numbers are written as the appendix's example code writes them,
    which is what the hashes of such events were made over.
    """
    try:
        return encode_canonical(value)
    except ValueError:
        return _encode_plainly(value)


def _encode_plainly(value: object) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)
        return text.encode()
    except (TypeError, RecursionError) as error:
        raise ValueError("not a JSON value") from error


def check_canonical(value: Any, depth: int = 0) -> None:
    """Raises ValueError when a value has no canonical JSON (room versions 6 and later refuse such events)."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise ValueError("an integer is outside the range of canonical JSON")
    elif kind is dict or kind is list or kind is tuple:
        _check_inside(value, kind is dict, depth + 1)
    else:
        raise ValueError(f"canonical JSON has no {kind.__name__}")


def _check_inside(value: Any, is_object: bool, depth: int) -> None:
    if depth > MAX_JSON_DEPTH:
        raise ValueError("JSON is nested too deeply")
    if is_object and any(type(key) is not str for key in value):
        raise ValueError("an object's keys are strings")
    for item in value.values() if is_object else value:
        if type(item) is not str:
            check_canonical(item, depth)
