"""Administering a real server: the first administrator, a notice to everybody, a lock while somebody waits."""

import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

from tests.support.client import Answer, Client
from tests.support.server import ROOT, start_server

NOTICES = "/_tchap/admin/v1/server_notices"


def grant(folder: Path, user_id: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tchap", "admin", "grant", user_id, "--data", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)


def wait_for_invitation(client: Client) -> str:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        invited = client.sync(timeout_ms=0).get("rooms", {}).get("invite", {})
        if invited:
            return str(next(iter(invited)))
        time.sleep(0.1)
    raise AssertionError("no invitation came")


def test_an_administrator_tells_and_locks(tmp_path: Path) -> None:
    """Named while the server is stopped, the administrator tells everybody something and ends a poll under way."""
    with start_server(tmp_path, "test") as server:
        alice, basile = Client(server.url).register("alice"), Client(server.url).register("basile")
        refused = grant(tmp_path, alice.user_id)
        assert (refused.returncode, "open in another process" in refused.stderr) == (1, True)
    named = grant(tmp_path, alice.user_id)
    assert (named.returncode, named.stdout) == (0, f"{alice.user_id}\n")
    with start_server(tmp_path, "test") as server:
        alice, basile = alice.at(server.url), basile.at(server.url)
        alice.ask("POST", NOTICES, {"to": {"everyone": True}, "content": {"body": "Bonjour à tous."}})
        room = wait_for_invitation(basile)
        basile.join(room)
        assert "Bonjour à tous." in [event["content"].get("body") for event in basile.history(room)]
        since, answers = basile.sync()["next_batch"], list[Answer]()
        polling = {"timeout": 30_000, "since": since}
        poll = threading.Thread(
            target=lambda: answers.append(basile.call("GET", "/_matrix/client/v3/sync", None, **polling))
        )
        poll.start()
        time.sleep(0.5)
        alice.ask("PUT", f"/_matrix/client/v1/admin/lock/{quote(basile.user_id)}", {"locked": True})
        # Sooner than the poll would end by itself.
        poll.join(20)
        assert [(answer.status, answer.body["errcode"]) for answer in answers] == [(401, "M_USER_LOCKED")]
