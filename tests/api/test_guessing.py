"""What an attacker tries on accounts: guessing passwords and codes, learning who has an account."""

import asyncio
from pathlib import Path
from typing import Any

from tests.support.accounts import V3, password_login, person
from tests.support.house import open_house

JEAN = "jean.martin@prefecture.example.fr"


def login_by_email(address: str) -> dict[str, Any]:
    identifier = {"type": "m.id.thirdparty", "medium": "email", "address": address}
    return {"type": "m.login.password", "identifier": identifier, "password": "Faux-mot-de-passe-1"}


def test_guesses_made_at_once_are_counted(tmp_path: Path) -> None:
    """Ten wrong passwords sent together get no further than three."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            wrong = password_login(jean.user_id, password="Faux-mot-de-passe-1")
            replies = await asyncio.gather(*(house.call("POST", f"{V3}/login", wrong) for _ in range(10)))
            assert sorted(reply.status for reply in replies) == [403] * 3 + [429] * 7

    asyncio.run(story())


def test_signing_in_does_not_tell_who_has_an_account(tmp_path: Path) -> None:
    """Wrong passwords for several addresses are answered alike, whether the address has an account or not."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            await person(house, JEAN)
            unknown = [f"paul.{name}@prefecture.example.fr" for name in ("roux", "blanc", "noir", "gris")]
            statuses = [
                (await house.call("POST", f"{V3}/login", login_by_email(each))).status for each in [*unknown, JEAN]
            ]
            assert statuses == [403] * 5
            again = [(await house.call("POST", f"{V3}/login", login_by_email(unknown[0]))).status for _ in range(3)]
            assert again == [403, 403, 429]

    asyncio.run(story())


def test_few_codes_are_sent_to_an_address(tmp_path: Path) -> None:
    """In a day an address gets so few codes that trying five of each guesses none."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            await person(house, JEAN)
            sent = 0
            for attempt in range(24 * 12):
                house.clock.move(300)
                wish = {"client_secret": f"s{attempt}", "email": JEAN, "send_attempt": 1}
                reply = await house.call("POST", f"{V3}/account/password/email/requestToken", wish)
                sent += reply.status == 200
            # Five tries of each against a million codes: about one chance in a thousand.
            assert sent <= 160

    asyncio.run(story())
