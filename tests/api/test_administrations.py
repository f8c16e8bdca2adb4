"""Administrations kept by operators and by their delegates, and accounts that follow what is done to their domains."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tchap.base import limits
from tchap.services.accounts import authenticate
from tchap.services.administration_walks import walk_some
from tchap.services.registration import NewAccount, add_whole_account
from tchap.storage import accounts
from tests.support.accounts import Person, person, prove_email, sign_in
from tests.support.administrations import BASE, CALM, HOSPITALS, PREFECTURES, Office, open_office, walk_all
from tests.support.house import House, open_house
from tests.support.paths import quote

V3 = "/_matrix/client/v3"
DAY_S = 24 * 3600
ZOE = "zoe.petit@mairie.example.fr"
BASILE = "basile.roux@mairie.example.fr"


@contextlib.asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[tuple[House, Office, str]]:
    """A town hall of two agents' domain, opened by an operator."""
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


def test_a_delegate_named_before_having_an_account_looks_after_their_administration(tmp_path: Path) -> None:
    """Named by an address, told by mail, a delegate as soon as the account is there; each act is audited and mailed."""

    async def story() -> None:
        async with scene(tmp_path) as (house, office, mairie):
            place = f"{BASE}/{mairie}"
            named = await house.ask("POST", f"{place}/delegates", {"email": ZOE.upper()}, office.operator.token)
            assert "user_id" not in named
            subjects = [mail["subject"] for mail in await office.mails(ZOE)]
            assert any("responsable délégué" in subject for subject in subjects)
            zoe, basile = await person(house, ZOE), await person(house, BASILE)
            shown = await office.show(mairie, zoe)
            assert [each["user_id"] for each in shown["delegates"]] == [zoe.user_id]
            assert (shown["people"], shown["label"]) == (2, "Valmont")
            listed = await house.ask("GET", BASE, None, zoe.token)
            assert [each["administration_id"] for each in listed["administrations"]] == [mairie]
            assert (await house.call("GET", place, None, basile.token)).status == 403
            lock = f"/_matrix/client/v1/admin/lock/{quote(basile.user_id)}"
            await house.ask("PUT", lock, {"locked": True}, zoe.token)
            assert (await house.call("GET", f"{V3}/account/whoami", None, basile.token)).status == 401
            acts = (await house.ask("GET", f"{place}/audit", None, zoe.token))["acts"]
            assert [(each["act"], each["admin"]) for each in acts] == [
                ("lock", zoe.user_id),
                ("name_delegate", office.operator.user_id),
                ("add_domain", office.operator.user_id),
                ("create_administration", office.operator.user_id),
            ]
            assert (await house.ask("GET", "/_tchap/admin/v1/audit", None, zoe.token))["acts"] == acts
            gone = await house.call("DELETE", f"{place}/delegates/{quote(ZOE)}", None, zoe.token)
            assert gone.status == 200
            assert (await house.call("GET", place, None, zoe.token)).status == 403

    asyncio.run(story())


def test_each_act_is_told_to_the_contact_and_the_delegates(tmp_path: Path) -> None:
    """One mail an act, and one for a whole opening; neither side of a move is told of the other."""

    async def story() -> None:
        async with scene(tmp_path) as (house, office, _):
            contact, chief = "contact@ville.example.fr", "chef@ville.example.fr"
            domains = ("ville.example.fr", "*.ville.example.fr", "metro.example.fr")
            city = await office.open("Ville", *domains, contact=contact, delegates=[chief])
            other = await office.open("Métropole", contact="contact@metropole.example.fr")
            assert (len(await office.mails(contact)), len(await office.mails(chief))) == (1, 1)
            token, one = office.operator.token, f"{BASE}/{city}"
            await house.ask("PUT", one, {"label": "Ville", "headcount": 3}, token)
            await house.ask("PUT", one, {"label": "Ville"}, token)
            await office.confirmed(office.operator, f"{one}/domains/metro.example.fr/move", to=other)
            closes_ts = house.clock.now_ms() + 20 * DAY_S * 1000
            await office.confirmed(office.operator, f"{one}/domains/ville.example.fr/close", closes_ts=closes_ts)
            told = [mail["text"] for mail in await office.mails(contact)]
            assert told[1:] == [mail["text"] for mail in (await office.mails(chief))[1:]]
            for text, words in zip(
                told, ("est ouverte", "le libellé, l'effectif", "quittent", "le 4 février 2027"), strict=True
            ):
                assert words in text
                assert "« Ville »" in text
                assert "Métropole" not in text
            assert "on 4 February 2027" in told[3]
            assert "rejoignent" in (await office.mails("contact@metropole.example.fr"))[-1]["text"]

    asyncio.run(story())


