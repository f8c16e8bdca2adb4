"""Accounts follow what is done to their domains: moved, renamed, under a new label."""

import asyncio
from pathlib import Path

import pytest

from tchap.base import limits
from tchap.services.accounts import authenticate
from tchap.services.administration_walks import walk_some
from tchap.services.registration import NewAccount, add_whole_account
from tchap.storage import accounts
from tests.support.accounts import person, sign_in
from tests.support.administrations import (
    BASE,
    BASILE,
    CALM,
    HOSPITALS,
    PREFECTURES,
    ZOE,
    Office,
    name_of,
    open_mairie,
    walk_all,
)
from tests.support.house import open_house
from tests.support.paths import quote

V3 = "/_matrix/client/v3"


def test_a_new_label_is_shown_beside_every_name(tmp_path: Path) -> None:
    """In profiles, in rooms and in the directory; who gives the label need not be an operator."""

    async def story() -> None:
        async with open_mairie(tmp_path) as (house, office, mairie):
            await house.ask("POST", f"{BASE}/{mairie}/delegates", {"email": ZOE}, office.operator.token)
            zoe, basile = await person(house, ZOE), await person(house, BASILE)
            room = (await house.ask("POST", f"{V3}/createRoom", {"name": "Eau"}, basile.token))["room_id"]
            await house.ask("PUT", f"{BASE}/{mairie}", {"label": "Ville de Valmont", "headcount": 40}, zoe.token)
            await walk_all(house)
            assert await name_of(house, basile, zoe) == "Basile Roux [Ville de Valmont]"
            state = f"{V3}/rooms/{quote(room)}/state/m.room.member/{quote(basile.user_id)}"
            member = await house.ask("GET", state, None, basile.token)
            assert member["displayname"] == "Basile Roux [Ville de Valmont]"
            search = f"{V3}/user_directory/search"
            found = await house.ask("POST", search, {"search_term": "basile ville"}, zoe.token)
            assert [each["user_id"] for each in found["results"]] == [basile.user_id]
            shown = await office.show(mairie)
            assert (shown["headcount"], shown["under_way"]) == (40, [])
            for fields in ({"name": "Autre"}, {"instance": HOSPITALS}, {"siren": "130025265"}, {"parent_id": "x"}):
                assert (await house.call("PUT", f"{BASE}/{mairie}", fields, zoe.token)).status == 403

    asyncio.run(story())


def test_a_domain_moves_with_its_agents(tmp_path: Path) -> None:
    """Same user id, rooms and sessions; another administration, label and delegates; who looked after the old one and
    moves away looks after it no more."""

    async def story() -> None:
        async with open_mairie(tmp_path) as (house, office, mairie):
            metropole = await office.open("Métropole", "metropole.example.fr", label="Métropole", instance=HOSPITALS)
            await house.ask("POST", f"{BASE}/{mairie}/delegates", {"email": ZOE}, office.operator.token)
            zoe, basile = await person(house, ZOE), await person(house, BASILE)
            room = (await house.ask("POST", f"{V3}/createRoom", {"name": "Eau"}, basile.token))["room_id"]
            path = f"{BASE}/{mairie}/domains/mairie.example.fr/move"
            assert (await house.call("POST", path, {"to": metropole}, office.operator.token)).status == 401
            assert (await office.confirmed(office.operator, path, to=metropole)).body["administration_id"] == metropole
            await walk_all(house)
            requester = await authenticate(house.world, basile.token)
            assert (requester.administration_id, requester.user_id) == (metropole, basile.user_id)
            state = f"{V3}/rooms/{quote(room)}/state/m.room.member/{quote(basile.user_id)}"
            assert (await house.ask("GET", state, None, basile.token))["displayname"] == "Basile Roux [Métropole]"
            assert (await office.show(mairie))["people"] == 0
            assert (await office.show(metropole))["people"] == 2
            assert (await house.call("GET", f"{BASE}/{mairie}", None, zoe.token)).status == 403
            assert (await office.show(mairie))["delegates"] == []
            assert "autre administration" in (await office.mails(BASILE))[-1]["text"]
            # Who opens an account from now on is of the new administration, and of its instance.
            late = await person(house, "lea.blanc@mairie.example.fr")
            assert late.user_id.endswith(HOSPITALS)

    asyncio.run(story())


