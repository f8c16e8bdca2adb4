"""Registration through the API."""

import asyncio
from pathlib import Path

from tests.support.accounts import V3, register
from tests.support.house import open_house

JEAN = "Jean.Martin@prefecture.example.fr"


def test_an_agent_registers_by_email(tmp_path: Path) -> None:
    """The address that received the code gives the instance, the id and the name."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            body = await register(house, JEAN, initial_device_display_name="Poste", username="president")
            user_id = "@jean.martin-prefecture.example.fr:agent.prefectures.tchap.example.fr"
            assert body["user_id"] == user_id
            token = body["access_token"]
            who = await house.ask("GET", f"{V3}/account/whoami", token=token)
            assert who == {"user_id": user_id, "device_id": body["device_id"], "is_guest": False}
            profile = await house.ask("GET", f"{V3}/profile/{user_id}", token=token)
            assert profile == {"displayname": "Jean Martin [Préfecture du Val-Clair]"}
            devices = await house.ask("GET", f"{V3}/devices", token=token)
            assert [d["display_name"] for d in devices["devices"]] == ["Poste"]
            threepids = await house.ask("GET", f"{V3}/account/3pid", token=token)
            assert [t["address"] for t in threepids["threepids"]] == [JEAN.lower()]

    asyncio.run(story())
