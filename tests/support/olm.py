"""The keys of an invented client: real ed25519 signatures, no encryption."""

from dataclasses import dataclass, field
from typing import Any

import nacl.signing

from tchap.base.encoding import unpadded_base64
from tchap.protocol.signing import signed_bytes


@dataclass(frozen=True, slots=True)
class KeyPair:
    """One ed25519 key of a person: a device's, or a cross-signing key."""

    user_id: str
    secret: nacl.signing.SigningKey = field(repr=False)
    name: str = ""

    @property
    def public(self) -> str:
        return unpadded_base64(bytes(self.secret.verify_key))

    @property
    def key_id(self) -> str:
        """A device's key bears the device's id, a cross-signing key its own public half."""
        return f"ed25519:{self.name or self.public}"

    def sign(self, json: dict[str, Any]) -> dict[str, Any]:
        """The object with this key's signature added."""
        signature = unpadded_base64(self.secret.sign(signed_bytes(json)).signature)
        signatures = {signer: dict(keys) for signer, keys in json.get("signatures", {}).items()}
        signatures.setdefault(self.user_id, {})[self.key_id] = signature
        return {**json, "signatures": signatures}


def new_pair(user_id: str, name: str = "") -> KeyPair:
    return KeyPair(user_id, nacl.signing.SigningKey.generate(), name)


def device_keys(pair: KeyPair) -> dict[str, Any]:
    """What the device of this key publishes about itself."""
    return pair.sign(
        {
            "user_id": pair.user_id,
            "device_id": pair.name,
            "algorithms": ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
            "keys": {pair.key_id: pair.public, f"curve25519:{pair.name}": f"curve-{pair.name}"},
        }
    )


def one_time_key(pair: KeyPair, number: int, **fields: Any) -> dict[str, Any]:
    return pair.sign({"key": f"public-{number}", **fields})


@dataclass(frozen=True, slots=True)
class Identity:
    """The three cross-signing keys of a person."""

    master: KeyPair
    self_signing: KeyPair
    user_signing: KeyPair

    def upload(self) -> dict[str, Any]:
        """The body that publishes them."""
        return {
            "master_key": cross_signing_key(self.master, "master"),
            "self_signing_key": self.master.sign(cross_signing_key(self.self_signing, "self_signing")),
            "user_signing_key": self.master.sign(cross_signing_key(self.user_signing, "user_signing")),
        }


def new_identity(user_id: str) -> Identity:
    return Identity(new_pair(user_id), new_pair(user_id), new_pair(user_id))


def cross_signing_key(pair: KeyPair, usage: str) -> dict[str, Any]:
    return {"user_id": pair.user_id, "usage": [usage], "keys": {pair.key_id: pair.public}}
