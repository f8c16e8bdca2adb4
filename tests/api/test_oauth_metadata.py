"""Finding the OAuth 2.0 API."""

import asyncio
from pathlib import Path

from tests.support.house import open_house

PATHS = (
    "/_matrix/client/v1/auth_metadata",
    "/_matrix/client/unstable/org.matrix.msc2965/auth_metadata",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
)
TWO_NAMES = """
public_url = "https://tchap.example.fr"
[[instances]]
name = "agent.a.example.fr"
delegated_host = "matrix-a.example.fr"
[[instances]]
name = "agent.b.example.fr"
"""


def test_the_oauth_api_is_found_by_every_road(tmp_path: Path) -> None:
    """Each address tells the same issuer and endpoints, may be cached and read by any web page."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            for path in PATHS:
                reply = await house.call("GET", path)
                assert reply.status == 200
                assert reply.headers["access-control-allow-origin"] == "*"
                assert "max-age" in reply.headers["cache-control"]
                told = reply.body
                assert told["issuer"] == "http://127.0.0.1:8008/"
                assert told["authorization_endpoint"] == "http://127.0.0.1:8008/oauth2/authorize"
                assert told["code_challenge_methods_supported"] == ["S256"]
                assert told["response_types_supported"] == ["code"]
                assert told["response_modes_supported"] == ["query", "fragment"]
                assert {"authorization_code", "refresh_token"} <= set(told["grant_types_supported"])
                assert told["prompt_values_supported"] == ["create"]
                assert "org.matrix.cross_signing_reset" in told["account_management_actions_supported"]
            stable = (await house.call("GET", "/_matrix/client/v1/auth_metadata")).body
            assert "org.matrix.session_end" not in stable["account_management_actions_supported"]
            # Every endpoint told is one that answers.
            for name in ("token", "registration", "revocation", "device_authorization"):
                path = stable[f"{name}_endpoint"].removeprefix("http://127.0.0.1:8008")
                assert (await house.call("POST", path, {})).status == 400, path

    asyncio.run(story())


def test_each_instance_is_an_issuer(tmp_path: Path) -> None:
    """The Host that names an instance is the issuer; any other means the public address; well-known says the same."""

    async def story() -> None:
        async with open_house(tmp_path, TWO_NAMES) as house:
            for host, issuer in (
                ("matrix-a.example.fr", "https://matrix-a.example.fr/"),
                ("agent.b.example.fr", "https://agent.b.example.fr/"),
                ("evil.example", "https://tchap.example.fr/"),
            ):
                told = await house.ask("GET", "/_matrix/client/v1/auth_metadata", host=host)
                assert told["issuer"] == issuer
                assert told["account_management_uri"] == f"{issuer}account"
            known = await house.ask("GET", "/.well-known/matrix/client", host="agent.a.example.fr")
            older = known["org.matrix.msc2965.authentication"]
            assert older == {
                "issuer": "https://matrix-a.example.fr/",
                "account": "https://matrix-a.example.fr/account",
            }
            assert known["m.homeserver"]["base_url"] == "https://matrix-a.example.fr"

    asyncio.run(story())
