"""The scanner's key pair: clients encrypt to it the keys of files they want looked at.

The scheme is libolm's PkEncryption (`m.megolm_backup.v1.curve25519-aes-sha2`), whose MAC covers an empty string: it
tells one key from another, and vouches for nothing else. The library that maintains it is vodozemac.
"""

from __future__ import annotations

from typing import Any

import vodozemac

from tchap.protocol.encrypted_files import SealedBody

SECRET_BYTES = 32


class NotForThisKey(ValueError):
    """The message was not made for this key, or is none at all."""


class ScannerKey:
    """Opens what was made for its public half."""

    def __init__(self, secret: bytes) -> None:
        self._key: Any = vodozemac.PkDecryption.from_key(vodozemac.Curve25519SecretKey.from_bytes(secret))

    @property
    def public(self) -> str:
        """Base64 without padding, as clients are told it."""
        text: str = self._key.public_key.to_base64()
        return text

    def open(self, sealed: SealedBody) -> bytes:
        """The message. NotForThisKey."""
        try:
            message = vodozemac.Message.from_base64(sealed.ciphertext, sealed.mac, sealed.ephemeral)
            opened: bytes = self._key.decrypt(message)
        except ValueError as error:
            raise NotForThisKey from error
        return opened