def test_people_are_listed_page_by_page_or_found_by_their_address(tmp_path: Path) -> None:
    """Those of the administration alone, each once; an address of another one finds nobody."""

    async def story() -> None:
        async with scene(tmp_path) as (house, office, mairie):
            people = [await person(house, f"agent.{letter}@mairie.example.fr") for letter in "abc"]
            path, token = f"{BASE}/{mairie}/people", office.operator.token
            first = await house.ask("GET", f"{path}?limit=2", None, token)
            rest = await house.ask("GET", f"{path}?limit=2&from={quote(first['next'])}", None, token)
            assert [each["user_id"] for each in first["people"] + rest["people"]] == [each.user_id for each in people]
            assert "next" not in rest
            found = await house.ask("GET", f"{path}?email=Agent.B@mairie.example.fr", None, token)
            assert [each["user_id"] for each in found["people"]] == [people[1].user_id]
            elsewhere = await house.ask("GET", f"{path}?email=camille.durand@prefecture.example.fr", None, token)
            assert elsewhere == {"people": []}
            pages = await house.ask("GET", f"{BASE}?limit=2", None, token)
            assert [each["name"] for each in pages["administrations"]] == ["Hôpital des Tilleuls", "Mairie de Valmont"]
            assert pages["next"] == "Mairie de Valmont"
            searched = await house.ask("GET", f"{BASE}?search=valm+MAIRIE", None, token)
            assert [each["administration_id"] for each in searched["administrations"]] == [mairie]

    asyncio.run(story())


def test_a_new_label_is_shown_beside_every_name(tmp_path: Path) -> None:
    """In profiles, in rooms and in the directory; who gives the label need not be an operator."""

    async def story() -> None:
        async with scene(tmp_path) as (house, office, mairie):
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
        async with scene(tmp_path) as (house, office, mairie):
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
        async with scene(tmp_path) as (house, office, mairie):
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
        async with scene(tmp_path) as (house, office, mairie):
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
        async with scene(tmp_path) as (house, office, mairie):
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
        async with scene(tmp_path) as (house, office, mairie):
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
        async with scene(tmp_path) as (house, office, mairie):
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
        async with scene(tmp_path) as (house, office, mairie):
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


def test_a_domain_closes_with_its_accounts_after_two_mails(tmp_path: Path) -> None:
    """Nobody new from the first day; a mail at once, one a week before, then the accounts are closed and told."""

    async def story() -> None:
        async with scene(tmp_path) as (house, office, mairie):
            basile = await person(house, BASILE)
            path = f"{BASE}/{mairie}/domains/mairie.example.fr"
            soon = house.clock.now_ms() + 30 * DAY_S * 1000
            early = await office.confirmed(office.operator, f"{path}/close", closes_ts=soon - 20 * DAY_S * 1000)
            assert early.status == 400
            assert (await office.confirmed(office.operator, f"{path}/close", closes_ts=soon)).status == 200
            before = len(await office.mails(BASILE))
            for move_days, mails in ((0, 1), (22, 1), (1.5, 2), (5, 2)):
                house.clock.move(move_days * DAY_S)
                await walk_all(house)
                assert len(await office.mails(BASILE)) - before == mails, move_days
            assert await register_status(house, "n.n@mairie.example.fr") == (403, "M_THREEPID_DENIED")
            assert (await house.call("GET", f"{V3}/account/whoami", None, basile.token)).status == 200
            house.clock.move(2 * DAY_S)
            await walk_all(house)
            assert (await house.call("GET", f"{V3}/account/whoami", None, basile.token)).status == 401
            assert "fermé" in (await office.mails(BASILE))[-1]["text"]
            shown = await office.show(mairie)
            assert (shown["domains"][0]["status"], shown["people"], shown["under_way"]) == ("closed", 0, [])

    asyncio.run(story())


