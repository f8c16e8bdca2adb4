"""Web Push: encrypting for one browser and saying who sends.

Source: RFC 8291 (Message Encryption for Web Push) over RFC 8188 (aes128gcm), RFC 8292 (VAPID).
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import ECKey

from tchap.base import limits

POINT_BYTES = 65  # an uncompressed point of P-256
AUTH_BYTES = 16  # RFC 8291, section 3.2
SALT_BYTES = 16
_TAG_BYTES = 16
_HEADER_BYTES = SALT_BYTES + 4 + 1 + POINT_BYTES  # RFC 8188, section 2.1
# One record, its delimiter and its tag: what is left of the bound is the text's.
MAX_TEXT_BYTES = limits.WEB_PUSH_MAX_BYTES - _HEADER_BYTES - 1 - _TAG_BYTES


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a browser gave: its public key (an uncompressed point) and its authentication secret."""

    public_key: bytes
    auth: bytes


def parse_subscription(public_key: str, auth: str) -> Subscription:
    """From URL-safe base64; ValueError where it is no key of P-256, or no secret of 16 bytes."""
    found = Subscription(parse_url_base64(public_key), parse_url_base64(auth))
    if len(found.auth) != AUTH_BYTES or len(found.public_key) != POINT_BYTES:
        raise ValueError("wrong length")
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), found.public_key)
    return found


def parse_url_base64(text: str) -> bytes:
    """URL-safe base64; padding is tolerated. ValueError for anything else."""
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare.encode("ascii") + b"=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError("not URL-safe base64") from error


def url_base64(data: bytes) -> str:
    """URL-safe, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def encrypt(text: bytes, to: Subscription, key: ec.EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """The body of a push message. ``key`` and ``salt`` are for this message alone."""
    own = _point(key.public_key())
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), to.public_key))
    # RFC 8291, section 3.3 and 3.4.
    ikm = _derive(shared, to.auth, b"WebPush: info\0" + to.public_key + own, 32)
    content_key = _derive(ikm, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(ikm, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + struct.pack("!IB", limits.WEB_PUSH_MAX_BYTES, len(own)) + own
    # RFC 8188, section 2: the last record ends in 2.
    return header + AESGCM(content_key).encrypt(nonce, text + b"\x02", None)


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def fresh_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class Vapid:
    """Who this server is to push services (RFC 8292). ``public_key`` is what browsers subscribe with."""

    key: ECKey
    public_key: str
    subject: str

    def authorization(self, url: str, now_s: int) -> str:
        """The header of one message; the push service alone may use it (section 2)."""
        parts = urlsplit(url)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": now_s + limits.VAPID_LIFETIME_S,
            "sub": self.subject,
        }
        token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, self.key)
        return f"vapid t={token}, k={self.public_key}"


def fresh_vapid_secret() -> bytes:
    """A new key, to be kept: whoever changes it loses every subscription."""
    return fresh_key().private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def open_vapid(secret: bytes, subject: str) -> Vapid:
    key = serialization.load_der_private_key(secret, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not a key of P-256")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Vapid(ECKey.import_key(pem), url_base64(_point(key.public_key())), subject)
