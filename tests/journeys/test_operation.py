"""What whoever runs the server relies on: starting, stopping, its ports, its health, its logs."""

import contextlib
import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.support.appservice import AS_TOKEN, open_bridge, write_registration
from tests.support.certificates import make_certificate
from tests.support.client import PASSWORD, V3, Client
from tests.support.server import ROOT, RunningServer, free_port, start_server

# A stop gives what still runs four seconds; a poll nobody woke would take thirty.
STOP_S = 20.0
LOAD_S = 30.0


def stop(server: RunningServer, number: signal.Signals) -> None:
    """Asks the server to stop and requires a clean end, soon."""
    server.process.send_signal(number)
    assert server.process.wait(STOP_S) == 0, server.log()
    server.was_killed = True


def test_a_tls_port_serves_every_api(tmp_path: Path) -> None:
    """Beside the plain port, or alone, the TLS port serves the same APIs; both end together."""
    certificate, key = make_certificate(tmp_path)
    tls_port = free_port()
    http = f'[http]\ntls_port = {tls_port}\ntls_certificate = "{certificate}"\ntls_key = "{key}"\n'
    trusting = ssl.create_default_context(cafile=str(certificate))
    with start_server(tmp_path / "both", "test", http, free_port()) as server:
        for url in (server.url, f"https://127.0.0.1:{tls_port}"):
            with httpx.Client(base_url=url, verify=trusting, trust_env=False) as client:
                assert client.get("/health").text == "OK"
                assert "versions" in client.get("/_matrix/client/versions").json()
                assert client.get("/_matrix/key/v2/server").status_code == 200
        assert f"https://127.0.0.1:{tls_port}" in server.log()