def test_a_closing_may_be_taken_back(tmp_path: Path) -> None:
    """Who was warned is told that nothing will be closed, and nothing is; new accounts are opened again."""

    async def story() -> None:
        async with scene(tmp_path) as (house, office, mairie):
            basile = await person(house, BASILE)
            path = f"{BASE}/{mairie}/domains/mairie.example.fr"
            closes_ts = house.clock.now_ms() + 30 * DAY_S * 1000
            await office.confirmed(office.operator, f"{path}/close", closes_ts=closes_ts)
            await walk_all(house)
            opened = await house.ask("PUT", path, {"status": "active"}, office.operator.token)
            assert opened["status"] == "active"
            house.clock.move(60 * DAY_S)
            await walk_all(house)
            assert "ne sera pas fermé" in (await office.mails(BASILE))[-1]["text"]
            assert (await house.call("GET", f"{V3}/account/whoami", None, basile.token)).status == 200
            assert (await register_status(house, "n.n@mairie.example.fr"))[0] == 200

    asyncio.run(story())


def test_an_operator_is_not_closed_with_their_domain(tmp_path: Path) -> None:
    """What becomes of who runs the service, a person decides."""

    async def story() -> None:
        async with open_house(tmp_path, CALM) as house:
            office = await open_office(house)
            (of,) = (await house.ask("GET", f"{BASE}?search=prefecture", None, office.operator.token))[
                "administrations"
            ]
            path = f"{BASE}/{of['administration_id']}/domains/prefecture.example.fr/close"
            closes_ts = house.clock.now_ms() + 30 * DAY_S * 1000
            assert (await office.confirmed(office.operator, path, closes_ts=closes_ts)).status == 200
            house.clock.move(31 * DAY_S)
            await walk_all(house)
            assert (await office.show(of["administration_id"]))["domains"][0]["status"] == "closed"

    asyncio.run(story())


def test_a_walk_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restart in the middle writes to nobody twice and forgets nobody."""
    monkeypatch.setattr(limits, "WALK_BATCH", 2)
    addresses = [f"agent.{letter}@mairie.example.fr" for letter in "abcde"]

    async def begin() -> str:
        async with scene(tmp_path) as (house, office, mairie):
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


def test_a_suspended_administration_opens_no_account(tmp_path: Path) -> None:
    """Existing accounts stay; a delegate suspends what is below, not their own, and a domain of theirs."""

    async def story() -> None:
        async with scene(tmp_path) as (house, office, mairie):
            await house.ask("POST", f"{BASE}/{mairie}/delegates", {"email": ZOE}, office.operator.token)
            zoe = await person(house, ZOE)
            school = await office.open("Écoles", "ecoles.example.fr", parent_id=mairie)
            pupil = await person(house, "maitre.a@ecoles.example.fr")
            suspend = {"suspended": True}
            assert (await house.call("PUT", f"{BASE}/{mairie}/suspended", suspend, zoe.token)).status == 403
            assert (await house.ask("PUT", f"{BASE}/{school}/suspended", suspend, zoe.token))["status"] == "suspended"
            assert await register_status(house, "maitre.b@ecoles.example.fr") == (403, "M_THREEPID_DENIED")
            assert (await house.call("GET", f"{V3}/account/whoami", None, pupil.token)).status == 200
            await house.ask("PUT", f"{BASE}/{school}/suspended", {"suspended": False}, zoe.token)
            assert (await register_status(house, "maitre.b@ecoles.example.fr"))[0] == 200
            path = f"{BASE}/{mairie}/domains/mairie.example.fr"
            await house.ask("PUT", path, {"status": "suspended"}, zoe.token)
            assert await register_status(house, "n.n@mairie.example.fr") == (403, "M_THREEPID_DENIED")
            assert (await house.call("PUT", path, {"status": "closed"}, zoe.token)).status == 400

    asyncio.run(story())


def test_a_delegate_opens_a_sub_administration_without_domain(tmp_path: Path) -> None:
    """Of the parent's instance, with delegates who are agents of the parent; a domain must be proven first."""

    async def story() -> None:
        async with scene(tmp_path) as (house, office, mairie):
            await house.ask("POST", f"{BASE}/{mairie}/delegates", {"email": ZOE}, office.operator.token)
            zoe = await person(house, ZOE)
            wish = {"name": "Écoles", "parent_id": mairie, "instance": HOSPITALS, "delegates": [BASILE]}
            made = await house.ask("POST", BASE, wish, zoe.token)
            assert made["instance"] == PREFECTURES
            basile = await person(house, BASILE)
            shown = await office.show(made["administration_id"], basile)
            assert shown["parent_id"] == mairie
            assert (await house.call("GET", f"{BASE}/{mairie}", None, basile.token)).status == 403
            for bad in (
                {**wish, "name": "Autre", "domains": ["ecoles.example.fr"]},
                {"name": "Autre", "instance": PREFECTURES},
            ):
                assert (await house.call("POST", BASE, bad, zoe.token)).status == 403
            domains = f"{BASE}/{mairie}/domains"
            assert (await house.call("POST", domains, {"domain": "e.example.fr"}, zoe.token)).status == 403

    asyncio.run(story())


