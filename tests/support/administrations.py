"""Administrations for API tests: an operator, what they open, and the duties that follow."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tchap.services.administration_walks import walk_some
from tchap.services.admins import name_admin_from_console
from tests.support.accounts import Person, person
from tests.support.house import PASSWORD, House, Reply, open_house
from tests.support.paths import quote

BASE = "/_tchap/admin/v1/administrations"
CALM = "[rate_limits]\nenabled = false\n"
PREFECTURES = "agent.prefectures.tchap.example.fr"
HOSPITALS = "agent.hopitaux.tchap.example.fr"
V3 = "/_matrix/client/v3"
ZOE = "zoe.petit@mairie.example.fr"
BASILE = "basile.roux@mairie.example.fr"


@dataclass(frozen=True, slots=True)
class Office:
    """The house, and the operator who keeps its administrations."""

    house: House
    operator: Person

    async def open(self, name: str, *domains: str, **fields: Any) -> str:
        """The id of a new administration."""
        body = {"name": name, "instance": PREFECTURES, "domains": list(domains), **fields}
        return str((await self.house.ask("POST", BASE, body, self.operator.token))["administration_id"])

    async def show(self, administration_id: str, who: Person | None = None) -> Any:
        return await self.house.ask("GET", f"{BASE}/{administration_id}", None, (who or self.operator).token)

    async def confirmed(self, who: Person, path: str, **body: Any) -> Reply:
        """A POST that asks for the password, which is given."""
        first = await self.house.call("POST", path, body, who.token)
        if first.status != 401:
            return first
        auth = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": who.user_id},
            "password": PASSWORD,
            "session": first.body["session"],
        }
        return await self.house.call("POST", path, {**body, "auth": auth}, who.token)

    async def mails(self, address: str) -> list[dict[str, Any]]:
        """The mails this address received, the oldest first."""
        found: list[dict[str, Any]] = await self.house.ask("GET", f"/_tchap/mailbox.json?to={quote(address)}")
        return found


async def open_office(house: House) -> Office:
    """An agent of the embedded configuration's first administration runs the service."""
    operator = await person(house, "camille.durand@prefecture.example.fr")
    await name_admin_from_console(house.world.store, operator.user_id, True, 1)
    house.world.live.tokens.forget_user(operator.user_id)
    return Office(house, operator)


async def walk_all(house: House) -> int:
    """Runs the duty until nothing is due; how many steps that took."""
    steps = 0
    while await walk_some(house.world):
        steps += 1
    return steps


@contextlib.asynccontextmanager
async def open_mairie(folder: Path) -> AsyncIterator[tuple[House, Office, str]]:
    """A town hall, opened by an operator for ZOE and BASILE to come."""
    async with open_house(folder, CALM) as house:
        office = await open_office(house)
        yield house, office, await office.open("Mairie de Valmont", "mairie.example.fr", label="Valmont")


async def name_of(house: House, who: Person, reader: Person) -> str:
    found = await house.ask("GET", f"{V3}/profile/{quote(who.user_id)}", None, reader.token)
    return str(found["displayname"])


async def register_status(house: House, email: str) -> tuple[int, str]:
    body = {"client_secret": "secret", "email": email, "send_attempt": 1}
    reply = await house.call("POST", f"{V3}/register/email/requestToken", body)
    return reply.status, reply.body.get("errcode", "")