def test_a_narrower_domain_takes_its_agents_along(tmp_path: Path) -> None:
    """Agents found by a wildcard follow the exact domain once somebody has it, and nobody else does."""

    async def story() -> None:
        async with open_mairie(tmp_path) as (house, office, mairie):
            await house.ask(
                "POST", f"{BASE}/{mairie}/domains", {"domain": "*.valmont.example.fr"}, office.operator.token
            )
            port = await person(house, "a.b@port.valmont.example.fr")
            fire = await person(house, "c.d@feu.valmont.example.fr")
            new = await office.open("Port de Valmont", "port.valmont.example.fr", label="Port")
            await walk_all(house)
            assert (await authenticate(house.world, port.token)).administration_id == new
            assert (await authenticate(house.world, fire.token)).administration_id == mairie
            assert await name_of(house, port, fire) == "A B [Port]"

    asyncio.run(story())


def test_a_domain_renamed_to_a_narrower_one_takes_its_agents_along(tmp_path: Path) -> None:
    """Agents whom the wildcard of somebody else gave away are, like newcomers, those of the domain's new owner."""

    async def story() -> None:
        async with open_mairie(tmp_path) as (house, office, mairie):
            port = await office.open("Ports", "*.ports.example.fr", label="Ports")
            docker = await person(house, "a.b@valmont.ports.example.fr")
            path = f"{BASE}/{mairie}/domains/mairie.example.fr/rename"
            assert (await office.confirmed(office.operator, path, to="valmont.ports.example.fr")).status == 200
            await walk_all(house)
            assert (await authenticate(house.world, docker.token)).administration_id == mairie
            assert (await office.show(port))["people"] == 0

    asyncio.run(story())


def test_who_registers_while_the_domain_moves_is_its_new_owners(tmp_path: Path) -> None:
    """The walk that moves the agents may have passed already: the account is placed when it is written down."""

    async def story() -> None:
        async with open_mairie(tmp_path) as (house, office, mairie):
            metropole = await office.open("Métropole", "metropole.example.fr")
            planned = NewAccount(PREFECTURES, "zoe", True, None, ZOE, "Zoé", 1, None, administration_id=mairie)
            path = f"{BASE}/{mairie}/domains/mairie.example.fr/move"
            assert (await office.confirmed(office.operator, path, to=metropole)).status == 200
            await walk_all(house)
            user_id = await house.world.store.write(add_whole_account, planned, None)
            account = await house.world.store.read(accounts.find_account, user_id)
            assert account is not None
            assert account.administration_id == metropole

    asyncio.run(story())


def test_a_renamed_domain_takes_people_as_it_did(tmp_path: Path) -> None:
    """Suspended under one name, suspended under the next; and a name taken back takes people again."""

    async def story() -> None:
        async with open_mairie(tmp_path) as (house, office, mairie):
            domains, token = f"{BASE}/{mairie}/domains", office.operator.token
            await house.ask("PUT", f"{domains}/mairie.example.fr", {"status": "suspended"}, token)
            renamed = await office.confirmed(
                office.operator, f"{domains}/mairie.example.fr/rename", to="ville.example.fr"
            )
            assert renamed.body["status"] == "suspended"
            await house.ask("PUT", f"{domains}/ville.example.fr", {"status": "active"}, token)
            renamed = await office.confirmed(
                office.operator, f"{domains}/ville.example.fr/rename", to="mairie.example.fr"
            )
            assert renamed.body["status"] == "active"
            await person(house, BASILE)

    asyncio.run(story())


