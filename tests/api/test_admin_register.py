"""Accounts made with the shared secret of the test profile."""

import asyncio
import hashlib
import hmac
from pathlib import Path
from typing import Any

from tests.support.accounts import V3, sign_in
from tests.support.house import PASSWORD, House, open_house

PATH = "/_synapse/admin/v1/register"
TEST = 'profile = "test"\n[[instances]]\nname = "test.example.fr"\n[test]\nshared_secret = "complement"\n'


async def signed(house: House, username: str, secret: str = "complement", admin: bool = False) -> dict[str, Any]:
    nonce = (await house.ask("GET", PATH))["nonce"]
    words = (nonce, username, PASSWORD, "admin" if admin else "notadmin")
    mac = hmac.new(secret.encode(), b"\0".join(word.encode() for word in words), hashlib.sha1).hexdigest()
    return {"nonce": nonce, "username": username, "password": PASSWORD, "admin": admin, "mac": mac}


def test_the_shared_secret_makes_accounts(tmp_path: Path) -> None:
    """A lawful MAC opens an account, also an administrator's; a wrong one or an old nonce is refused."""

    async def story() -> None:
        async with open_house(tmp_path, TEST) as house:
            alice = await house.ask("POST", PATH, await signed(house, "alice", admin=True))
            assert alice["user_id"] == "@alice:test.example.fr"
            assert (await sign_in(house, "alice")).user_id == alice["user_id"]
            name = {"displayname": "Alice"}
            await house.ask("PUT", f"{V3}/profile/{alice['user_id']}/displayname", name, alice["access_token"])
            assert (await house.call("POST", PATH, await signed(house, "bob", "wrong"))).status == 403
            late = await signed(house, "carol")
            house.clock.move(61)
            assert (await house.call("POST", PATH, late)).status == 400

    asyncio.run(story())


def test_the_shared_secret_does_not_exist_elsewhere(tmp_path: Path) -> None:
    """Outside the test profile the address is unknown."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            assert (await house.call("GET", PATH)).status == 404

    asyncio.run(story())
