"""Signing JSON with ed25519, and the keys a server publishes.

Source: appendices, "Signing JSON"; server-server API, "Retrieving server keys".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import nacl.exceptions
import nacl.signing

from tchap.base.encoding import parse_unpadded_base64, unpadded_base64
from tchap.protocol.canonical import encode_lenient

ALGORITHM = "ed25519"
SEED_BYTES = 32
# An unpadded base64 ed25519 signature (64 bytes).
SIGNATURE_CHARS = 86
_KEY_VERSION = re.compile(r"[A-Za-z0-9_]+", re.ASCII)


class BadSignature(ValueError):
    """A signature is missing, malformed or wrong."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A server's secret key. `version` is what follows `ed25519:` in its id; the secret never shows in a repr."""

    version: str
    _secret: nacl.signing.SigningKey = field(repr=False)

    @property
    def key_id(self) -> str:
        return f"{ALGORITHM}:{self.version}"

    @property
    def public(self) -> str:
        """The verify key, unpadded base64."""
        return unpadded_base64(bytes(self._secret.verify_key))

    def sign(self, message: bytes) -> str:
        """The signature of these bytes, unpadded base64."""
        return unpadded_base64(self._secret.sign(message).signature)


@dataclass(frozen=True, slots=True)
class OldKey:
    """A key no longer used to sign, and when it stopped (ms since 1970)."""

    key_id: str
    public: str
    expired_ts: int


def parse_signing_key(version: str, seed: bytes) -> SigningKey:
    """A signing key from its 32-byte seed and its version (letters, digits and `_`). ValueError otherwise."""
    if not _KEY_VERSION.fullmatch(version):
        raise ValueError("a key version holds only letters, digits and _")
    if len(seed) != SEED_BYTES:
        raise ValueError(f"a seed is {SEED_BYTES} bytes")
    return SigningKey(version, nacl.signing.SigningKey(seed))


def sign_json(json: Mapping[str, Any], name: str, key: SigningKey) -> dict[str, Any]:
    """A copy of the object that also carries the signature of `name` under the key's id."""
    signature = key.sign(signed_bytes(json))
    signatures = {signer: dict(keys) for signer, keys in json.get("signatures", {}).items()}
    signatures.setdefault(name, {})[key.key_id] = signature
    return {**json, "signatures": signatures}


def verify_json(json: Mapping[str, Any], name: str, verify_keys: Mapping[str, str]) -> None:
    """Checks that `name` signed the object with one of `verify_keys` (key id to unpadded base64).

    Raises BadSignature when no signature is of a known key, or when one of them is wrong
    (appendices, "Checking for a Signature").
    """
    found = [(key_id, value) for key_id, value in _signatures_of(json, name).items() if key_id in verify_keys]
    if not found:
        raise BadSignature(f"no signature of {name} by a known key")
    message = signed_bytes(json)
    for key_id, value in found:
        check_signature(message, value, verify_keys[key_id])


def check_signature(message: bytes, signature: object, public_key: object) -> None:
    """Raises BadSignature unless `signature` (base64) is that of `message` by `public_key` (base64)."""
    try:
        nacl.signing.VerifyKey(_bytes(public_key)).verify(message, _bytes(signature))
    except (nacl.exceptions.CryptoError, ValueError, TypeError) as error:
        raise BadSignature("the signature is wrong") from error


def is_signed_by(message: bytes, signature: object, public_key: object) -> bool:
    """As `check_signature`, answered by yes or no."""
    try:
        check_signature(message, signature, public_key)
    except BadSignature:
        return False
    return True


def signed_bytes(json: Mapping[str, Any]) -> bytes:
    """What a signature covers: the canonical object without `signatures` and `unsigned`."""
    return encode_lenient({key: value for key, value in json.items() if key not in ("signatures", "unsigned")})


def key_ids_of(json: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The ids of the ed25519 keys `name` claims to have signed with; other algorithms are not understood."""
    return tuple(_signatures_of(json, name))


def server_keys(
    name: str, keys: Iterable[SigningKey], old_keys: Iterable[OldKey], valid_until_ts: int
) -> dict[str, Any]:
    """The body of `GET /_matrix/key/v2/server`, signed with every current key ("Publishing Keys")."""
    current = tuple(keys)
    body: dict[str, Any] = {
        "server_name": name,
        "verify_keys": {key.key_id: {"key": key.public} for key in current},
        "old_verify_keys": {old.key_id: {"key": old.public, "expired_ts": old.expired_ts} for old in old_keys},
        "valid_until_ts": valid_until_ts,
    }
    for key in current:
        body = sign_json(body, name, key)
    return body


def _signatures_of(json: Mapping[str, Any], name: str) -> dict[str, Any]:
    signatures = json.get("signatures")
    own = signatures.get(name) if isinstance(signatures, dict) else None
    if not isinstance(own, dict):
        return {}
    return {key_id: value for key_id, value in own.items() if key_id.startswith(f"{ALGORITHM}:")}


def _bytes(text: object) -> bytes:
    """Base64 with or without padding, standard or URL-safe (appendices, "Unpadded Base64")."""
    if not isinstance(text, str):
        raise TypeError("base64 is text")
    return parse_unpadded_base64(text.replace("-", "+").replace("_", "/"))
