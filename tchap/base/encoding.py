"""JSON and base64 as the outside world speaks them."""

from __future__ import annotations

import binascii
import re

import msgspec

from tchap.base.limits import MAX_JSON_DEPTH

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_BASE64 = re.compile(r"[A-Za-z0-9+/]*", re.ASCII)


def encode_json(value: object) -> bytes:
    """The value as compact UTF-8 JSON; TypeError or ValueError where JSON has no word for it."""
    return _encode(value)


def decode_json(data: bytes) -> object:
    """The value written in `data`.

    ValueError for anything that could not be written again: NaN and infinities, bytes that are not UTF-8,
    lone surrogates, nesting deeper than MAX_JSON_DEPTH. Integers keep every digit. Of a repeated key the last wins.
    """
    try:
        value: object = _decode(data)
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None
    # Most bodies hold fewer brackets than the depth allowed, which two memory scans can tell.
    if data.count(b"{") + data.count(b"[") > MAX_JSON_DEPTH:
        _check_depth(value)
    return value


def _check_depth(value: object) -> None:
    level = [value] if type(value) in (dict, list) else []
    for _ in range(MAX_JSON_DEPTH):
        if not level:
            return
        level = [child for parent in level for child in _children(parent) if type(child) in (dict, list)]
    if level:
        raise ValueError("JSON is nested too deeply")


def _children(parent: object) -> list[object]:
    if isinstance(parent, dict):
        return list(parent.values())
    return parent if isinstance(parent, list) else []


def unpadded_base64(data: bytes) -> str:
    """Standard base64 without `=` (spec, appendices, "Unpadded Base64")."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").decode("ascii")


def parse_unpadded_base64(text: str) -> bytes:
    """The bytes behind standard base64; padding is tolerated. ValueError for any other letter or length."""
    bare = text.rstrip("=")
    if not _BASE64.fullmatch(bare):
        raise ValueError("not base64")
    return binascii.a2b_base64(bare + "=" * (-len(bare) % 4))
