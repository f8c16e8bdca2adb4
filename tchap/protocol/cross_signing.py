"""Cross-signing keys: their shape and who must have signed them.

Source: client-server API, "Cross-signing"; appendices, "Signing JSON".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tchap.protocol.signing import ALGORITHM, BadSignature, check_signature, signed_bytes

MASTER = "master"
SELF_SIGNING = "self_signing"
USER_SIGNING = "user_signing"
USAGES = (MASTER, SELF_SIGNING, USER_SIGNING)


@dataclass(frozen=True, slots=True)
class CrossSigningKey:
    """One public key; `json` is the object its owner published, without `unsigned`."""

    usage: str
    public_key: str
    json: Mapping[str, Any]

    @property
    def key_id(self) -> str:
        return f"{ALGORITHM}:{self.public_key}"


def parse_key(usage: str, user_id: str, value: Mapping[str, Any]) -> CrossSigningKey:
    """The key a person publishes for a usage. ValueError says what is wrong with it."""
    if value.get("user_id") != user_id:
        raise ValueError("the key is not of the user who uploads it")
    usages = value.get("usage")
    if not isinstance(usages, list) or usage not in usages:
        raise ValueError(f"the key is not for {usage}")
    json = {name: item for name, item in value.items() if name != "unsigned"}
    _check_signatures_shape(json.get("signatures"))
    return CrossSigningKey(usage, _parse_only_key(value.get("keys")), json)


def _parse_only_key(keys: object) -> str:
    if not isinstance(keys, dict) or len(keys) != 1:
        raise ValueError("'keys' holds exactly one key")
    [(key_id, public_key)] = keys.items()
    if not isinstance(public_key, str) or key_id != f"{ALGORITHM}:{public_key}":
        raise ValueError(f"a key is named {ALGORITHM}: and itself")
    return public_key


def _check_signatures_shape(signatures: object) -> None:
    if signatures is None:
        return
    if not isinstance(signatures, dict) or not all(isinstance(keys, dict) for keys in signatures.values()):
        raise ValueError("'signatures' maps user ids to maps of signatures")


def check_signed(json: Mapping[str, Any], signer: str, key_id: str, public_key: str) -> str:
    """The signature by that key of `signer`; BadSignature when it is missing or wrong."""
    signatures = json.get("signatures")
    own = signatures.get(signer) if isinstance(signatures, dict) else None
    signature = own.get(key_id) if isinstance(own, dict) else None
    if not isinstance(signature, str):
        raise BadSignature(f"no signature of {signer} by {key_id}")
    check_signature(signed_bytes(json), signature, public_key)
    return signature
