"""An invented application service: it writes down what the server tells it, and answers as it is told to."""

import contextlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

AS_TOKEN = "a-bridge-token"
HS_TOKEN = "a-server-token"
SERVICE = "bridge"
PREFIX = "/_matrix/app/v1"


@dataclass(frozen=True, slots=True)
class Told:
    """One request of the server."""

    method: str
    path: str
    token: str
    body: Any


@dataclass(slots=True)
class Bridge:
    """`statuses` are the answers to give next, then 200; `answers` are bodies by path; `on_query` runs while the server
    waits for a query."""

    url: str = ""
    told: list[Told] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    on_query: Callable[[str], int] = field(default=lambda _path: 404)

    def events(self) -> list[dict[str, Any]]:
        """Every event told, once per transaction number."""
        transactions = {each.path: each.body["events"] for each in self.told if "/transactions/" in each.path}
        return [event for events in transactions.values() for event in events]

    def ephemeral(self) -> list[dict[str, Any]]:
        return [event for each in self.told if each.body for event in each.body.get("ephemeral", ())]

    def wait_for(self, what: Callable[[], bool], timeout_s: float = 30) -> None:
        deadline = time.monotonic() + timeout_s
        while not what():
            assert time.monotonic() < deadline, self.told
            time.sleep(0.02)

    def answer(self, told: Told) -> int:
        self.told.append(told)
        if told.method == "GET":
            return 200 if told.path in self.answers else self.on_query(told.path)
        return self.statuses.pop(0) if self.statuses else 200


@contextlib.contextmanager
def open_bridge(port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Bridge]:
    """The service, listening on this machine."""
    bridge = Bridge()

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status = bridge.answer(Told(self.command, unquote(self.path), token, json.loads(body) if body else None))
            self.send_response(status)
            answer = json.dumps(bridge.answers.get(unquote(self.path), {})).encode()
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_PUT = do_POST = _take

        def log_message(self, *_args: object) -> None:
            """Keeps quiet."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        bridge.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield bridge
        finally:
            server.shutdown()
            thread.join()


def write_registration(folder: Path, url: str | None, extra: str = "") -> str:
    """A registration file of the service; answers the `[test]` table that names it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "bridge.yaml"
    file.write_text(
        f"""\
id: {SERVICE}
url: {json.dumps(url)}
as_token: {AS_TOKEN}
hs_token: {HS_TOKEN}
sender_localpart: _bridge_bot
receive_ephemeral: true
namespaces:
  users:
    - exclusive: true
      regex: "@_bridge_.*"
  aliases:
    - exclusive: true
      regex: "#_bridge_.*"
  rooms: []
{extra}""",
        encoding="utf-8",
    )
    return f'[test]\nappservice_files = ["{file}"]\n'
