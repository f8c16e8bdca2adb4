"""Administrations kept by operators and by their delegates."""

import asyncio
from pathlib import Path
from typing import Any

from tchap.services.accounts import authenticate
from tests.support.accounts import person, prove_email
from tests.support.administrations import (
    BASE,
    BASILE,
    HOSPITALS,
    PREFECTURES,
    ZOE,
    open_mairie,
    register_status,
)
from tests.support.paths import quote

V3 = "/_matrix/client/v3"
DAY_S = 24 * 3600


def test_a_delegate_named_before_having_an_account_looks_after_their_administration(tmp_path: Path) -> None:
    """Named by an address, told by mail, a delegate as soon as the account is there; each act is audited and mailed."""

    async def story() -> None:
        async with open_mairie(tmp_path) as (house, office, mairie):
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
        async with open_mairie(tmp_path) as (house, office, _):
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
        async with open_mairie(tmp_path) as (house, office, mairie):
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


def test_a_delegate_opens_a_sub_administration_without_domain(tmp_path: Path) -> None:
    """Of the parent's instance, with delegates who are agents of the parent; a domain must be proven first."""

    async def story() -> None:
        async with open_mairie(tmp_path) as (house, office, mairie):
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
        async with open_mairie(tmp_path) as (house, office, mairie):
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
        async with open_mairie(tmp_path) as (house, office, mairie):
            basile = await person(house, BASILE)
            assert (await authenticate(house.world, basile.token)).refuses_clear
            await house.ask("PUT", f"{BASE}/{mairie}", {"refuses_clear": False}, office.operator.token)
            assert not (await authenticate(house.world, basile.token)).refuses_clear

    asyncio.run(story())


def test_an_address_elsewhere_is_not_given_by_a_delegate(tmp_path: Path) -> None:
    """A delegate replaces addresses within what they look after, and opens no account of another administration."""

    async def story() -> None:
        async with open_mairie(tmp_path) as (house, office, mairie):
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
