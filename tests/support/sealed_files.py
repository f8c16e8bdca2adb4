"""Encrypting files and the bodies of requests to the scanner, as clients do."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

import olm.pk
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR


@dataclass(frozen=True, slots=True)
class Sealed:
    """A ciphertext and what opens it."""

    data: bytes
    key: bytes
    iv: bytes

    def file(self, path: str) -> dict[str, Any]:
        """The `file` of an event, for the ciphertext stored as `server/media_id`."""
        jwk = {
            "alg": "A256CTR",
            "ext": True,
            "k": _text(self.key, True),
            "key_ops": ["encrypt", "decrypt"],
            "kty": "oct",
        }
        hashes = {"sha256": _text(hashlib.sha256(self.data).digest())}
        return {"v": "v2", "key": jwk, "iv": _text(self.iv), "hashes": hashes, "url": f"mxc://{path}"}


def seal(plain: bytes) -> Sealed:
    key, iv = secrets.token_bytes(32), secrets.token_bytes(8) + bytes(8)
    return Sealed(_crypt(plain, key, iv), key, iv)


def under_two_keys(first: bytes, second: bytes) -> tuple[Sealed, Sealed]:
    """One ciphertext that opens as `first`, then noise, with one key, and as noise, then `second`, with another."""
    one, other = (secrets.token_bytes(32), bytes(16)), (secrets.token_bytes(32), bytes(16))
    size = len(first) + len(second)
    streams = [_crypt(bytes(size), *pair) for pair in (one, other)]
    wanted = first + second
    data = bytes(byte ^ streams[0 if place < len(first) else 1][place] for place, byte in enumerate(wanted))
    return Sealed(data, *one), Sealed(data, *other)


def encrypted_body(public_key: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body for the scanner alone, by libolm itself: the server opens it with another library."""
    message = olm.pk.PkEncryption(public_key).encrypt(json.dumps(body))
    parts = {"ciphertext": message.ciphertext, "mac": message.mac, "ephemeral": message.ephemeral_key}
    return {"encrypted_body": parts}


def _crypt(data: bytes, key: bytes, iv: bytes) -> bytes:
    cipher = Cipher(AES(key), CTR(iv)).encryptor()
    return cipher.update(data) + cipher.finalize()


def _text(data: bytes, is_url: bool = False) -> str:
    encode = base64.urlsafe_b64encode if is_url else base64.b64encode
    return encode(data).decode().rstrip("=")
