"""The journey of matrix-commander, on the command line, installed from its own lock, under the rules of Tchap."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import CAMILLE_EMAIL, ZOE_EMAIL
from tests.support.client import PASSWORD, Client
from tests.support.server import start_server
from tests.support.venvs import make_venv

LIMIT_S = 60
ORDER = b"%PDF-1.4 Ordre du jour de la cellule" * 400

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True, slots=True)
class Terminal:
    """One device: each command is a process that reads its credentials and keys again."""

    program: Path
    folder: Path

    def run(self, *arguments: str) -> list[dict[str, Any]]:
        """What the command prints, one JSON object a line; it must succeed."""
        kept = ("--credentials", str(self.folder / "credentials.json"), "--store", str(self.folder / "store"))
        command = [str(self.program), *kept, "--output", "json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, cwd=self.folder, check=False)
        assert done.returncode == 0, done.stderr
        # A message it could not decrypt, or an answer it did not understand, is told as a warning.
        assert "Error validating response" not in done.stderr
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def hear(self, *options: str) -> list[dict[str, Any]]:
        """The content of each message that came since the last time, decrypted."""
        return [said["source"]["content"] for said in self.run("--listen", "once", *options)]


@pytest.fixture(scope="module")
def program() -> Path:
    return make_venv("commander") / "matrix-commander"


def open_terminal(program: Path, folder: Path, person: Client, room_id: str) -> Terminal:
    folder.mkdir()
    terminal = Terminal(program, folder)
    login = ("--login", "PASSWORD", "--homeserver", person.url, "--user-login", person.user_id)
    terminal.run(*login, "--password", PASSWORD, "--device", "Terminal", "--room-default", room_id)
    return terminal


def test_two_administrations_talk_from_the_command_line(program: Path, tmp_path: Path) -> None:
    """Encrypted words and a file both ways, read again later, and what a script asks of its account and rooms."""
    with start_server(tmp_path / "server") as server:
        door = Client(server.url)
        camille, zoe = door.register_by_email(CAMILLE_EMAIL), door.register_by_email(ZOE_EMAIL)
        room_id = camille.create_room(name="Cellule", preset="private_chat", invite=[zoe.user_id])
        hers = open_terminal(program, tmp_path / "camille", camille, room_id)
        his = open_terminal(program, tmp_path / "zoe", zoe, room_id)
        his.run("--room-join", room_id)
        his.hear()
        talk(hers, his)
        exchange_files(hers, his)
        redact(hers, his, room_id)
        ask_around(hers, room_id, zoe.user_id)
        for kind in (event["type"] for event in zoe.history(room_id)):
            assert kind != "m.room.message", "something went in clear"
        hers.run("--logout", "ME")
        assert camille.call("GET", "/_matrix/client/v3/account/whoami").status == 200
        for client in (door, camille, zoe):
            client.close()


def talk(hers: Terminal, his: Terminal) -> None:
    hers.run("--message", "Combien de lits ?", "**Urgent**", "--markdown")
    heard = his.hear()
    assert [said["body"] for said in heard] == ["Combien de lits ?", "**Urgent**"]
    assert "<strong>Urgent</strong>" in heard[1]["formatted_body"]
    his.run("--message", "Douze.", "--notice")
    assert [(said["body"], said["msgtype"]) for said in hers.hear()] == [("Douze.", "m.notice")]
    assert "Douze." in [said["source"]["content"].get("body") for said in hers.run("--tail", "5", "--listen-self")]


def exchange_files(hers: Terminal, his: Terminal) -> None:
    (hers.folder / "ordre.pdf").write_bytes(ORDER)
    hers.run("--file", "ordre.pdf")
    (said,) = his.hear("--download-media", str(his.folder / "media"), "--download-media-name", "source")
    assert (said["body"], "url" in said, "key" in said["file"]) == ("ordre.pdf", False, True)
    assert [file.read_bytes() for file in (his.folder / "media").iterdir()] == [ORDER]


def redact(hers: Terminal, his: Terminal, room_id: str) -> None:
    (sent,) = hers.run("--message", "À effacer", "--print-event-id")
    his.hear()
    hers.run("--room-redact", room_id, sent["event_id"], "Erreur")
    assert "À effacer" not in json.dumps(his.run("--tail", "3"), ensure_ascii=False)


def ask_around(hers: Terminal, room_id: str, zoe_id: str) -> None:
    (devices,) = hers.run("--devices")
    assert "Terminal" in [device["display_name"] for device in devices["devices"]]
    (name,) = hers.run("--get-display-name")
    assert name["displayname"] == "Camille Durand [Préfecture du Val-Clair]"
    (rooms,) = hers.run("--joined-rooms")
    assert rooms["rooms"] == [room_id]
    (members,) = hers.run("--joined-members", room_id)
    assert zoe_id in [member["user_id"] for member in members["members"]]
    (room,) = hers.run("--get-room-info", room_id)
    assert (room["name"], room["encrypted"]) == ("Cellule", True)
    (limits,) = hers.run("--content-repository-config")
    assert limits["upload_size"] > 0
    hers.run("--discovery-info")
    hers.run("--set-device-name", "Terminal de garde")
    hers.run("--set-presence", "unavailable")
