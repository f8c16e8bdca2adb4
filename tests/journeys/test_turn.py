"""A real relay, coturn, believes the credentials we give, as long as they last."""

import asyncio
import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.accounts import V3, person
from tests.support.house import House, open_house
from tests.support.server import free_port

RELAY = "/usr/bin/turnserver"
CLIENT = "/usr/bin/turnutils_uclient"
SECRET = "un-secret-partage"
LIFETIME_S = 600
CAMILLE = "camille.durand@prefecture.example.fr"


@contextlib.contextmanager
def run_relay() -> Iterator[int]:
    """coturn on this machine alone; its port."""
    port = free_port()
    options = ["-n", "--no-cli", "--no-tls", "--no-dtls", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1"]
    options += [f"--listening-port={port}", "--realm=tchap", "--use-auth-secret", f"--static-auth-secret={SECRET}"]
    options += ["--allow-loopback-peers", "--log-file=stdout", "--no-software-attribute", "--lt-cred-mech"]
    with tempfile.TemporaryDirectory() as folder:
        options += [f"--pidfile={folder}/pid", f"--db={folder}/db"]
        relay = subprocess.Popen([RELAY, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
        try:
            yield port
        finally:
            relay.terminate()
            relay.wait(10)


def relays(port: int, username: str, password: str) -> bool:
    """Whether messages pass through the relay under these credentials."""
    talk = [CLIENT, "-y", "-n", "2", "-m", "1", "-u", username, "-w", password, "-p", str(port), "127.0.0.1"]
    try:
        done = subprocess.run(talk, capture_output=True, text=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and "Total lost packets 0 (0.000000%)" in done.stdout


def relays_soon(port: int, username: str, password: str) -> bool:
    """The relay needs a moment to begin."""
    return any(relays(port, username, password) or time.sleep(0.3) for _ in range(10))


async def credentials(house: House, token: str) -> tuple[str, str]:
    found = await house.ask("GET", f"{V3}/voip/turnServer", token=token)
    assert found["ttl"] == LIFETIME_S
    return found["username"], found["password"]


def test_a_real_relay_believes_our_credentials(tmp_path: Path) -> None:
    """It lets a person through with theirs, and nobody with a wrong password, another's name or after their end."""

    async def story(port: int) -> None:
        config = f'[turn]\nuris = ["turn:127.0.0.1:{port}"]\nshared_secret = "{SECRET}"\nlifetime_s = {LIFETIME_S}\n'
        async with open_house(tmp_path, config) as house:
            house.clock.now = int(time.time() * 1000)
            camille = await person(house, CAMILLE)
            username, password = await credentials(house, camille.token)
            assert username.endswith(f":{camille.user_id}")
            assert await asyncio.to_thread(relays_soon, port, username, password)
            assert not await asyncio.to_thread(relays, port, username, "x" + password)
            other = username.replace(camille.user_id, "@autre:a.example.fr")
            assert not await asyncio.to_thread(relays, port, other, password)
            house.clock.move(-2 * LIFETIME_S)
            assert not await asyncio.to_thread(relays, port, *await credentials(house, camille.token))

    with run_relay() as port:
        asyncio.run(story(port))
