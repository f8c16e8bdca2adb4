"""The journey of a bot: maubot with encryption, from its own lock, on its own server, under the rules of Tchap."""

import asyncio
import contextlib
import subprocess
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from mautrix.types import Membership, MessageEvent, RoomID, UserID

from tests.journeys.conftest import CAMILLE_EMAIL
from tests.journeys.test_mautrix import Agent, Kept, its_own_loggers, log_in, running, text_of
from tests.journeys.unanswered import Unanswered
from tests.support.client import Client
from tests.support.server import free_port, start_server
from tests.support.venvs import LOCKS, make_venv

__all__ = ["its_own_loggers"]  # a fixture this journey needs too
LIMIT_S = 90.0
SECRET = "a-secret-of-this-test"
PLUGIN = "fr.example.tchap.echo"
CONFIG = """
database: sqlite:maubot.db
crypto_database: default
database_opts: {{min_size: 1, max_size: 2}}
plugin_directories: {{upload: ./plugins, load: [./plugins], trash: delete}}
plugin_databases: {{sqlite: ./plugins, postgres: null, postgres_max_conns_per_plugin: 1, postgres_opts: {{}}}}
server: {{hostname: 127.0.0.1, port: {port}, public_url: "http://127.0.0.1:{port}", ui_base_path: /_matrix/maubot,
  plugin_base_path: /_matrix/maubot/plugin/, override_resource_path: false, unshared_secret: {secret}}}
homeservers: {{}}
admins: {{root: ""}}
api_features: {{login: true, plugin: true, plugin_upload: true, instance: true, instance_database: false, client: true,
  client_proxy: false, client_auth: false, dev_open: false, log: false}}
logging: {{version: 1, handlers: {{console: {{class: logging.StreamHandler}}}},
  root: {{level: INFO, handlers: [console]}}}}
"""

pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore:The sender_key field")]


@dataclass(frozen=True, slots=True)
class Management:
    """Maubot's own management API."""

    url: str
    headers: dict[str, str]

    def ask(self, method: str, path: str, **sent: Any) -> Any:
        answer = httpx.request(method, self.url + path, headers=self.headers, timeout=20, trust_env=False, **sent)
        assert answer.status_code < 300, answer.text
        return answer.json()


@contextlib.contextmanager
def running_maubot(folder: Path) -> Iterator[Management]:
    """A maubot server on what it kept in `folder`; ended at the end, whatever it was doing."""
    port = free_port()
    (folder / "plugins").mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(CONFIG.format(port=port, secret=SECRET), encoding="utf-8")
    command = [str(make_venv("maubot") / "python"), "-m", "maubot", "-c", "config.yaml"]
    with (folder / "maubot.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        yield _until_ready(f"http://127.0.0.1:{port}/_matrix/maubot/v1", process, folder / "maubot.log")
    finally:
        process.terminate()
        process.wait(20)


def _until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> Management:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            answer = httpx.post(f"{url}/auth/login", json={"secret": SECRET, "user": "root"}, trust_env=False)
            return Management(url, {"Authorization": f"Bearer {answer.json()['token']}"})
        time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8", errors="replace"))


def install(maubot: Management, folder: Path, bot: Client) -> None:
    """The plugin, the bot's account, and the one running as the other."""
    package = folder / "echo.mbp"
    with zipfile.ZipFile(package, "w") as archive:
        for file in (LOCKS / "echo").iterdir():
            archive.write(file, file.name)
    maubot.ask("PUT", f"/plugin/{PLUGIN}", content=package.read_bytes())
    account = {"homeserver": bot.url, "access_token": bot.token, "device_id": bot.device_id, "autojoin": True}
    maubot.ask("POST", "/client/new", json=account)
    maubot.ask("PUT", "/instance/echo", json={"type": PLUGIN, "primary_user": bot.user_id})


async def until_said(agent: Agent, user_id: str, text: str) -> MessageEvent:
    """The message of this person that ends with `text`, decrypted."""

    def find() -> MessageEvent | None:
        said = (message for message in agent.messages.values() if message.sender == user_id)
        return next((message for message in said if str(message.content.body).endswith(text)), None)

    async with agent.progress:
        await agent.progress.wait_for(lambda: find() is not None)
    found = find()
    assert found is not None
    return found


async def first_meeting(kept: Kept, bot: Client, folder: Path) -> RoomID:
    """The bot is installed, invited and spoken to; the room they met in."""
    unanswered = Unanswered()
    async with asyncio.timeout(LIMIT_S), running(bot.url, kept, unanswered) as camille:
        with running_maubot(folder) as maubot:
            await asyncio.to_thread(install, maubot, folder, bot)
            room_id = await camille.client.create_room(name="Automate", invitees=[UserID(bot.user_id)])
            await camille.until_encrypted(room_id)
            await camille.until_member(room_id, UserID(bot.user_id), Membership.JOIN)
            for number, text in enumerate(("bonjour", "encore"), 1):
                await camille.say(room_id, f"!dis {text}")
                answer = await until_said(camille, bot.user_id, f"{number} : {text}")
                assert text_of(answer).endswith(f"{number} : {text}")
    assert unanswered.calls == set()
    return room_id


async def meet_again(kept: Kept, bot: Client, folder: Path, room_id: RoomID) -> None:
    """Everything was stopped meanwhile: what maubot is told by its first sync it does not answer, so one insists."""
    unanswered = Unanswered()
    async with asyncio.timeout(LIMIT_S), running(bot.url, kept, unanswered) as camille:
        with running_maubot(folder):
            answer = None
            while answer is None:
                await camille.say(room_id, "!dis te revoilà")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(3):
                        answer = await until_said(camille, bot.user_id, "te revoilà")
            assert text_of(answer).endswith("1 : te revoilà")
    assert unanswered.calls == set()


@pytest.mark.anyio
async def test_a_bot_answers_in_an_encrypted_room(tmp_path: Path) -> None:
    """It joins when invited, reads and answers encrypted, and goes on after the bot and the server were restarted."""
    port = free_port()
    with start_server(tmp_path / "server", port=port) as server:
        door = Client(server.url)
        camille, bot = door.register_by_email(CAMILLE_EMAIL), door.register_by_email("automate@hopital.example.fr")
        for client in (door, camille, bot):
            client.close()
        kept = await log_in(server.url, camille.user_id)
        room_id = await first_meeting(kept, bot, tmp_path / "maubot")
    with start_server(tmp_path / "server", port=port):
        await meet_again(kept, bot, tmp_path / "maubot", room_id)