def test_a_renamed_domain_renames_its_addresses(tmp_path: Path) -> None:
    """`x@old` becomes `x@new` at once: one signs in with it, keeps id and rooms, and is told; the old name is free."""

    async def story() -> None:
        async with open_mairie(tmp_path) as (house, office, mairie):
            await house.ask("POST", f"{BASE}/{mairie}/delegates", {"email": ZOE}, office.operator.token)
            zoe, basile = await person(house, ZOE), await person(house, BASILE)
            path = f"{BASE}/{mairie}/domains/mairie.example.fr/rename"
            assert (await house.call("POST", path, {"to": "ville.example.fr"}, zoe.token)).status == 403
            pusher = {
                "app_id": "m.email",
                "kind": "email",
                "pushkey": BASILE,
                "lang": "fr",
                "data": {},
                "app_display_name": "Courriel",
                "device_display_name": BASILE,
            }
            await house.ask("POST", f"{V3}/pushers/set", pusher, basile.token)
            renamed = await office.confirmed(office.operator, path, to="ville.example.fr")
            assert renamed.body["domain"] == "ville.example.fr"
            identifier = {"type": "m.id.thirdparty", "medium": "email", "address": "basile.roux@ville.example.fr"}
            again = await sign_in(house, "", identifier=identifier)
            assert again.user_id == basile.user_id
            await walk_all(house)
            (mail,) = await office.mails("basile.roux@ville.example.fr")
            assert BASILE in mail["text"]
            shown = await office.show(mairie, zoe)
            assert [each["email"] for each in shown["delegates"]] == ["zoe.petit@ville.example.fr"]
            assert {each["domain"]: each["status"] for each in shown["domains"]} == {
                "mairie.example.fr": "closed",
                "ville.example.fr": "active",
            }
            kept = await house.ask("GET", f"{V3}/pushers", None, basile.token)
            assert [each["pushkey"] for each in kept["pushers"]] == ["basile.roux@ville.example.fr"]
            other = await office.open("Autre mairie", "mairie.example.fr")
            assert (await office.show(other))["domains"][0]["status"] == "active"

    asyncio.run(story())


def test_a_new_name_that_is_somebodys_is_refused(tmp_path: Path) -> None:
    """An address that has an account under both names, a domain of another administration, and wildcards."""

    async def story() -> None:
        async with open_mairie(tmp_path) as (house, office, mairie):
            await house.ask("POST", f"{BASE}/{mairie}/domains", {"domain": "ville.example.fr"}, office.operator.token)
            old, new = await person(house, BASILE), await person(house, "basile.roux@ville.example.fr")
            assert old.user_id != new.user_id
            path = f"{BASE}/{mairie}/domains/mairie.example.fr/rename"
            refused = await office.confirmed(office.operator, path, to="ville.example.fr")
            assert (refused.status, refused.body["errcode"]) == (400, "M_THREEPID_IN_USE")
            assert "basile.roux@ville.example.fr" in refused.body["error"]
            for to in ("hopital.example.fr", "*.ville.example.fr", "mairie.example.fr", "pas un domaine"):
                refused = await office.confirmed(office.operator, path, to=to)
                assert (refused.status, refused.body["errcode"]) == (400, "M_INVALID_PARAM"), to
            assert (await sign_in(house, old.user_id)).user_id == old.user_id

    asyncio.run(story())


def test_a_walk_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restart in the middle writes to nobody twice and forgets nobody."""
    monkeypatch.setattr(limits, "WALK_BATCH", 2)
    addresses = [f"agent.{letter}@mairie.example.fr" for letter in "abcde"]

    async def begin() -> str:
        async with open_mairie(tmp_path) as (house, office, mairie):
            for address in addresses:
                await person(house, address)
            path = f"{BASE}/{mairie}/domains/mairie.example.fr/rename"
            await office.confirmed(office.operator, path, to="ville.example.fr")
            assert await walk_some(house.world)
            return mairie

    async def go_on(mairie: str) -> None:
        async with open_house(tmp_path, CALM) as house:
            office = Office(house, await sign_in(house, "camille.durand@prefecture.example.fr".replace("@", "-")))
            assert [each["done"] for each in (await office.show(mairie))["under_way"]] == [2]
            await walk_all(house)
            for address in addresses:
                (mail,) = await office.mails(address.replace("mairie", "ville"))
                assert address in mail["text"]

    asyncio.run(go_on(asyncio.run(begin())))
