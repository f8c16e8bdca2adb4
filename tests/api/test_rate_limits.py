"""Rate limits: on by default, per person and per address, off where they are switched off."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tchap.base.config_file import parse_settings
from tests.support.accounts import V3, person
from tests.support.house import House, Reply, open_house

TEST = 'profile = "test"\n[[instances]]\nname = "test.example.fr"\n'
MANY = 80


def check_limited(replies: list[Reply]) -> None:
    """Some passed, then one was refused in the words of the specification ("Rate limiting")."""
    refused = next(reply for reply in replies if reply.status == 429)
    assert replies[0].status != 429
    assert refused.body["errcode"] == "M_LIMIT_EXCEEDED"
    assert refused.body["retry_after_ms"] > 0
    assert int(refused.headers["Retry-After"]) * 1000 >= refused.body["retry_after_ms"]


async def flood(house: House, room: str, token: str, name: str) -> list[Reply]:
    path = f"{V3}/rooms/{quote(room)}/send/m.room.encrypted/"
    content = {"algorithm": "m.megolm.v1.aes-sha2"}
    return [await house.call("PUT", f"{path}{name}-{number}", content, token) for number in range(MANY)]


def test_a_flood_of_messages_is_slowed(tmp_path: Path) -> None:
    """Per person: another one may speak meanwhile, and the flooder again after the wait told."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            alice = await person(house, "alice.durand@prefecture.example.fr")
            basile = await person(house, "basile.roy@prefecture.example.fr")
            room = (await house.ask("POST", f"{V3}/createRoom", {"invite": [basile.user_id]}, alice.token))["room_id"]
            await house.ask("POST", f"{V3}/rooms/{quote(room)}/join", {}, basile.token)
            replies = await flood(house, room, alice.token, "a")
            check_limited(replies)
            assert (await flood(house, room, basile.token, "b"))[0].status == 200
            house.clock.move(replies[-1].body["retry_after_ms"] / 1000)
            assert (await flood(house, room, alice.token, "c"))[0].status == 200

    asyncio.run(story())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{V3}/login", {"type": "m.login.token", "token": "x"}),
        (f"{V3}/register", {}),
        (f"{V3}/register/email/requestToken", {"email": "a@b.fr", "client_secret": "s", "send_attempt": 1}),
    ],
)
def test_a_flood_from_an_address_is_slowed(tmp_path: Path, path: str, body: dict[str, object]) -> None:
    """Before anybody is known the address counts; a proxy's word on it is believed only where it is trusted."""

    async def story() -> None:
        async with open_house(tmp_path, '[http]\ntrusted_proxies = ["127.0.0.1"]\n') as house:
            one = {"X_Forwarded_For": "192.0.2.1"}
            check_limited([await house.call("POST", path, body, **one) for _ in range(MANY)])
            other = {"X_Forwarded_For": "192.0.2.1, 192.0.2.2"}
            assert (await house.call("POST", path, body, **other)).status != 429
        async with open_house(tmp_path / "alone") as house:
            lies = [{"X_Forwarded_For": f"192.0.2.{number}"} for number in range(MANY)]
            check_limited([await house.call("POST", path, body, **lie) for lie in lies])

    asyncio.run(story())


def test_guessing_a_password_is_hopeless(tmp_path: Path) -> None:
    """Failures count per account, whatever the address they come from."""

    async def story() -> None:
        async with open_house(tmp_path, '[http]\ntrusted_proxies = ["127.0.0.1"]\n') as house:
            alice = await person(house, "alice.durand@prefecture.example.fr")
            guess = {"type": "m.login.password", "user": alice.user_id, "password": "wrong"}
            sources = [{"X_Forwarded_For": f"192.0.2.{number}"} for number in range(8)]
            check_limited([await house.call("POST", f"{V3}/login", guess, **source) for source in sources])

    asyncio.run(story())


def test_limits_can_be_switched_off(tmp_path: Path) -> None:
    """A setting turns them off, which the test profile does by itself unless the file says otherwise."""
    assert parse_settings("").rate_limits.enabled
    assert not parse_settings("[rate_limits]\nenabled = false").rate_limits.enabled
    assert not parse_settings(TEST).rate_limits.enabled
    assert parse_settings(f"{TEST}[rate_limits]\nenabled = true").rate_limits.enabled

    async def story() -> None:
        async with open_house(tmp_path, TEST) as house:
            body = {"type": "m.login.password", "user": "nobody", "password": "x"}
            replies = [await house.call("POST", f"{V3}/login", body) for _ in range(MANY)]
            assert {reply.status for reply in replies} == {403}

    asyncio.run(story())


def test_health_fails_with_the_database(tmp_path: Path) -> None:
    """Without its database the server says so with a 500, and lives on."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            await house.world.store.close()
            answer: httpx.Response = await house.http.get("/health")
            assert answer.status_code == 500
            assert (await house.call("GET", "/_matrix/client/versions")).status == 200

    asyncio.run(story())
