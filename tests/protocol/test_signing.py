import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tchap.protocol.events import content_hash, sign_event
from tchap.protocol.room_versions import ROOM_VERSIONS
from tchap.protocol.signing import (
    BadSignature,
    OldKey,
    check_signature,
    key_ids_of,
    parse_signing_key,
    server_keys,
    sign_json,
    verify_json,
)

KEY = parse_signing_key("1", base64.b64decode("YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1="))
PUBLIC = {"ed25519:1": KEY.public}
V1 = ROOM_VERSIONS["1"]


@pytest.mark.parametrize(
    ("json", "signature"),
    [
        ({}, "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"),
        (
            {"one": 1, "two": "Two"},
            "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw",
        ),
    ],
)
def test_signing_vectors_of_the_appendix(json: dict[str, object], signature: str) -> None:
    """The appendix's objects get the appendix's signatures."""
    assert sign_json(json, "domain", KEY) == {**json, "signatures": {"domain": {"ed25519:1": signature}}}


MINIMAL = {
    "room_id": "!x:domain",
    "sender": "@a:domain",
    "origin": "domain",
    "origin_server_ts": 1000000,
    "signatures": {},
    "hashes": {},
    "type": "X",
    "content": {},
    "prev_events": [],
    "auth_events": [],
    "depth": 3,
    "unsigned": {"age_ts": 1000000},
}
REDACTABLE = {
    "content": {"body": "Here is the message content"},
    "event_id": "$0:domain",
    "origin": "domain",
    "origin_server_ts": 1000000,
    "type": "m.room.message",
    "room_id": "!r:domain",
    "sender": "@u:domain",
    "signatures": {},
    "unsigned": {"age_ts": 1000000},
}


@pytest.mark.parametrize(
    ("event", "sha256", "signature"),
    [
        (
            MINIMAL,
            "5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos",
            "KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg",
        ),
        (
            REDACTABLE,
            "onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g",
            "Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA",
        ),
    ],
)
def test_event_vectors_of_the_appendix(event: dict[str, object], sha256: str, signature: str) -> None:
    """The appendix's events get the appendix's hashes and signatures."""
    assert content_hash(V1, event) == sha256
    signed = sign_event(V1, {**event, "hashes": {"sha256": sha256}}, "domain", KEY)
    assert signed == {**event, "hashes": {"sha256": sha256}, "signatures": {"domain": {"ed25519:1": signature}}}


@given(st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), st.integers(-100, 100), max_size=5))
def test_what_is_signed_is_verified(json: dict[str, int]) -> None:
    """A signature holds for its object whatever `unsigned` says, and for no other object."""
    json.pop("signatures", None)
    json.pop("unsigned", None)
    signed = sign_json(json, "domain", KEY)
    verify_json({**signed, "unsigned": {"age": 5}}, "domain", PUBLIC)
    with pytest.raises(BadSignature):
        verify_json({**signed, "another": 1, "yet": 2}, "domain", PUBLIC)


@pytest.mark.parametrize(
    "signatures",
    [
        None,
        [],
        {},
        {"domain": []},
        {"domain": {}},
        {"domain": {"ed25519:2": "AAAA"}},
        {"domain": {"ed25519:1": "AAAA"}},
        {"domain": {"ed25519:1": 3}},
        {"domain": {"ed25519:1": "pas du base64"}},
        {"other": {"ed25519:1": "AAAA"}},
    ],
)
def test_malformed_signatures_are_wrong(signatures: object) -> None:
    """A signature that is missing, unknown or malformed never passes, and never crashes."""
    with pytest.raises(BadSignature):
        verify_json({"signatures": signatures}, "domain", PUBLIC)


def test_signatures_of_others_are_kept() -> None:
    """Several servers and several keys sign the same object."""
    second = parse_signing_key("b", b"b" * 32)
    signed = sign_json(sign_json(sign_json({"a": 1}, "one", KEY), "two", second), "one", second)
    assert key_ids_of(signed, "one") == ("ed25519:1", "ed25519:b")
    verify_json(signed, "one", {**PUBLIC, "ed25519:b": second.public})
    verify_json(signed, "two", {"ed25519:b": second.public})


def test_base64_of_both_alphabets_is_read() -> None:
    """A signature may come padded or in the URL-safe alphabet."""
    signature = KEY.sign(b"bonjour")
    check_signature(b"bonjour", signature + "==", KEY.public)
    check_signature(b"bonjour", signature.replace("+", "-").replace("/", "_"), KEY.public)


def test_published_keys() -> None:
    """The key document names every key, old ones too, and is signed with every current one."""
    second = parse_signing_key("b", b"b" * 32)
    body = server_keys("domain", (KEY, second), (OldKey("ed25519:0", "old", 12),), 3600)
    assert body["verify_keys"] == {"ed25519:1": {"key": KEY.public}, "ed25519:b": {"key": second.public}}
    assert body["old_verify_keys"] == {"ed25519:0": {"key": "old", "expired_ts": 12}}
    assert (body["server_name"], body["valid_until_ts"]) == ("domain", 3600)
    verify_json(body, "domain", {key_id: entry["key"] for key_id, entry in body["verify_keys"].items()})


def test_secrets_do_not_show() -> None:
    """A key's representation does not give the secret away."""
    assert "secret" not in repr(KEY)
    assert KEY.key_id == "ed25519:1"


def test_keys_are_checked() -> None:
    """A seed of another size or a version with other characters makes no key."""
    for version, seed in (("1", b"short"), ("a:b", b"x" * 32), ("", b"x" * 32)):
        with pytest.raises(ValueError, match=r"seed|version"):
            parse_signing_key(version, seed)
