"""Externals who become agents, whose accounts open again, whose addresses change; and agents they once were guests of."""

import asyncio
from pathlib import Path

from tchap.base.errors import MatrixError
from tests.api.test_externals import GUESTS, JEAN, ZOE, check_expired, follow, invite, open_room, welcome
from tests.support.accounts import V3, person
from tests.support.administrations import open_office
from tests.support.house import open_house
from tests.support.terms import DAY_S, mails_to

NINA = "nina.roux@nouvelle.example.fr"
USERS = "/_tchap/admin/v1/users"
SEND_MAIL = "/_synapse/client/email_account_validity/send_mail"
TERMS = "[validity]\nenabled = true\n"


def test_nobody_ends_an_agent_they_once_vouched_for(tmp_path: Path) -> None:
    """The address was a guest's when it was invited, and is an agent's since: the stay that ends is nobody's, and the
    agent renews the account as agents do."""

    async def story() -> None:
        async with open_house(tmp_path, TERMS) as house:
            office, jean = await open_office(house), await person(house, JEAN)
            await invite(house, jean, await open_room(house, jean), NINA)
            await office.open("Agence nouvelle", "nouvelle.example.fr")
            nina = await person(house, NINA)
            await house.ask("DELETE", f"{GUESTS}/{NINA}", None, jean.token)
            await house.ask("GET", f"{V3}/account/whoami", None, nina.token)
            assert (await house.call("POST", SEND_MAIL, {}, nina.token)).status == 200

    asyncio.run(story())
