"""Files that clients encrypt: what an `EncryptedFile` says, and opening one with it.

Source: client-server API, "Sending encrypted attachments" (v2: AES-CTR, the SHA-256 of the ciphertext).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from tchap.protocol.identifiers import parse_mxc

KEY_BYTES = 32
IV_BYTES = 16
_MAX_TEXT = 520  # a media address is the longest: two names of 255 characters


class DamagedFile(ValueError):
    """The bytes are not those that were encrypted."""


@dataclass(frozen=True, slots=True)
class EncryptedFile:
    """Where the ciphertext is, and what opens it; `sha256` is of the ciphertext."""

    server: str
    media_id: str
    key: bytes = field(repr=False)
    iv: bytes
    sha256: bytes

    @property
    def key_hash(self) -> str:
        """What the key may be known again by, without being known: SHA-256 of key and iv, in hexadecimal."""
        return hashlib.sha256(self.key + self.iv).hexdigest()


@dataclass(frozen=True, slots=True)
class SealedBody:
    """What says the same to the scanner alone, encrypted to its key; each part is base64 without padding."""

    ciphertext: str
    mac: str
    ephemeral: str


def parse_encrypted_file(value: object) -> EncryptedFile:
    """The file an event's `file` speaks of. ValueError for any other shape."""
    if not isinstance(value, Mapping) or value.get("v", "v2") != "v2":
        raise ValueError("not an encrypted file of version 2")
    jwk, hashes = value.get("key"), value.get("hashes")
    if not isinstance(jwk, Mapping) or not isinstance(hashes, Mapping):
        raise ValueError("no key, or no hashes")
    if jwk.get("kty", "oct") != "oct" or jwk.get("alg", "A256CTR") != "A256CTR":
        raise ValueError("not a key of AES-CTR")
    where = parse_mxc(_text(value, "url"))
    return EncryptedFile(
        server=where.server,
        media_id=where.media_id,
        key=_bytes(jwk, "k", KEY_BYTES),
        iv=_bytes(value, "iv", IV_BYTES),
        sha256=_bytes(hashes, "sha256", hashlib.sha256().digest_size),
    )


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or len(found) > _MAX_TEXT:
        raise ValueError(f"no text: {name}")
    return found


def _bytes(value: Mapping[str, Any], name: str, size: int) -> bytes:
    """Base64 of either alphabet, padded or not: clients write both."""
    text = _text(value, name).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"no base64: {name}") from error
    if len(data) != size:
        raise ValueError(f"not {size} bytes: {name}")
    return data


def decrypt_file(data: bytes, file: EncryptedFile) -> bytes:
    """The bytes in clear. DamagedFile where the ciphertext is another one than was sent."""
    if not hmac.compare_digest(hashlib.sha256(data).digest(), file.sha256):
        raise DamagedFile
    opening = Cipher(AES(file.key), CTR(file.iv)).decryptor()
    return opening.update(data) + opening.finalize()
