"""An invented push gateway, and an invented push service of a browser: they write down what they get."""

import contextlib
import json
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tchap.gateways.web_push import url_base64

NOTIFY = "/_matrix/push/v1/notify"


@dataclass(frozen=True, slots=True)
class Pushed:
    """One request to the gateway or the push service."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def notification(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)["notification"]
        return found


@dataclass(slots=True)
class Gateway:
    """`statuses` are the answers to give next, then 200; `rejected` are the pushkeys it gives back."""

    url: str = ""
    pushed: list[Pushed] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    good: int = 200

    @property
    def notify_url(self) -> str:
        return self.url + NOTIFY

    def take(self) -> list[dict[str, Any]]:
        """The notifications since the last look."""
        found = [each.notification for each in self.pushed]
        self.pushed.clear()
        return found

    def event_ids(self) -> list[str]:
        return [each.notification["event_id"] for each in self.pushed if "event_id" in each.notification]

    def wait_for(self, what: Callable[[], bool], timeout_s: float = 30) -> None:
        deadline = time.monotonic() + timeout_s
        while not what():
            assert time.monotonic() < deadline, self.pushed
            time.sleep(0.02)


@contextlib.contextmanager
def open_gateway(port: int = 0) -> Iterator[Gateway]:
    """The gateway, listening on this machine."""
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            gateway.pushed.append(Pushed(self.path, headers, body))
            self.send_response(gateway.statuses.pop(0) if gateway.statuses else gateway.good)
            answer = json.dumps({"rejected": gateway.rejected}).encode()
            for name, value in gateway.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_args: object) -> None:
            """Keeps quiet."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        gateway.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield gateway
        finally:
            server.shutdown()
            thread.join()


@dataclass(slots=True)
class Browser:
    """The other end of a Web Push subscription: it reads what was encrypted for it, as RFC 8291 says."""

    key: ec.EllipticCurvePrivateKey
    auth: bytes = b"0123456789abcdef"

    @classmethod
    def fresh(cls) -> "Browser":
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @property
    def point(self) -> bytes:
        encoding, form = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        return self.key.public_key().public_bytes(encoding, form)

    @property
    def p256dh(self) -> str:
        return url_base64(self.point)

    def read(self, message: bytes) -> bytes:
        salt, (size, length) = message[:16], struct.unpack("!IB", message[16:21])
        sender, sealed = message[21 : 21 + length], message[21 + length :]
        assert len(sealed) <= size
        secret = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        ikm = derive(secret, self.auth, b"WebPush: info\0" + self.point + sender, 32)
        key = derive(ikm, salt, b"Content-Encoding: aes128gcm\0", 16)
        padded = AESGCM(key).decrypt(derive(ikm, salt, b"Content-Encoding: nonce\0", 12), sealed, None)
        text, _, padding = padded.rpartition(b"\x02")
        assert not padding.strip(b"\0")
        return text


def derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
