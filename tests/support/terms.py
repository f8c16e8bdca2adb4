"""Accounts and time: mails about terms, the links in them, and the duty that looks at terms."""

import re
from typing import Any

from tchap.base import limits
from tchap.services.admins import name_admin_from_console
from tchap.services.validity import look_at_terms
from tchap.storage import validity
from tchap.storage.validity import TermRow
from tests.support.accounts import Person, person
from tests.support.house import House

DAY_S = 24 * 3600
EXPIRED = "ORG_MATRIX_EXPIRED_ACCOUNT"
SEND = "/_synapse/client/email_account_validity/send_mail"
ADMIN = "/_synapse/client/email_account_validity/admin"
_LINK = re.compile(r"http://127\.0\.0\.1:8008(/_synapse/\S+)")


async def look(house: House) -> None:
    """The duty, until nothing is due."""
    while await look_at_terms(house.world) == limits.VALIDITY_BATCH:
        pass


async def wait_days(house: House, days: float) -> None:
    """Days pass, and the duty looks once a day."""
    whole = int(days)
    for _ in range(whole):
        house.clock.move(DAY_S)
        await look(house)
    house.clock.move((days - whole) * DAY_S)
    await look(house)


async def mails_to(house: House, email: str) -> list[dict[str, Any]]:
    """What this address received, the oldest first."""
    found: list[dict[str, Any]] = await house.ask("GET", f"/_tchap/mailbox.json?to={email}")
    return found


async def subjects(house: House, email: str) -> list[str]:
    """The French halves of the subjects about terms, the oldest first."""
    return [
        mail["subject"].partition(" / ")[0] for mail in await mails_to(house, email) if "code" not in mail["subject"]
    ]


async def link_to(house: House, email: str) -> str:
    """The path of the link in the newest mail that has one."""
    found = [_LINK.search(mail["text"]) for mail in await mails_to(house, email)]
    return [match[1] for match in found if match is not None][-1]


async def term_of(house: House, user_id: str) -> TermRow:
    row = await house.world.store.read(validity.find_term, user_id)
    assert row is not None
    return row


async def expire(house: House, who: Person, admin: Person) -> None:
    """An administrator ends the account's term this moment."""
    body = {"user_id": who.user_id, "expiration_ts": house.clock.now}
    await house.ask("POST", ADMIN, body, admin.token)


async def open_admin(house: House, email: str = "admin@prefecture.example.fr") -> Person:
    admin = await person(house, email)
    await name_admin_from_console(house.world.store, admin.user_id, True, house.clock.now)
    house.world.live.tokens.forget_user(admin.user_id)
    return admin
