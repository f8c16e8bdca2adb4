"""Group calls over HTTP: where they are carried (MSC4143), and the passes to get there (MSC4195)."""

import asyncio
import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from tchap.base import limits
from tchap.base.config import ConfigError
from tchap.base.config_file import load_settings
from tests.support.hall import CONFIG, Hall, Resident
from tests.support.house import Reply, open_house

SECRET = "un-secret-de-trente-deux-lettres"
RTC = f'[rtc]\nlivekit_url = "wss://appels.example.fr"\napi_key = "cle"\napi_secret = "{SECRET}"\n'
CLIENT = "/_matrix/client/unstable"
TOKEN = f"{CLIENT}/io.element.msc4195/rtc/livekit/get_token"
TRANSPORT = {"type": "livekit", "livekit_service_url": "http://127.0.0.1:8008/livekit/jwt"}


def digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def read_pass(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, OctKey.import_key(SECRET), algorithms=["HS256"]).claims
    return claims


async def openid(who: Resident) -> Any:
    return await who.ask("POST", f"/user/{who.user_id}/openid/request_token", {})


def seat(room_id: str, **fields: object) -> dict[str, object]:
    return {
        "room_id": room_id,
        "slot_id": "m.call#ROOM",
        "member": {"id": "m1", "claimed_device_id": "D1"},
        "url": "wss://appels.example.fr",
        **fields,
    }


def test_transports_are_told_where_there_are_any(tmp_path: Path) -> None:
    """By the list and by the well-known address; without a LiveKit server the list is empty."""

    async def story() -> None:
        async with open_house(tmp_path / "with", CONFIG + RTC) as house:
            camille = await Hall(house).enter("camille")
            found = await house.ask("GET", f"{CLIENT}/org.matrix.msc4143/rtc/transports", token=camille.token)
            assert found == {"rtc_transports": [TRANSPORT]}
            told = await house.ask("GET", "/.well-known/matrix/client")
            assert told["org.matrix.msc4143.rtc_foci"] == [TRANSPORT]
        async with open_house(tmp_path / "without", CONFIG) as house:
            camille = await Hall(house).enter("camille")
            found = await house.ask("GET", f"{CLIENT}/org.matrix.msc4143/rtc/transports", token=camille.token)
            assert found == {"rtc_transports": []}
            assert "org.matrix.msc4143.rtc_foci" not in await house.ask("GET", "/.well-known/matrix/client")
            none = await house.call("POST", TOKEN, seat("!r"), camille.token)
            assert (none.status, none.body["errcode"]) == (404, "M_NOT_FOUND")
            assert (await house.call("POST", "/livekit/jwt/sfu/get", {"room": "!r", "device_id": "D"})).status == 404

    asyncio.run(story())


def test_members_get_a_pass(tmp_path: Path) -> None:
    """All three forms give a token that names the room and the member as the proposal says, for a short time."""

    async def story() -> None:
        async with open_house(tmp_path, CONFIG + RTC) as house:
            camille = await Hall(house).enter("camille")
            room_id, me = await camille.create_room(), camille.user_id
            one = await house.ask("POST", TOKEN, seat(room_id), camille.token)
            member = {"id": "m1", "claimed_device_id": "D1", "claimed_user_id": me}
            body = seat(room_id, member=member, openid_token=await openid(camille))
            two = await house.ask("POST", "/livekit/jwt/get_token", body)
            old = {"room": room_id, "device_id": "D1", "openid_token": await openid(camille)}
            three = await house.ask("POST", "/livekit/jwt/sfu/get", old)
            assert two["url"] == three["url"] == "wss://appels.example.fr"
            now_s = house.clock.now // 1000
            for answer, identity in ((one, digest(f'["{me}","D1","m1"]')), (two, None), (three, f"{me}:D1")):
                claims = read_pass(answer["jwt"])
                assert claims["iss"] == "cle"
                assert claims["sub"] == (identity or digest(f'["{me}","D1","m1"]'))
                assert claims["exp"] == now_s + limits.RTC_PASS_S
                assert claims["nbf"] <= now_s
                assert claims["video"] == {
                    "room": digest(f'["{room_id}","m.call#ROOM"]'),
                    "roomJoin": True,
                    "roomCreate": False,
                    "canPublish": True,
                    "canPublishData": True,
                    "canSubscribe": True,
                    "canUpdateOwnMetadata": False,
                }

    asyncio.run(story())


def test_nobody_else_gets_one(tmp_path: Path) -> None:
    """Not who is not in the room, shows a token that is not theirs, names another server, or is nobody."""

    async def story() -> None:
        async with open_house(tmp_path, CONFIG + RTC) as house:
            hall = Hall(house)
            camille, zoe = await hall.enter("camille"), await hall.enter("zoe")
            room_id = await camille.create_room(invite=[zoe.user_id])
            mine, hers = await openid(camille), await openid(zoe)
            claimed = {"id": "m1", "claimed_device_id": "D1", "claimed_user_id": zoe.user_id}

            async def refused(path: str, body: object, status: int, errcode: str, token: str | None = None) -> None:
                reply: Reply = await house.call("POST", path, body, token)
                assert (reply.status, reply.body["errcode"]) == (status, errcode), (path, body, reply)

            await refused(TOKEN, seat(room_id), 403, "M_FORBIDDEN", zoe.token)
            await refused(TOKEN, seat("!unknown"), 403, "M_FORBIDDEN", zoe.token)
            await refused(TOKEN, seat(room_id, url="wss://ailleurs.example"), 400, "M_INVALID_PARAM", camille.token)
            await refused(TOKEN, seat(room_id, server_name="far.example"), 400, "M_INVALID_PARAM", camille.token)
            await refused(TOKEN, seat(room_id), 401, "M_MISSING_TOKEN")
            await refused(TOKEN, {}, 400, "M_MISSING_PARAM", camille.token)
            by_openid = "/livekit/jwt/get_token"
            await refused(by_openid, seat(room_id, member=claimed, openid_token=hers), 403, "M_FORBIDDEN")
            await refused(by_openid, seat(room_id, member=claimed, openid_token=mine), 401, "M_UNAUTHORIZED")
            old = {"room": room_id, "device_id": "D1", "openid_token": mine}
            path = "/livekit/jwt/sfu/get"
            await refused(path, {**old, "openid_token": {**mine, "access_token": "x"}}, 401, "M_UNAUTHORIZED")
            far = {**mine, "matrix_server_name": "far.example"}
            await refused(path, {**old, "openid_token": far}, 401, "M_UNAUTHORIZED")
            await refused(path, {**old, "delay_id": "d"}, 400, "M_BAD_JSON")
            await refused(path, {"room": room_id}, 400, "M_MISSING_PARAM")
            house.clock.move(limits.OPENID_TOKEN_S + 1)
            await refused(path, old, 401, "M_UNAUTHORIZED")

    asyncio.run(story())


def test_a_half_configured_server_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address without key and secret is refused; the secret may come from the environment."""
    file = tmp_path / "server.toml"
    file.write_text('[rtc]\nlivekit_url = "wss://appels.example.fr"\napi_key = "cle"\n', encoding="utf-8")
    with pytest.raises(ConfigError):
        load_settings(file)
    monkeypatch.setenv("TCHAP_RTC_API_SECRET", SECRET)
    assert load_settings(file).rtc.is_ready
