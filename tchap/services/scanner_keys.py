"""The scanner's key pair: made at the first start, kept in the database, the same for every process."""

import secrets

from tchap.base.clock import Clock
from tchap.gateways.scanner_key import SECRET_BYTES, ScannerKey
from tchap.storage.database import Store
from tchap.storage.scans import keep_scanner_key


async def load_scanner_key(store: Store, clock: Clock) -> ScannerKey:
    """The key, made where there is none yet."""
    # Keys outlive every other secret: their chance is the system's own, also in tests.
    return ScannerKey(await store.write(keep_scanner_key, secrets.token_bytes(SECRET_BYTES), clock.now_ms()))
