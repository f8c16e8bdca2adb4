"""What the server says it speaks (`GET /versions`): for each feature it names, the thing itself."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tchap.api.client.versions import ENCRYPTED_PRESETS, UNSTABLE_FEATURES
from tests.api.test_keys import JEAN, OPEN
from tests.support.accounts import V3, person
from tests.support.hall import Resident, open_hall
from tests.support.house import open_house
from tests.support.paths import quote

CLIENT = "/_matrix/client"
UNSTABLE = f"{CLIENT}/unstable"
UNCOMPRESSED = (Encoding.X962, PublicFormat.UncompressedPoint)


@dataclass(frozen=True, slots=True)
class Scene:
    """Two people in a public room, where one wrote a message and answered it in a thread."""

    camille: Resident
    zoe: Resident
    room_id: str
    root: str
    answer: str

    @property
    def room(self) -> str:
        return f"/rooms/{quote(self.room_id)}"

    async def status(self, method: str, path: str, body: object = None) -> int:
        return (await self.camille.hall.house.call(method, path, body, self.camille.token)).status


async def private_receipts(scene: Scene) -> None:
    await scene.camille.read(scene.room_id, scene.answer, "m.read.private")
    for who, sees in ((scene.camille, True), (scene.zoe, False)):
        assert ("m.read.private" in str(await who.sync())) is sees


async def threads(scene: Scene) -> None:
    found = await scene.camille.ask("GET", f"/rooms/{quote(scene.room_id)}/event/{quote(scene.root)}")
    assert found["unsigned"]["m.relations"]["m.thread"]["count"] == 1


async def thread_list(scene: Scene) -> None:
    path = f"{CLIENT}/v1{scene.room}/threads"
    found = await scene.camille.hall.house.ask("GET", path, None, scene.camille.token)
    assert [event["event_id"] for event in found["chunk"]] == [scene.root]


async def relations_both_ways(scene: Scene) -> None:
    path = f"{CLIENT}/v1{scene.room}/relations/{quote(scene.root)}"
    for direction in ("f", "b"):
        found = await scene.camille.hall.house.ask("GET", f"{path}?dir={direction}", None, scene.camille.token)
        assert [event["event_id"] for event in found["chunk"]] == [scene.answer]


async def threaded_receipts(scene: Scene) -> None:
    await scene.zoe.read(scene.room_id, scene.answer, thread=scene.root)
    assert f"'thread_id': '{scene.root}'" in str(await scene.camille.sync())


async def counts_by_thread(scene: Scene) -> None:
    wanted = {"room": {"timeline": {"unread_thread_notifications": True}}}
    room = (await scene.zoe.sync(filter=wanted))["rooms"]["join"][scene.room_id]
    assert room["unread_thread_notifications"][scene.root]["notification_count"] == 1


async def dehydrated_devices(scene: Scene) -> None:
    path = f"{UNSTABLE}/org.matrix.msc3814.v1/dehydrated_device"
    reply = await scene.camille.hall.house.call("GET", path, None, scene.camille.token)
    assert reply.body["errcode"] == "M_NOT_FOUND"


async def room_types(scene: Scene) -> None:
    space = await scene.camille.create_room(visibility="public", creation_content={"type": "m.space"})
    await scene.camille.create_room(visibility="public")
    found = await scene.camille.ask("POST", "/publicRooms", {"filter": {"room_types": ["m.space"]}})
    assert [(room["room_id"], room["room_type"]) for room in found["chunk"]] == [(space, "m.space")]


async def authenticated_media(scene: Scene) -> None:
    assert await scene.status("GET", f"{CLIENT}/v1/media/config") == 200


async def cross_signing(scene: Scene) -> None:
    assert await scene.status("POST", f"{V3}/keys/device_signing/upload", {}) in (400, 401)
    assert await scene.status("POST", f"{V3}/keys/signatures/upload", {}) == 200


async def plain_rendezvous(scene: Scene) -> None:
    path = f"{UNSTABLE}/org.matrix.msc4108/rendezvous"
    answer = await scene.camille.hall.house.http.post(path, content="x", headers={"content-type": "text/plain"})
    assert answer.status_code == 201


async def json_rendezvous(scene: Scene) -> None:
    assert await scene.status("GET", f"{UNSTABLE}/io.element.msc4388/rendezvous") == 200


async def delayed_events(scene: Scene) -> None:
    path = f"{scene.room}/send/m.room.message/later?org.matrix.msc4140.delay=1000"
    assert set(await scene.camille.ask("PUT", path, {"body": "plus tard"})) == {"delay_id"}


async def transports(scene: Scene) -> None:
    assert await scene.status("GET", f"{UNSTABLE}/org.matrix.msc4143/rtc/transports") == 200


async def state_after(scene: Scene) -> None:
    query = {"org.matrix.msc4222.use_state_after": "true"}
    assert "org.matrix.msc4222.state_after" in (await scene.camille.sync(**query))["rooms"]["join"][scene.room_id]


async def thread_subscriptions(scene: Scene) -> None:
    path = f"{UNSTABLE}/io.element.msc4306{scene.room}/thread/{quote(scene.root)}/subscription"
    assert await scene.status("PUT", path, {}) == 200


async def thread_changes(scene: Scene) -> None:
    assert await scene.status("GET", f"{UNSTABLE}/io.element.msc4308/thread_subscriptions?dir=b") == 200


async def sliding_sync(scene: Scene) -> None:
    assert await scene.status("POST", f"{UNSTABLE}/org.matrix.simplified_msc3575/sync", {}) == 200


async def mutual_rooms(scene: Scene) -> None:
    who = quote(scene.zoe.user_id)
    for path in (
        f"{UNSTABLE}/uk.half-shot.msc2666/user/mutual_rooms/{who}",
        f"{UNSTABLE}/uk.half-shot.msc2666/user/mutual_rooms?user_id={who}",
        f"{CLIENT}/v1/mutual_rooms?user_id={who}",
    ):
        found = await scene.camille.hall.house.ask("GET", path, None, scene.camille.token)
        assert found["joined"] == [scene.room_id]


async def profile_fields(scene: Scene) -> None:
    path = f"/profile/{quote(scene.camille.user_id)}/fr.service"
    await scene.camille.ask("PUT", path, {"fr.service": "Voirie"})
    assert await scene.zoe.ask("GET", path) == {"fr.service": "Voirie"}


async def invitations_blocked(scene: Scene) -> None:
    path = f"/user/{quote(scene.zoe.user_id)}/account_data/m.invite_permission_config"
    await scene.zoe.ask("PUT", path, {"default_action": "block"})
    room_id = await scene.camille.create_room(preset="private_chat")
    refused = await scene.camille.call("POST", f"/rooms/{quote(room_id)}/invite", {"user_id": scene.zoe.user_id})
    assert (refused.status, refused.body["errcode"]) == (403, "M_INVITE_BLOCKED")


PUSHER = {
    "app_id": "org.example.web",
    "app_display_name": "Exemple",
    "device_display_name": "Navigateur",
    "lang": "fr",
}


async def pushers_of_other_devices(scene: Scene) -> None:
    """Another device sees whose a pusher is, and switches it off."""
    other = await scene.camille.hall.another_device(scene.camille)
    wish = {**PUSHER, "kind": "http", "pushkey": "k", "data": {"url": "https://push.example/_matrix/push/v1/notify"}}
    await scene.camille.ask("POST", "/pushers/set", wish)
    (seen,) = (await other.ask("GET", "/pushers"))["pushers"]
    assert seen["org.matrix.msc3881.device_id"] == scene.camille.requester.device_id
    await other.ask("POST", "/pushers/set", {**wish, "org.matrix.msc3881.enabled": False})
    (seen,) = (await scene.camille.ask("GET", "/pushers"))["pushers"]
    assert seen["org.matrix.msc3881.enabled"] is False


async def web_push(scene: Scene) -> None:
    """The server's key is told, and a subscription waits for its client's proof."""
    capabilities = (await scene.camille.ask("GET", "/capabilities"))["capabilities"]
    assert capabilities["org.matrix.msc4174.webpush"]["vapid"]
    point = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(*UNCOMPRESSED)
    key = base64.urlsafe_b64encode(point).rstrip(b"=").decode()
    data = {"url": "https://push.example/abc", "auth": "MDEyMzQ1Njc4OWFiY2RlZg"}
    wish = {**PUSHER, "kind": "org.matrix.msc4174.webpush", "pushkey": key, "data": data}
    assert await scene.status("POST", f"{V3}/pushers/set", wish) == 201


CHECKS: dict[str, Callable[[Scene], Awaitable[None]]] = {
    "io.element.msc4388": json_rendezvous,
    "org.matrix.e2e_cross_signing": cross_signing,
    "org.matrix.msc2285.stable": private_receipts,
    "org.matrix.msc3440.stable": threads,
    "org.matrix.msc3715.stable": relations_both_ways,
    "org.matrix.msc3771": threaded_receipts,
    "org.matrix.msc3773": counts_by_thread,
    "org.matrix.msc3814": dehydrated_devices,
    "org.matrix.msc3827.stable": room_types,
    "org.matrix.msc3856.stable": thread_list,
    "org.matrix.msc3881": pushers_of_other_devices,
    "org.matrix.msc3916.stable": authenticated_media,
    "org.matrix.msc4108": plain_rendezvous,
    "org.matrix.msc4140": delayed_events,
    "org.matrix.msc4143": transports,
    "org.matrix.msc4174": web_push,
    "org.matrix.msc4222": state_after,
    "org.matrix.msc4306": thread_subscriptions,
    "org.matrix.msc4308": thread_changes,
    "org.matrix.msc4380.stable": invitations_blocked,
    "org.matrix.simplified_msc3575": sliding_sync,
    "uk.half-shot.msc2666.mutual_rooms": mutual_rooms,
    "uk.half-shot.msc2666.query_mutual_rooms": mutual_rooms,
    "uk.half-shot.msc2666.query_mutual_rooms.stable": mutual_rooms,
    "uk.tcpip.msc4133.stable": profile_fields,
}


@pytest.mark.parametrize("feature", sorted({*UNSTABLE_FEATURES, *CHECKS}))
def test_what_is_advertised_works(tmp_path: Path, feature: str) -> None:
    """Each feature of the list does what its name says, and nothing is checked that is not told."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            told = (await hall.house.ask("GET", f"{CLIENT}/versions"))["unstable_features"]
            assert told[feature] is True
            camille, zoe = await hall.enter("camille"), await hall.enter("zoe")
            room_id = await camille.create_room(preset="public_chat")
            await zoe.join(room_id)
            root = await camille.send(room_id, "Un fil")
            relation = {"rel_type": "m.thread", "event_id": root}
            answer = await camille.send(room_id, {"msgtype": "m.text", "body": "oui", "m.relates_to": relation})
            await CHECKS[feature](Scene(camille, zoe, room_id, root, answer))

    asyncio.run(story())