def test_what_an_administration_cannot_be_is_refused(tmp_path: Path) -> None:
    """Each field has its law; a stranger is no delegate; nothing of a refused opening is kept."""

    async def story() -> None:
        async with scene(tmp_path) as (house, office, mairie):
            good: dict[str, Any] = {"name": "Neuve", "instance": PREFECTURES}
            for bad in (
                {"name": ""},
                {"name": "x" * 121},
                {"name": "Mairie de Valmont"},
                {"name": "A\nB"},
                {"label": "[DINUM]"},
                {"instance": "nowhere.example.fr"},
                {"instance": "agent.externe.tchap.example.fr"},
                {"kind": "circus"},
                {"siren": "123456789"},
                {"contact": "personne"},
                {"headcount": -1},
                {"parent_id": "nobody"},
                {"domains": ["mairie.example.fr"]},
                {"domains": ["neuve.example.fr"], "delegates": ["a@hopital.example.fr"]},
                {"domains": ["neuve.example.fr"], "delegates": ["a@gmail.example.com"]},
            ):
                reply = await house.call("POST", BASE, {**good, **bad}, office.operator.token)
                assert reply.status == 400, bad
            assert (await register_status(house, "a@neuve.example.fr"))[0] == 403
            loop = await house.call("PUT", f"{BASE}/{mairie}", {"parent_id": mairie}, office.operator.token)
            assert loop.status == 400
            for path in ("nobody", f"{mairie}/domains/x.example.fr"):
                assert (
                    await house.call("PUT", f"{BASE}/{path}", {"status": "active"}, office.operator.token)
                ).status == 404

    asyncio.run(story())


def test_whether_clear_text_is_refused_is_known_at_once(tmp_path: Path) -> None:
    """A changed rule counts for sessions that are remembered."""

    async def story() -> None:
        async with scene(tmp_path) as (house, office, mairie):
            basile = await person(house, BASILE)
            assert (await authenticate(house.world, basile.token)).refuses_clear
            await house.ask("PUT", f"{BASE}/{mairie}", {"refuses_clear": False}, office.operator.token)
            assert not (await authenticate(house.world, basile.token)).refuses_clear

    asyncio.run(story())


def test_an_address_elsewhere_is_not_given_by_a_delegate(tmp_path: Path) -> None:
    """A delegate replaces addresses within what they look after, and opens no account of another administration."""

    async def story() -> None:
        async with scene(tmp_path) as (house, office, mairie):
            await house.ask("POST", f"{BASE}/{mairie}/delegates", {"email": ZOE}, office.operator.token)
            zoe, basile = await person(house, ZOE), await person(house, BASILE)
            user = f"/_tchap/admin/v1/users/{quote(basile.user_id)}"
            away = {"email": "basile.roux@hopital.example.fr"}
            assert (await house.call("PUT", f"{user}/email", away, zoe.token)).status == 403
            near = {"email": "basile.brun@mairie.example.fr"}
            assert (await house.ask("PUT", f"{user}/email", near, zoe.token)) == near
            await house.ask("POST", f"{user}/deactivate", {}, zoe.token)
            assert (await house.call("POST", f"{user}/reactivate", away, zoe.token)).status == 403
            assert (await house.ask("POST", f"{user}/reactivate", {}, zoe.token))["email"] == near["email"]
            await prove_email(house, near["email"], "account/password")

    asyncio.run(story())
