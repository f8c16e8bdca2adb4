"""JSON and base64 at the door: what comes in can always be written out again."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tchap.base.encoding import decode_json, encode_json, parse_unpadded_base64, unpadded_base64
from tchap.base.limits import MAX_JSON_DEPTH

TEXTS = st.text(st.characters(exclude_categories=("Cs",)))
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=40)


@given(VALUES)
def test_json_round_trip(value: Any) -> None:
    """Every JSON value survives being written and read."""
    assert decode_json(encode_json(value)) == value


@given(VALUES)
def test_json_of_others_is_understood(value: Any) -> None:
    """What another writer makes, escaped or not, spaced or not, means the same here."""
    assert decode_json(json.dumps(value).encode()) == value
    assert decode_json(json.dumps(value, ensure_ascii=False, indent=2).encode()) == value


@given(st.binary())
def test_any_bytes_give_a_value_or_a_value_error(data: bytes) -> None:
    """Whatever arrives is either a value that can be written again, or a ValueError."""
    try:
        value = decode_json(data)
    except ValueError:
        return
    assert decode_json(encode_json(value)) == value


@pytest.mark.parametrize(
    "data",
    [
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b'"\xff"',
        b'{"\xed\xa0\x80": 1}',
        rb'"\ud800"',
        rb'["\udc00"]',
        rb'{"\ud800x": 1}',
        rb'"\ud800A"',
        b"",
        b"{}{}",
        b"{'a': 1}",
        b"[1,]",
        b"\xef\xbb\xbf{}",
        b"1" * 5000,
    ],
)
def test_what_cannot_be_written_again_is_refused(data: bytes) -> None:
    """No NaN, infinity, bad UTF-8, lone surrogate or malformed text enters."""
    with pytest.raises(ValueError):  # noqa: PT011 - any reason will do
        decode_json(data)


def test_integers_keep_every_digit() -> None:
    """Integers larger than 64 bits are neither cut nor made floats."""
    for number in (2**53 + 1, 2**63, -(2**64), 10**30):
        assert decode_json(str(number).encode()) == number
        assert encode_json(number) == str(number).encode()


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
def test_depth_is_bounded(opening: bytes, closing: bytes) -> None:
    """The deepest lawful nesting is read; one level more, or a hundred thousand, is a ValueError."""
    step = opening.count(b"[") + opening.count(b"{")
    lawful = MAX_JSON_DEPTH // step
    assert decode_json(opening * lawful + b"1" + closing * lawful) is not None
    for depth in (lawful + 1, 1000, 100_000):
        with pytest.raises(ValueError, match="deep"):
            decode_json(opening * depth + b"1" + closing * depth)


def test_wide_values_and_brackets_in_text_are_not_deep() -> None:
    """Many brackets side by side, or inside a text, are no nesting."""
    assert decode_json(b"[" + b"[],{}," * 500 + b"0]") is not None
    assert decode_json(b'"' + b"[{" * 500 + b'"') == "[{" * 500


@given(st.binary())
def test_base64_round_trip(data: bytes) -> None:
    """Bytes survive unpadded base64, which holds no padding and no URL-safe letter."""
    text = unpadded_base64(data)
    assert not set(text) & set("=-_")
    assert parse_unpadded_base64(text) == data


@pytest.mark.parametrize("text", ["a", "ab-_", "ab cd", "abc\n", "é", "a=b"])
def test_bad_base64_is_refused(text: str) -> None:
    """Other alphabets, spaces and impossible lengths are refused; padding is tolerated."""
    with pytest.raises(ValueError):  # noqa: PT011 - binascii's own words vary
        parse_unpadded_base64(text)
    assert parse_unpadded_base64("YQ==") == b"a"