def test_the_presets_said_to_be_encrypted_are(tmp_path: Path) -> None:
    """Under the rules of Tchap a private room is encrypted though its maker asked for nothing."""

    async def story() -> None:
        async with open_house(tmp_path, OPEN) as house:
            told = (await house.ask("GET", f"{CLIENT}/versions"))["unstable_features"]
            jean = await person(house, JEAN)
            for feature in ENCRYPTED_PRESETS:
                assert told[feature] is True
                preset = feature.removeprefix("io.element.e2ee_forced.") + "_chat"
                room = await house.ask("POST", f"{V3}/createRoom", {"preset": preset}, jean.token)
                path = f"{V3}/rooms/{quote(room['room_id'])}/state/m.room.encryption"
                assert (await house.ask("GET", path, token=jean.token))["algorithm"] == "m.megolm.v1.aes-sha2"

    asyncio.run(story())


def test_versions_are_told_to_anybody(tmp_path: Path) -> None:
    """Without a token: every version of the specification up to 1.19, and no feature of the rules in a plain server."""

    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            told = await hall.house.ask("GET", f"{CLIENT}/versions")
            assert {"r0.6.1", "v1.1", "v1.19"} <= set(told["versions"])
            assert set(told["unstable_features"]) == set(UNSTABLE_FEATURES)

    asyncio.run(story())
