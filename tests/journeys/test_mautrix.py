"""The journey of mautrix-python, a client this project did not write, under the rules of Tchap."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from mautrix.client import Client
from mautrix.client.state_store import MemoryStateStore
from mautrix.crypto import MemoryCryptoStore, OlmMachine, StateStore
from mautrix.crypto.attachments import decrypt_attachment, encrypt_attachment
from mautrix.types import (
    EncryptedFile,
    EventID,
    EventType,
    MediaMessageEventContent,
    Membership,
    MessageEvent,
    MessageType,
    RoomCreatePreset,
    RoomDirectoryVisibility,
    RoomID,
    StateEvent,
    TextMessageEventContent,
    UserID,
)
from mautrix.util.logging import TraceLogger

from tests.journeys.conftest import Town
from tests.journeys.unanswered import Unanswered
from tests.support.client import PASSWORD

LIMIT_S = 100.0
PRIVATE = b"Ordre du jour de la cellule" * 500


class RoomStore(MemoryStateStore, StateStore):  # type: ignore[misc]
    """What mautrix remembers of rooms, with the one question its encryption adds."""

    async def find_shared_rooms(self, user_id: UserID) -> list[RoomID]:
        return [room_id for room_id, members in self.members.items() if user_id in members]


@dataclass(frozen=True, slots=True)
class Kept:
    """What a device keeps between two runs."""

    user_id: str
    device_id: str
    token: str
    crypto: MemoryCryptoStore
    rooms: RoomStore


@dataclass(slots=True)
class Agent:
    """A running device: it syncs and keeps what it received, decrypted."""

    client: Client
    messages: dict[EventID, MessageEvent] = field(default_factory=dict)
    members: set[tuple[RoomID, UserID, Membership]] = field(default_factory=set)
    encrypted: set[RoomID] = field(default_factory=set)
    progress: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def keep(self, event: Any) -> None:
        async with self.progress:
            if isinstance(event, MessageEvent):
                self.messages[event.event_id] = event
            elif isinstance(event, StateEvent) and event.type == EventType.ROOM_MEMBER:
                self.members.add((event.room_id, UserID(event.state_key), event.content.membership))
            elif isinstance(event, StateEvent) and event.type == EventType.ROOM_ENCRYPTION:
                self.encrypted.add(event.room_id)
            self.progress.notify_all()

    async def until_member(self, room_id: RoomID, user_id: UserID, membership: Membership) -> None:
        async with self.progress:
            await self.progress.wait_for(lambda: (room_id, user_id, membership) in self.members)

    async def until_encrypted(self, room_id: RoomID) -> None:
        async with self.progress:
            await self.progress.wait_for(lambda: room_id in self.encrypted)

    async def until_received(self, event_id: EventID) -> MessageEvent:
        async with self.progress:
            await self.progress.wait_for(lambda: event_id in self.messages)
        return self.messages[event_id]

    async def say(self, room_id: RoomID, text: str) -> EventID:
        content = TextMessageEventContent(msgtype=MessageType.TEXT, body=text)
        return await self.client.send_message_event(room_id, EventType.ROOM_MESSAGE, content)

    async def send_file(self, room_id: RoomID, data: bytes) -> EventID:
        sealed, file = encrypt_attachment(data)
        file.url = await self.client.upload_media(sealed, "application/octet-stream", "ordre.pdf")
        content = MediaMessageEventContent(msgtype=MessageType.FILE, body="ordre.pdf", file=file)
        return await self.client.send_message_event(room_id, EventType.ROOM_MESSAGE, content)

    async def read_file(self, file: EncryptedFile) -> bytes:
        sealed = await self.client.download_media(file.url)
        return decrypt_attachment(sealed, file.key.key, file.hashes["sha256"], file.iv)


@contextlib.asynccontextmanager
async def running(url: str, kept: Kept, unanswered: Unanswered) -> AsyncIterator[Agent]:
    """Opens the device on what it kept and syncs while the body runs."""
    async with aiohttp.ClientSession(trace_configs=[unanswered.trace()]) as session:
        client = Client(
            UserID(kept.user_id),
            device_id=kept.device_id,
            base_url=url,
            token=kept.token,
            client_session=session,
            sync_store=kept.crypto,
            state_store=kept.rooms,
        )
        machine = OlmMachine(client, kept.crypto, kept.rooms)
        await machine.load()
        client.crypto = machine
        agent = Agent(client)
        client.add_event_handler(EventType.ALL, agent.keep)
        await machine.share_keys()
        syncing = client.start(None)
        try:
            yield agent
        finally:
            client.stop()
            await syncing


async def log_in(url: str, user_id: str) -> Kept:
    async with aiohttp.ClientSession() as session:
        client = Client(UserID(user_id), base_url=url, client_session=session)
        answer = await client.login(password=PASSWORD, device_name="Automate")
    crypto = MemoryCryptoStore(user_id, "a-pickle-key")
    await crypto.put_device_id(answer.device_id)
    return Kept(user_id, answer.device_id, answer.access_token, crypto, RoomStore())


async def meet(camille: Agent, zoe: Agent) -> RoomID:
    """A private room with both in it."""
    room_id = await camille.client.create_room(name="Crise de l'eau")
    await camille.client.invite_user(room_id, zoe.client.mxid)
    await zoe.until_member(room_id, zoe.client.mxid, Membership.INVITE)
    await zoe.client.join_room_by_id(room_id)
    await asyncio.gather(camille.until_encrypted(room_id), zoe.until_encrypted(room_id))
    await camille.until_member(room_id, zoe.client.mxid, Membership.JOIN)
    return room_id


def text_of(event: MessageEvent) -> str:
    """The text; the event came encrypted, or it would have no note of its decryption."""
    assert event["mautrix"]["was_encrypted"]
    return str(event.content.body)


@pytest.fixture(autouse=True)
def its_own_loggers() -> Iterator[None]:
    """mautrix wants loggers of its own class, which another test of this process may have replaced."""
    before = logging.getLoggerClass()
    logging.setLoggerClass(TraceLogger)
    yield
    logging.setLoggerClass(before)


@pytest.mark.filterwarnings("ignore:The sender_key field")
@pytest.mark.anyio
async def test_two_administrations_talk_in_private(town: Town) -> None:
    """Two agents on two instances write to each other encrypted, send a file, and go on after a restart."""
    unanswered = Unanswered()
    async with asyncio.timeout(LIMIT_S):
        kept = [await log_in(town.url, user_id) for user_id in (town.camille, town.zoe)]
        async with running(town.url, kept[0], unanswered) as camille:
            async with running(town.url, kept[1], unanswered) as zoe:
                room_id = await meet(camille, zoe)
                asked = await camille.say(room_id, "Combien de lits ?")
                assert text_of(await zoe.until_received(asked)) == "Combien de lits ?"
                answered = await zoe.say(room_id, "Douze.")
                assert text_of(await camille.until_received(answered)) == "Douze."
                file = await camille.until_received(await zoe.send_file(room_id, PRIVATE))
                assert await camille.read_file(file.content.file) == PRIVATE
            missed = await camille.say(room_id, "Merci, à demain.")
            async with running(town.url, kept[1], unanswered) as again:
                assert text_of(await again.until_received(missed)) == "Merci, à demain."
                assert asked not in again.messages
    assert unanswered.calls == set()


@pytest.mark.anyio
async def test_a_bot_keeps_house(town: Town) -> None:
    """Knocking, aliases, tags, rules, receipts, reactions, people and files as bots of mautrix use them."""
    unanswered = Unanswered()
    async with asyncio.timeout(LIMIT_S), aiohttp.ClientSession(trace_configs=[unanswered.trace()]) as session:
        camille, zoe = [await open_bot(town.url, user_id, session) for user_id in (town.camille, town.zoe)]
        knocked = await camille.create_room(name="Astreinte")
        await camille.send_state_event(knocked, EventType.ROOM_JOIN_RULES, {"join_rule": "knock"})
        await zoe.knock_room(knocked, reason="Je suis de garde")
        await camille.invite_user(knocked, zoe.mxid)
        await zoe.join_room_by_id(knocked)
        public = await camille.create_room(
            name="Annonces", preset=RoomCreatePreset.PUBLIC, visibility=RoomDirectoryVisibility.PUBLIC
        )
        await camille.add_room_alias(public, "annonces")
        assert await zoe.join_room(f"#annonces:{camille.mxid.partition(':')[2]}") == public
        said = await camille.send_text(public, "Combien de lits ?")
        await zoe.react(public, said, "👍")
        await zoe.send_receipt(public, said)
        await zoe.set_fully_read_marker(public, said, said)
        await zoe.set_room_tag(public, "m.favourite")
        await zoe.remove_room_tag(public, "m.favourite")
        await zoe.set_account_data("org.example.choix", {"couleur": "bleu"}, public)
        assert (await zoe.get_account_data("org.example.choix", public))["couleur"] == "bleu"
        assert [found.user_id for found in (await camille.search_users("petit")).results] == [zoe.mxid]
        url = await camille.upload_media(PRIVATE, "text/plain", "ordre.txt")
        assert await zoe.download_media(url) == PRIVATE
        assert (await zoe.get_event_context(public, said)).event.event_id == said
        await camille.redact(public, said, "Erreur")
        await camille.kick_user(public, zoe.mxid)
        await zoe.forget_room(public)
    assert unanswered.calls == set()


async def open_bot(url: str, user_id: str, session: aiohttp.ClientSession) -> Client:
    client = Client(UserID(user_id), base_url=url, client_session=session)
    await client.login(password=PASSWORD, device_name="Automate")
    return client
