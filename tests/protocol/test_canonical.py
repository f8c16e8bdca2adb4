import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tchap.protocol.canonical import MAX_INTEGER, encode_canonical, encode_lenient

INTEGERS = st.integers(-MAX_INTEGER, MAX_INTEGER)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)))
JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=30,
)


def plain_reference(value: object) -> bytes:
    """The example code of the appendix."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


@pytest.mark.parametrize(
    ("given_json", "wanted"),
    [
        ("{}", "{}"),
        ('{"one": 1, "two": "Two"}', '{"one":1,"two":"Two"}'),
        ('{"b": "2", "a": "1"}', '{"a":"1","b":"2"}'),
        (
            '{"auth": {"success": true, "mxid": "@john.doe:example.com", "profile": {"display_name": "John Doe",'
            ' "three_pids": [{"medium": "email", "address": "john.doe@example.org"},'
            ' {"medium": "msisdn", "address": "123456789"}]}}}',
            '{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","three_pids":'
            '[{"address":"john.doe@example.org","medium":"email"},{"address":"123456789","medium":"msisdn"}]},'
            '"success":true}}',
        ),
        ('{"a": "日本語"}', '{"a":"日本語"}'),
        ('{"本": 2, "日": 1}', '{"日":1,"本":2}'),
        ('{"a": "\\u65E5"}', '{"a":"日"}'),
        ('{"a": null}', '{"a":null}'),
        ('{"a": -0, "b": 10000000000}', '{"a":0,"b":10000000000}'),
    ],
)
def test_examples_of_the_appendix(given_json: str, wanted: str) -> None:
    """The appendix's examples come out as written there."""
    assert encode_canonical(json.loads(given_json)) == wanted.encode()


@given(JSON)
def test_same_bytes_as_the_plain_reference(value: object) -> None:
    """Whatever the value, its bytes are those of the specification's own code."""
    assert encode_canonical(value) == plain_reference(value) == encode_lenient(value)


@given(st.lists(TEXTS, unique=True, max_size=8))
def test_keys_are_sorted_by_codepoint(keys: list[str]) -> None:
    """Keys beyond the basic plane come after those before it, as Python itself orders them."""
    assert list(json.loads(encode_canonical(dict.fromkeys(keys, 1)))) == sorted(keys)


@given(JSON)
def test_round_trip(value: object) -> None:
    """Reading the bytes gives the value, and writing it again the bytes."""
    data = encode_canonical(value)
    assert json.loads(data) == value
    assert encode_canonical(json.loads(data)) == data


@pytest.mark.parametrize("value", [1.0, 1.5, float("nan"), 2**53, -(2**53), "\ud800", {"\udfff": 1}, {1: 2}, b"x", {1}])
def test_what_has_no_canonical_form(value: object) -> None:
    """Floats, integers out of range, lone surrogates and other types are refused, however deep."""
    with pytest.raises(ValueError, match=r".+"):
        encode_canonical({"a": [value]} if not isinstance(value, dict) else value)


def test_depth_has_an_end() -> None:
    """Bottomless JSON is refused, and does not exhaust the stack."""
    deep: dict[str, object] = {}
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(ValueError, match="nested"):
        encode_canonical(deep)
    with pytest.raises(ValueError, match="JSON"):
        encode_lenient(deep)


def test_old_rooms_hold_any_number() -> None:
    """Until version 5 numbers are written as the example code writes them."""
    assert encode_lenient({"b": 1.5, "a": 2**60, "c": 1e30}) == b'{"a":1152921504606846976,"b":1.5,"c":1e+30}'
