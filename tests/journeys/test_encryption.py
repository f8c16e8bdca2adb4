"""Two people write to each other under encryption, with a client library that is not ours."""

import asyncio
import io
from pathlib import Path

import nio

from tests.support.server import start_server

PASSWORD = "Un-mot-de-passe-9"


async def sign_up(url: str, name: str, folder: Path) -> "nio.AsyncClient":
    folder.mkdir()
    config = nio.AsyncClientConfig(encryption_enabled=True, store_sync_tokens=True)
    client = nio.AsyncClient(url, name, store_path=str(folder), config=config)
    await client.register(name, PASSWORD)
    await client.sync(0)
    await client.keys_upload()
    return client


async def write_under_encryption(url: str, folder: Path) -> None:
    alice, bruno = [await sign_up(url, name, folder / name) for name in ("alice", "bruno")]
    try:
        encrypted = [nio.EnableEncryptionBuilder().as_dict()]
        made = await alice.room_create(invite=[bruno.user_id], initial_state=encrypted)
        await bruno.join(made.room_id)
        await asyncio.gather(alice.sync(0), bruno.sync(0))
        await asyncio.gather(alice.keys_query(), bruno.keys_query())
        # Both are in the sync just made; the library would ask once more who is in the room.
        alice.rooms[made.room_id].members_synced = True
        read: list[nio.Event] = []
        bruno.add_event_callback(lambda _room, event: read.append(event), (nio.RoomMessageText, nio.MegolmEvent))
        message = {"msgtype": "m.text", "body": "Rendez-vous à 14 h"}
        await alice.room_send(made.room_id, "m.room.message", message, ignore_unverified_devices=True)
        await bruno.sync(1000)
        assert [(type(event), event.body, event.decrypted) for event in read] == [
            (nio.RoomMessageText, "Rendez-vous à 14 h", True)
        ]
        sent, keys = await alice.upload(io.BytesIO(b"sealed" * 99), "text/plain", "a.txt", encrypt=True, filesize=594)
        found = await bruno.download(sent.content_uri)
        assert nio.crypto.decrypt_attachment(found.body, keys["key"]["k"], keys["hashes"]["sha256"], keys["iv"]) == (
            b"sealed" * 99
        )
    finally:
        await alice.close()
        await bruno.close()


def test_two_people_write_under_encryption(tmp_path: Path) -> None:
    """A message and a file sealed by one device are opened by the other; the server only carried them."""
    with start_server(tmp_path / "data", profile="test") as server:
        asyncio.run(asyncio.wait_for(write_under_encryption(server.url, tmp_path), 60))
