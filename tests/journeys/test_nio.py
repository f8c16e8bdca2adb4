"""The journey of matrix-nio, a client this project did not write, under the rules of Tchap."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from nio import (
    AsyncClient,
    AsyncClientConfig,
    DownloadResponse,
    JoinResponse,
    LoginResponse,
    MegolmEvent,
    RoomCreateResponse,
    RoomEncryptedFile,
    RoomInviteResponse,
    RoomMessageText,
    RoomSendResponse,
    UploadResponse,
)
from nio.crypto.attachments import decrypt_attachment

from tests.journeys.conftest import Town
from tests.journeys.unanswered import Unanswered
from tests.support.client import PASSWORD

LIMIT_S = 100.0
SECRET_FILE = b"Liste des lits disponibles" * 500
CONFIG = AsyncClientConfig(store_sync_tokens=True, encryption_enabled=True, max_timeouts=1, max_limit_exceeded=3)

Received = RoomMessageText | RoomEncryptedFile | MegolmEvent


@dataclass(slots=True)
class Agent:
    """A device of nio that syncs all the time and keeps what it received."""

    client: AsyncClient
    received: dict[str, Received] = field(default_factory=dict)
    progress: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until_known(self, room_id: str) -> None:
        """Until sync has told of the room and of its encryption."""
        async with self.progress:
            await self.progress.wait_for(lambda: room_id in self.client.rooms and self.client.rooms[room_id].encrypted)

    async def until_invited(self, room_id: str) -> None:
        async with self.progress:
            await self.progress.wait_for(lambda: room_id in self.client.invited_rooms)

    async def until_member(self, room_id: str, user_id: str) -> None:
        async with self.progress:
            await self.progress.wait_for(lambda: user_id in self.client.rooms[room_id].users)

    async def until_received(self, event_id: str) -> Received:
        async with self.progress:
            await self.progress.wait_for(lambda: event_id in self.received)
        return self.received[event_id]

    async def send(self, room_id: str, content: dict[str, object]) -> str:
        sent = await self.client.room_send(room_id, "m.room.message", content, ignore_unverified_devices=True)
        assert isinstance(sent, RoomSendResponse), sent
        return sent.event_id

    async def say(self, room_id: str, text: str) -> str:
        return await self.send(room_id, {"msgtype": "m.text", "body": text})

    async def send_file(self, room_id: str, data: bytes) -> str:
        uploaded, keys = await self.client.upload(
            io.BytesIO(data), "application/pdf", "lits.pdf", encrypt=True, filesize=len(data)
        )
        assert isinstance(uploaded, UploadResponse), uploaded
        assert keys is not None
        file = {**keys, "url": uploaded.content_uri}
        return await self.send(room_id, {"msgtype": "m.file", "body": "lits.pdf", "file": file})

    async def read_file(self, event: RoomEncryptedFile) -> bytes:
        downloaded = await self.client.download(event.url)
        assert isinstance(downloaded, DownloadResponse), downloaded
        return decrypt_attachment(downloaded.body, event.key["k"], event.hashes["sha256"], event.iv)

    async def _keep(self, _room: object, event: Received) -> None:
        self.received[event.event_id] = event

    async def _tell(self, _response: object) -> None:
        async with self.progress:
            self.progress.notify_all()

    @contextlib.asynccontextmanager
    async def running(self, unanswered: Unanswered) -> AsyncIterator["Agent"]:
        """Syncs while the body runs, from the stored token if there is one; then lets go of everything."""
        self.client.add_event_callback(self._keep, (RoomMessageText, RoomEncryptedFile, MegolmEvent))
        self.client.add_response_callback(self._tell)
        task = asyncio.create_task(self.client.sync_forever(timeout=10_000, full_state=True))
        try:
            await self.client.synced.wait()
            assert self.client.client_session is not None
            self.client.client_session.trace_configs.append(unanswered.trace())
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await self.client.close()


def device(town: Town, store: Path, user_id: str) -> AsyncClient:
    folder = store / user_id.split(":")[0]
    folder.mkdir(exist_ok=True)
    return AsyncClient(town.url, user_id, store_path=str(folder), config=CONFIG)


async def log_in(town: Town, store: Path, user_id: str) -> Agent:
    client = device(town, store, user_id)
    answer = await client.login(PASSWORD, "Poste de travail")
    assert isinstance(answer, LoginResponse), answer
    return Agent(client)


def start_again(town: Town, store: Path, before: Agent) -> Agent:
    """The same device as a new process finds it: only what was stored."""
    client = device(town, store, before.client.user_id)
    client.restore_login(before.client.user_id, before.client.device_id, before.client.access_token)
    return Agent(client)


async def meet(camille: Agent, zoe: Agent) -> str:
    """A private room with both in it."""
    created = await camille.client.room_create(name="Crise de l'eau")
    assert isinstance(created, RoomCreateResponse), created
    room_id = created.room_id
    assert isinstance(await camille.client.room_invite(room_id, zoe.client.user_id), RoomInviteResponse)
    await zoe.until_invited(room_id)
    assert isinstance(await zoe.client.join(room_id), JoinResponse)
    await asyncio.gather(camille.until_known(room_id), zoe.until_known(room_id))
    await camille.until_member(room_id, zoe.client.user_id)
    return room_id


def text_of(event: Received) -> str:
    assert isinstance(event, RoomMessageText), event
    assert event.decrypted
    return event.body


@pytest.mark.anyio
async def test_two_administrations_talk_in_private(any_town: Town, tmp_path: Path) -> None:
    """Two agents on two instances write to each other encrypted, send a file, and go on after a restart."""
    unanswered = Unanswered()
    async with asyncio.timeout(LIMIT_S):
        camille = await log_in(any_town, tmp_path, any_town.camille)
        zoe = await log_in(any_town, tmp_path, any_town.zoe)
        async with camille.running(unanswered):
            async with zoe.running(unanswered):
                room_id = await meet(camille, zoe)
                asked = await camille.say(room_id, "Combien de lits ?")
                assert text_of(await zoe.until_received(asked)) == "Combien de lits ?"
                answered = await zoe.say(room_id, "Douze.")
                assert text_of(await camille.until_received(answered)) == "Douze."
                sent = await zoe.send_file(room_id, SECRET_FILE)
                file = await camille.until_received(sent)
                assert isinstance(file, RoomEncryptedFile)
                assert await camille.read_file(file) == SECRET_FILE
            missed = await camille.say(room_id, "Merci, à demain.")
            again = start_again(any_town, tmp_path, zoe)
            async with again.running(unanswered):
                assert text_of(await again.until_received(missed)) == "Merci, à demain."
                assert asked not in again.received
    assert unanswered.calls == set()