def test_without_a_port_the_server_finds_one(tmp_path: Path) -> None:
    """`--port 0` takes a free port and the line on standard output says which."""
    command = [sys.executable, "-m", "tchap", "serve", "--data", str(tmp_path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        assert httpx.get(f"{words[4]}/health", trust_env=False).text == "OK"
        process.terminate()
        assert process.wait(STOP_S) == 0
    assert words[:4] == ["Tchap", "is", "ready", "on"]


def test_a_server_that_cannot_begin_says_why(tmp_path: Path) -> None:
    """A port in use, a certificate that is none, a test table without its profile: one line, status 2."""
    bad = [
        '[http]\ntls_port = 1\ntls_certificate = "/nowhere.pem"\ntls_key = "/nowhere.pem"\n',
        "[test]\n",
        'profile = "test"\n[test]\nappservice_files = ["/nowhere.yaml"]\n',
        'profile = "test"\n[test]\ntrusted_certificates = ["/nowhere.pem"]\n',
    ]
    for index, text in enumerate(bad):
        file = tmp_path / f"{index}.toml"
        file.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "tchap", "serve", "--config", str(file), "--data", str(tmp_path / "data")]
        ended = subprocess.run([*command, "--port", "0"], capture_output=True, text=True, cwd=ROOT, timeout=30)
        assert ended.returncode == 2, (text, ended.stderr)
        assert ended.stderr.startswith("tchap: configuration:"), ended.stderr
        assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_under_load_is_clean(tmp_path: Path, number: signal.Signals) -> None:
    """Long polls end at once, what was acknowledged stays, and the server is gone before a poll would end by itself."""
    acknowledged: dict[str, str] = {}
    with start_server(tmp_path, "test") as server:
        alice = Client(server.url).register("alice")
        room = alice.create_room()
        since = alice.sync()["next_batch"]
        polls = [threading.Thread(target=poll, args=(alice.at(server.url), since)) for _ in range(5)]
        senders = [
            threading.Thread(target=flood, args=(alice, server.url, room, str(n), acknowledged)) for n in range(4)
        ]
        for thread in (*polls, *senders):
            thread.start()
        # A request whose body never comes must not hold the server back either.
        with httpx.Client(trust_env=False, timeout=20) as slow, slow_request(server.port):
            assert slow.get(f"{server.url}/health").status_code == 200
            deadline = time.monotonic() + LOAD_S
            while len(acknowledged) <= 20:
                assert time.monotonic() < deadline, server.log()
                time.sleep(0.02)
            stop(server, number)
        for thread in (*polls, *senders):
            thread.join(10)
    with start_server(tmp_path, "test") as server:
        kept = {event["event_id"]: event["content"].get("body") for event in alice.at(server.url).history(room)}
        assert {event_id: kept.get(event_id) for event_id in acknowledged} == acknowledged


def poll(client: Client, since: str) -> None:
    try:
        while True:
            since = client.sync(since, timeout_ms=30_000)["next_batch"]
    except (httpx.TransportError, AssertionError):
        return


def flood(alice: Client, url: str, room: str, name: str, acknowledged: dict[str, str]) -> None:
    client, number = alice.at(url), 0
    try:
        while True:
            number += 1
            text = f"{name}-{number}"
            acknowledged[client.send(room, text, text)] = text
    except (httpx.TransportError, AssertionError):
        return


def slow_request(port: int) -> socket.socket:
    """A connection that announces a body and never sends it."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(b"POST /_matrix/client/v3/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    return connection


def test_headers_that_never_end_are_cut(tmp_path: Path) -> None:
    """A connection that only sends headers is answered 400 and ended, and the server goes on."""
    with start_server(tmp_path) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.settimeout(10)
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Long: ")
            with contextlib.suppress(ConnectionError):
                for _ in range(200):
                    connection.sendall(b"x" * 65_536)
                    time.sleep(0.001)
            with contextlib.suppress(ConnectionError):
                assert connection.recv(20).startswith(b"HTTP/1.1 400")
        assert httpx.get(f"{server.url}/health", trust_env=False).text == "OK"
        assert resident_mb(server.process.pid) < 300


def resident_mb(pid: int) -> int:
    """The memory the process holds."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) // 1024


def test_nothing_for_a_service_is_lost_at_a_restart(tmp_path: Path) -> None:
    """Events of a time when the service was away, and the server killed, reach it afterwards, in order, once."""
    port = free_port()
    config = write_registration(tmp_path, f"http://127.0.0.1:{port}")
    with start_server(tmp_path / "data", "test", config) as server:
        bot = Client(server.url, AS_TOKEN)
        room = bot.create_room()
        for number in range(20):
            bot.send(room, str(number), f"t{number}")
        server.kill()
    with open_bridge(port) as bridge:
        with start_server(tmp_path / "data", "test", config) as server:
            bot = Client(server.url, AS_TOKEN)
            bot.send(room, "20", "t20")
            bridge.wait_for(lambda: "20" in said(bridge.events()))
        told = len(bridge.told)
        with start_server(tmp_path / "data", "test", config) as server:
            Client(server.url, AS_TOKEN).send(room, "21", "t21")
            bridge.wait_for(lambda: "21" in said(bridge.events()))
        assert said(bridge.events()) == [str(number) for number in range(22)]
        assert len(bridge.told) == told + 1


def said(events: list[dict[str, object]]) -> list[object]:
    return [event["content"]["body"] for event in events if event["type"] == "m.room.message"]  # type: ignore[index]


def test_logs_are_json_and_tell_no_secret(tmp_path: Path) -> None:
    """Each line is a JSON object; no token, message, code or password is in it, even at the most talkative level."""
    with start_server(tmp_path, config='log_level = "debug"\n') as server:
        nobody = Client(server.url)
        agent = nobody.register_by_email("camille.petit@prefecture.example.fr")
        code = nobody.read_code("camille.petit@prefecture.example.fr")
        room = agent.create_room(preset="public_chat")
        agent.send(room, "a very private sentence", "t1")
        assert (
            nobody.call("POST", f"{V3}/login", {"type": "m.login.password", "password": "oops-wrong-one"}).status >= 400
        )
        assert nobody.call("GET", f"{V3}/sync", access_token=agent.token).status == 401
        agent.sync()
    # At its start the server says two things to who started it, in plain words.
    told = ("Tchap is ready", "Antivirus")
    lines = [line for line in server.log().splitlines() if not line.startswith(told)]
    for line in lines:
        assert isinstance(json.loads(line), dict), line
    for secret in (agent.token, code, "a very private sentence", PASSWORD, "oops-wrong-one"):
        assert secret not in server.log()


def test_health_and_metrics_tell_how_the_server_is(tmp_path: Path) -> None:
    """`/health` answers 200; `/metrics` counts answers, events and waiting syncs in Prometheus' words."""
    with start_server(tmp_path, "test") as server:
        alice = Client(server.url).register("alice")
        alice.send(alice.create_room(), "hello", "t1")
        assert alice.call("GET", "/health").body == b"OK"
        page = httpx.get(f"{server.url}/metrics", trust_env=False).text
    for name in ("tchap_http_answers_total", "tchap_events_appended_total", "tchap_long_polls", "tchap_commit_seconds"):
        assert name in page
    counted = next(line for line in page.splitlines() if line.startswith("tchap_events_appended_total"))
    assert float(counted.split()[1]) > 1
    assert "alice" not in page
