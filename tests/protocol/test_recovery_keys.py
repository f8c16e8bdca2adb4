"""Recovery codes are recognised wherever they stand."""

from functools import reduce

import pytest

from tchap.protocol.recovery_keys import holds_recovery_key

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def written(secret: bytes, prefix: bytes = b"\x8b\x01", parity: int | None = None) -> str:
    """The letters of a key (client-server API, "Key representation")."""
    data = prefix + secret
    data += bytes([reduce(lambda left, right: left ^ right, data, 0) if parity is None else parity])
    number, letters = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        letters = ALPHABET[rest] + letters
    return letters


KEY = written(bytes(range(32)))


def grouped(letters: str, between: str) -> str:
    return between.join(letters[index : index + 4] for index in range(0, len(letters), 4))


@pytest.mark.parametrize("between", ["", " ", "-", "\xa0"])
@pytest.mark.parametrize("around", ["{}", "mon code est {}.", "key={}\nnext", "({})"])
def test_a_code_is_recognised_however_it_is_written(between: str, around: str) -> None:
    """In groups or in one piece, anywhere in a text."""
    assert holds_recovery_key(around.format(grouped(KEY, between)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "E" * 48,
        KEY[:-1],
        KEY[:-1] + ("2" if KEY[-1] != "2" else "3"),
        "x" + KEY,
        KEY + "x",
        written(bytes(range(32)), prefix=b"\x8b\x02"),
        written(bytes(range(32)), parity=0),
        "EsTY " * 12,
    ],
)
def test_what_only_looks_like_one_is_not(text: str) -> None:
    """The prefix and the parity must be right: a log full of ids is let through."""
    assert not holds_recovery_key(text)
