"""Desks where administrations ask to join: a house whose name server and list of domains are the test's."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tchap.services.admins import name_admin_from_console
from tchap.services.domain_import import import_domains
from tests.support.accounts import Person, person, read_code
from tests.support.dns_server import DnsServer, run_dns_server
from tests.support.house import House, Reply, open_house

API = "/_tchap/v1/domain_requests"
ADMIN = "/_tchap/admin/v1/domain_requests"
KNOWN = "valmont-sur-eure.example"
MAIRE = f"maire@{KNOWN}"
OPERATOR = "camille.durand@prefecture.example.fr"
AUTHORITY = "dsi@departement.example"
SECRET = "un-secret"
FREE = "[rate_limits]\nenabled = false"
DESCRIPTION = {
    "name": "Mairie de Valmont-sur-Eure",
    "kind": "local_authority",
    "siren": "732829320",
    "headcount": 12,
    "accept_terms": True,
}


@dataclass(slots=True)
class Desk:
    """A house whose name server and list of domains are the test's."""

    house: House
    dns: DnsServer

    async def ask_code(self, email: str, attempt: int = 1) -> Reply:
        wish = {"email": email, "client_secret": SECRET, "send_attempt": attempt}
        return await self.house.call("POST", f"{API}/code", wish)

    async def begin(self, email: str, attempt: int = 1) -> "Asking":
        """A request whose mailbox is proven."""
        asked = await self.ask_code(email, attempt)
        assert asked.status == 200, asked
        proof = {"sid": asked.body["sid"], "client_secret": SECRET, "code": await read_code(self.house, email)}
        body = await self.house.ask("POST", API, proof)
        return Asking(self, body["request_id"], body["token"])

    async def describe(self, email: str, **more: object) -> "Asking":
        """A request whose domain is to be proven."""
        asking = await self.begin(email)
        await asking.ask("PUT", "", DESCRIPTION | more)
        return asking

    async def mails(self, to: str) -> list[dict[str, Any]]:
        return list(await self.house.ask("GET", f"/_tchap/mailbox.json?to={to}"))

    async def operator(self) -> Person:
        operator = await person(self.house, OPERATOR)
        await name_admin_from_console(self.house.world.store, operator.user_id, True, 1)
        return operator


@dataclass(slots=True)
class Asking:
    """A request, in the hands of who began it."""

    desk: Desk
    request_id: str
    token: str

    async def call(self, method: str, path: str = "", body: object = None) -> Reply:
        return await self.desk.house.call(method, f"{API}/{self.request_id}{path}", body, self.token)

    async def ask(self, method: str, path: str = "", body: object = None) -> dict[str, Any]:
        reply = await self.call(method, path, body)
        assert reply.status == 200, reply
        return dict(reply.body)

    async def publish(self, name: str | None = None) -> None:
        """The record that was asked for, in the DNS."""
        shown = await self.ask("GET")
        self.desk.dns.set_text(name or shown["dns"]["names"][0], "autre=chose", shown["dns"]["text"])


@contextlib.asynccontextmanager
async def open_desk(folder: Path, config: str = "", known: str = KNOWN) -> AsyncIterator[Desk]:
    with run_dns_server() as dns:
        text = f"""
{config}
[onboarding]
dns_servers = ["{dns.address}"]
dns_timeout_s = 2.0
deciders_email = "guichet@tchap.example.fr"
[[onboarding.authorities]]
name = "DSI du département"
email = "{AUTHORITY}"
domains = ["*.departement.example"]
"""
        async with open_house(folder, text) as house:
            await import_domains(house.world.store, known, "essai", 1, replaces=False)
            yield Desk(house, dns)


def run(folder: Path, story: Callable[[Desk], Awaitable[None]], config: str = FREE, known: str = KNOWN) -> None:
    """Tells a story at a desk."""

    async def tell() -> None:
        async with open_desk(folder, config, known) as desk:
            await story(desk)

    asyncio.run(tell())


def wish_of(email: str) -> dict[str, object]:
    """What asks for a code."""
    return {"email": email, "client_secret": SECRET, "send_attempt": 1}
