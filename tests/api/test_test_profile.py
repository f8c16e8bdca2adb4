"""The test profile: a plain Matrix server that public black-box suites can drive."""

import asyncio
import ssl
from pathlib import Path
from urllib.parse import quote

import pytest

from tchap.base.config import ConfigError
from tchap.base.config_file import parse_settings
from tests.support.appservice import AS_TOKEN, open_bridge, write_registration
from tests.support.certificates import make_certificate
from tests.support.house import open_house

V3 = "/_matrix/client/v3"
TEST = 'profile = "test"\n[[instances]]\nname = "test.example.fr"\n'


def test_the_profile_must_be_named() -> None:
    """Its settings are refused without it; by itself it makes passwords cheap, unless the file says otherwise."""
    with pytest.raises(ConfigError, match="profile"):
        parse_settings("[test]\nshared_secret = 's'")
    assert not parse_settings("").test_profile
    cheap = parse_settings(TEST)
    assert cheap.password.hash_memory_kib < parse_settings("").password.hash_memory_kib
    assert parse_settings(f"{TEST}[password]\nhash_memory_kib = 8192").password.hash_memory_kib == 8192
    assert cheap.outbound_networks
    assert not parse_settings("").outbound_networks


def test_an_account_is_opened_in_one_request(tmp_path: Path) -> None:
    """`m.login.dummy` is enough: any free name, any password, and a display name of one's own."""

    async def story() -> None:
        async with open_house(tmp_path, TEST) as house:
            wish = {"username": "alice", "password": "a", "auth": {"type": "m.login.dummy"}}
            alice = await house.ask("POST", f"{V3}/register", wish)
            assert alice["user_id"] == "@alice:test.example.fr"
            name = f"{V3}/profile/{quote(alice['user_id'])}/displayname"
            await house.ask("PUT", name, {"displayname": "Anything [at all]"}, alice["access_token"])
            assert (await house.ask("GET", name))["displayname"] == "Anything [at all]"
            by_query = await house.call("GET", f"{V3}/account/whoami?access_token={alice['access_token']}")
            assert by_query.body["user_id"] == alice["user_id"]
            taken = await house.call("POST", f"{V3}/register", wish)
            assert (taken.status, taken.body["errcode"]) == (400, "M_USER_IN_USE")

    asyncio.run(story())


@pytest.mark.parametrize("version", ["6", "10", "11", "12"])
def test_rooms_are_plain(tmp_path: Path, version: str) -> None:
    """No forced encryption, no access rule, the specification's power levels, and the version the file names."""

    async def story() -> None:
        async with open_house(tmp_path, f'{TEST}[rooms]\ndefault_version = "{version}"\n') as house:
            wish = {"username": "alice", "password": "a", "auth": {"type": "m.login.dummy"}}
            token = (await house.ask("POST", f"{V3}/register", wish))["access_token"]
            room = (await house.ask("POST", f"{V3}/createRoom", {"preset": "private_chat"}, token))["room_id"]
            state = await house.ask("GET", f"{V3}/rooms/{quote(room)}/state", token=token)
            found = {event["type"]: event["content"] for event in state}
            assert found["m.room.create"]["room_version"] == version
            assert "m.room.encryption" not in found
            assert not [kind for kind in found if "access_rules" in kind]
            assert found["m.room.power_levels"]["invite"] == 0
            capabilities = (await house.ask("GET", f"{V3}/capabilities", token=token))["capabilities"]
            assert capabilities["m.room_versions"]["default"] == version
            rules = f"{V3}/rooms/{quote(room)}/state/m.room.join_rules"
            await house.ask("PUT", rules, {"join_rule": "public"}, token)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        ("", 502),
        ('trusted_certificates = ["{cert}"]\n', 200),
        ("verify_outbound_tls = false\n", 200),
        ('trusted_certificates = ["{cert}"]\nallow_private_outbound = false\n', 502),
    ],
)
def test_outbound_requests_go_where_the_profile_says(tmp_path: Path, extra: str, status: int) -> None:
    """Own certificate authorities, no verification, and private addresses are each a setting."""
    certificate, key = make_certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    async def story() -> None:
        with open_bridge(tls=tls) as bridge:
            config = TEST + write_registration(tmp_path, bridge.url) + extra.format(cert=certificate)
            async with open_house(tmp_path, config) as house:
                path = "/_matrix/client/v1/appservice/bridge/ping"
                assert (await house.call("POST", path, {}, AS_TOKEN)).status == status

    asyncio.run(story())
