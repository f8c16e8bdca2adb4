"""What bots made with matrix-nio do around rooms, under the rules of Tchap."""

import asyncio

import pytest
from nio import (
    AsyncClient,
    DeleteDevicesAuthResponse,
    DeleteDevicesResponse,
    JoinError,
    JoinResponse,
    LoginResponse,
    RoomCreateResponse,
    RoomInviteResponse,
    RoomKnockResponse,
    RoomPreset,
    RoomRedactResponse,
    RoomSendResponse,
    RoomVisibility,
    SpaceGetHierarchyResponse,
    UpdateReceiptMarkerResponse,
)
from nio.api import RelationshipType

from tests.journeys.conftest import Town
from tests.journeys.unanswered import Unanswered
from tests.support.client import PASSWORD

LIMIT_S = 100.0


async def open_bot(town: Town, user_id: str, unanswered: Unanswered) -> AsyncClient:
    client = AsyncClient(town.url, user_id)
    assert isinstance(await client.login(PASSWORD, "Automate"), LoginResponse)
    assert client.client_session is not None
    client.client_session.trace_configs.append(unanswered.trace())
    return client


async def make_room(client: AsyncClient, **options: object) -> str:
    created = await client.room_create(**options)
    assert isinstance(created, RoomCreateResponse), created
    return str(created.room_id)


async def say(client: AsyncClient, room_id: str, kind: str, **content: object) -> str:
    sent = await client.room_send(room_id, kind, {"msgtype": "m.text", "body": "…", **content})
    assert isinstance(sent, RoomSendResponse), sent
    return str(sent.event_id)


async def follow_threads(camille: AsyncClient, zoe: AsyncClient, room_id: str) -> None:
    root = await say(camille, room_id, "m.room.message", body="Combien de lits ?")
    thread = {"m.relates_to": {"rel_type": "m.thread", "event_id": root}}
    reply = await say(zoe, room_id, "m.room.message", body="Douze.", **thread)
    key = {"m.relates_to": {"rel_type": "m.annotation", "event_id": root, "key": "👍"}}
    await say(zoe, room_id, "m.reaction", **key)
    assert [event.event_id async for event in camille.room_get_threads(room_id)] == [root]
    found = camille.room_get_event_relations(room_id, root, RelationshipType.thread)
    assert [event.event_id async for event in found] == [reply]
    read = await camille.update_receipt_marker(room_id, reply, thread_id=root)
    assert isinstance(read, UpdateReceiptMarkerResponse), read
    assert isinstance(await camille.room_redact(room_id, root, "Erreur"), RoomRedactResponse)


async def enter(camille: AsyncClient, zoe: AsyncClient, public: str) -> None:
    """A space with its rooms, then a room by knocking."""
    space = await make_room(camille, name="Préfecture", space=True)
    await camille.room_put_state(space, "m.space.child", {"via": [camille.user_id.partition(":")[2]]}, public)
    tree = await camille.space_get_hierarchy(space)
    assert isinstance(tree, SpaceGetHierarchyResponse), tree
    assert [room["room_id"] for room in tree.rooms] == [space, public]
    room_id = await make_room(camille, name="Astreinte")
    assert isinstance(await zoe.join(room_id), JoinError)
    await camille.room_enable_knocking(room_id)
    assert isinstance(await zoe.room_knock(room_id, "Je suis de garde"), RoomKnockResponse)
    assert isinstance(await camille.room_invite(room_id, zoe.user_id), RoomInviteResponse)
    assert isinstance(await zoe.join(room_id), JoinResponse)


async def sign_out(camille: AsyncClient, town: Town) -> None:
    """Another device is ended with the password, as the server asks."""
    spare = AsyncClient(town.url, camille.user_id)
    assert isinstance(await spare.login(PASSWORD, "Ancien poste"), LoginResponse)
    asked = await camille.delete_devices([spare.device_id])
    assert isinstance(asked, DeleteDevicesAuthResponse), asked
    proof = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": camille.user_id}}
    ended = await camille.delete_devices([spare.device_id], {**proof, "password": PASSWORD, "session": asked.session})
    assert isinstance(ended, DeleteDevicesResponse), ended
    await spare.close()


@pytest.mark.anyio
async def test_a_bot_works_around_rooms(town: Town) -> None:
    """Threads with receipts, reactions, redaction, a space, knocking and a device signed out: all is answered."""
    unanswered = Unanswered()
    async with asyncio.timeout(LIMIT_S):
        camille = await open_bot(town, town.camille, unanswered)
        zoe = await open_bot(town, town.zoe, unanswered)
        try:
            public = {"visibility": RoomVisibility.public, "preset": RoomPreset.public_chat, "name": "Annonces"}
            room_id = await make_room(camille, **public)
            assert isinstance(await zoe.join(room_id), JoinResponse)
            for client in (camille, zoe):
                await client.sync(timeout=0, full_state=True)
            await follow_threads(camille, zoe, room_id)
            await enter(camille, zoe, room_id)
            await sign_out(camille, town)
        finally:
            await camille.close()
            await zoe.close()
    assert unanswered.calls == set()
