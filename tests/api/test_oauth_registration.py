"""Applications that register themselves."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tchap.base import limits
from tchap.services.oauth_clients import sweep
from tchap.storage import oauth
from tests.support.accounts import person
from tests.support.house import open_house
from tests.support.oauth import NATIVE, register_app

JEAN = "jean.martin@prefecture.example.fr"
WEB = {"client_uri": "https://example.com/", "redirect_uris": ["https://app.example.com/callback"]}


def test_an_application_registers_once(tmp_path: Path) -> None:
    """The same metadata have the same id on every phone; what is unknown here is left out of the answer."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            body = {
                **NATIVE,
                "client_name#fr": "Messagerie",
                "client_name#de": "Nachrichten",
                "tos_uri": "https://messages.example/tos",
                "grant_types": [
                    "authorization_code",
                    "refresh_token",
                    "urn:ietf:params:oauth:grant-type:token-exchange",
                ],
                "something": ["else"],
            }
            first = await house.call("POST", "/oauth2/register", body)
            assert first.status == 201
            assert first.headers["cache-control"] == "no-store"
            again = await house.call("POST", "/oauth2/register", dict(reversed(body.items())))
            assert again.body == first.body
            assert first.body["grant_types"] == ["authorization_code", "refresh_token"]
            assert first.body["client_name#fr"] == "Messagerie"
            assert not {"client_name#de", "something"} & set(first.body)
            assert first.body["token_endpoint_auth_method"] == "none"
            other = await house.call("POST", "/oauth2/register", {**body, "client_name": "Autre"})
            assert other.body["client_id"] != first.body["client_id"]
            assert await house.world.store.read(oauth.count_clients) == 2

    asyncio.run(story())


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        (
            {"redirect_uris": ["https://app.example.com/callback"] * 2 + ["https://evil.example/"]},
            "invalid_redirect_uri",
        ),
        ({"redirect_uris": "https://app.example.com/callback"}, "invalid_client_metadata"),
        ({"redirect_uris": [f"https://example.com/{number}" for number in range(21)]}, "invalid_redirect_uri"),
        ({"client_uri": "http://example.com/"}, "invalid_client_metadata"),
        ({"client_uri": "https://user@example.com/"}, "invalid_client_metadata"),
        ({"client_uri": "https://[::1"}, "invalid_client_metadata"),
        ({"client_uri": None}, "invalid_client_metadata"),
        ({"logo_uri": "https://evil.example/logo.png"}, "invalid_client_metadata"),
        ({"policy_uri": "javascript:alert(1)"}, "invalid_client_metadata"),
        ({"tos_uri#fr": "https://notexample.com/"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "invalid_client_metadata"),
        ({"application_type": "desktop"}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"grant_types": [1]}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials", "refresh_token"]}, "invalid_client_metadata"),
    ],
)
def test_metadata_that_are_not_lawful_are_refused(tmp_path: Path, change: dict[str, Any], error: str) -> None:
    """A registration is refused in the words of RFC 7591."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            reply = await house.call("POST", "/oauth2/register", WEB | change)
            assert (reply.status, reply.body["error"]) == (400, error)
            assert reply.body["error_description"]

    asyncio.run(story())


def test_a_registration_is_json(tmp_path: Path) -> None:
    """What is no JSON object is refused as RFC 7591 says, and a large body at once."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            for content in (b"", b"[]", b"{", b"client_uri=x"):
                answer = await house.http.post("/oauth2/register", content=content)
                assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
            assert (await house.http.post("/oauth2/register", content=b" " * 20_000)).status_code == 413

    asyncio.run(story())


def test_unused_applications_are_forgotten(tmp_path: Path) -> None:
    """After a month without use an application goes, unless somebody is signed in with it; it may register anew."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            used = await register_app(house)
            await register_app(house, client_name="Essai")
            tokens = await used.sign_in(jean.user_id)
            house.clock.move(limits.UNUSED_CLIENT_MS / 1000 - 1)
            await register_app(house, client_name="Neuve")
            house.clock.move(2)
            await sweep(house.world)
            assert await house.world.store.read(oauth.count_clients) == 2
            assert (await used.refresh(tokens["refresh_token"])).status == 200
            again = await register_app(house, client_name="Essai")
            assert (await again.exchange("no-code")).body["error"] == "invalid_grant"

    asyncio.run(story())


def test_the_table_of_applications_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is full those registered longest ago that nobody is signed in with give way."""
    monkeypatch.setattr(limits, "MAX_OAUTH_CLIENTS", 3)

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            used = await register_app(house)
            tokens = await used.sign_in(jean.user_id)
            for number in range(5):
                house.clock.move(1)
                await register_app(house, client_name=f"Essai {number}")
            assert await house.world.store.read(oauth.count_clients) == 3
            assert (await used.refresh(tokens["refresh_token"])).status == 200

    asyncio.run(story())
