"""The keys notifications need: made at the first start, kept in the database."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from email.utils import parseaddr
from typing import cast

from tchap.base.clock import Clock
from tchap.base.config import Settings
from tchap.base.encoding import decode_json, encode_json
from tchap.gateways.web_push import Vapid, fresh_vapid_secret, open_vapid, parse_url_base64, url_base64
from tchap.storage.database import Store
from tchap.storage.push_secrets import keep_secrets
from tchap.storage.pushers import PusherKey

_SIGNATURE_BYTES = 32


@dataclass(frozen=True, slots=True)
class PushKeys:
    """``vapid`` says to push services who we are; ``mail`` signs the links that end notifications by e-mail."""

    vapid: Vapid
    mail: bytes

    def sign(self, key: PusherKey) -> str:
        """A token that names the pusher; nobody else can make it."""
        named = encode_json([key.user_id, key.app_id, key.pushkey])
        return url_base64(self._signature(named) + named)

    def read(self, token: str) -> PusherKey | None:
        """The pusher a token of ours names; None for any other text."""
        try:
            data = parse_url_base64(token)
        except ValueError:
            return None
        signature, named = data[:_SIGNATURE_BYTES], data[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(named)):
            return None
        return PusherKey(*cast("list[str]", decode_json(named)))

    def _signature(self, named: bytes) -> bytes:
        return hmac.digest(self.mail, b"unsubscribe\0" + named, hashlib.sha256)


async def load_push_keys(store: Store, settings: Settings, clock: Clock) -> PushKeys:
    """The keys, made where there are none yet."""
    # Keys outlive every other secret: their chance is the system's own, also in tests.
    fresh = {"vapid": fresh_vapid_secret(), "mail": secrets.token_bytes(32)}
    kept = await store.write(keep_secrets, fresh, clock.now_ms())
    return PushKeys(open_vapid(kept["vapid"], _subject(settings)), kept["mail"])


def _subject(settings: Settings) -> str:
    """Whom a push service may write to: an https address or a mailbox (RFC 8292, section 2.1)."""
    if settings.public_url.startswith("https://"):
        return settings.public_url
    return f"mailto:{parseaddr(settings.mail.sender)[1]}"
