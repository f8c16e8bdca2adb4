"""Administrations and domains that open no more accounts: suspended, closing, closed, opened again."""

import asyncio
from pathlib import Path

from tchap.storage.administrations import CLOSED, find_domain
from tests.support.accounts import person
from tests.support.administrations import (
    BASE,
    BASILE,
    CALM,
    ZOE,
    open_mairie,
    open_office,
    register_status,
    walk_all,
)
from tests.support.house import open_house

V3 = "/_matrix/client/v3"
DAY_S = 24 * 3600


def test_a_domain_closes_with_its_accounts_after_two_mails(tmp_path: Path) -> None:
    """Nobody new from the first day; a mail at once, one a week before, then the accounts are closed and told."""

    async def story() -> None:
        async with open_mairie(tmp_path) as (house, office, mairie):
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
        async with open_mairie(tmp_path) as (house, office, mairie):
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


def test_a_suspended_administration_opens_no_account(tmp_path: Path) -> None:
    """Existing accounts stay; a delegate suspends what is below, not their own, and a domain of theirs."""

    async def story() -> None:
        async with open_mairie(tmp_path) as (house, office, mairie):
            await house.ask("POST", f"{BASE}/{mairie}/delegates", {"email": ZOE}, office.operator.token)
            zoe = await person(house, ZOE)
            school = await office.open(
                "Écoles", "ecoles.example.fr", parent_id=mairie, contact="chef@ecoles.example.fr"
            )
            pupil = await person(house, "maitre.a@ecoles.example.fr")
            suspend = {"suspended": True}
            assert (await house.call("PUT", f"{BASE}/{mairie}/suspended", suspend, zoe.token)).status == 403
            assert (await house.ask("PUT", f"{BASE}/{school}/suspended", suspend, zoe.token))["status"] == "suspended"
            assert await register_status(house, "maitre.b@ecoles.example.fr") == (403, "M_THREEPID_DENIED")
            assert "invités externes perdent leur accès" in (await office.mails("chef@ecoles.example.fr"))[-1]["text"]
            assert (await house.call("GET", f"{V3}/account/whoami", None, pupil.token)).status == 200
            await house.ask("PUT", f"{BASE}/{school}/suspended", {"suspended": False}, zoe.token)
            assert (await register_status(house, "maitre.b@ecoles.example.fr"))[0] == 200
            path = f"{BASE}/{mairie}/domains/mairie.example.fr"
            await house.ask("PUT", path, {"status": "suspended"}, zoe.token)
            assert await register_status(house, "n.n@mairie.example.fr") == (403, "M_THREEPID_DENIED")
            assert (await house.call("PUT", path, {"status": "closed"}, zoe.token)).status == 400

    asyncio.run(story())


def test_what_an_operator_suspended_an_operator_opens_again(tmp_path: Path) -> None:
    """A domain or a part that an operator suspended, after its delegate or before, is theirs to open alone; and no road
    leads around: neither closing it and taking that back, nor moving it out of what is suspended."""

    async def story() -> None:
        async with open_mairie(tmp_path) as (house, office, mairie):
            await house.ask("POST", f"{BASE}/{mairie}/delegates", {"email": ZOE}, office.operator.token)
            zoe = await person(house, ZOE)
            domain, closed = f"{BASE}/{mairie}/domains/mairie.example.fr", {"status": "suspended"}
            # Theirs to suspend and to open again, until an operator says so too.
            await house.ask("PUT", domain, closed, zoe.token)
            assert (await house.ask("PUT", domain, {"status": "active"}, zoe.token))["status"] == "active"
            assert "held" not in await house.ask("PUT", domain, closed, zoe.token)
            assert (await house.ask("PUT", domain, closed, office.operator.token))["held"] is True
            assert (await house.ask("PUT", domain, closed, zoe.token))["held"] is True
            refused = await house.call("PUT", domain, {"status": "active"}, zoe.token)
            assert (refused.status, refused.body["errcode"]) == (403, "M_FORBIDDEN")
            assert "responsables de ce service" in refused.body["error"]
            closes_ts = house.clock.now_ms() + 30 * DAY_S * 1000
            assert (await office.confirmed(zoe, f"{domain}/close", closes_ts=closes_ts)).status == 200
            assert (await house.call("PUT", domain, {"status": "active"}, zoe.token)).status == 403
            opened = await house.ask("PUT", domain, {"status": "active"}, office.operator.token)
            assert (opened["status"], "held" in opened) == ("active", False)
            assert (await register_status(house, "n.n@mairie.example.fr"))[0] == 200

    asyncio.run(story())


def test_a_closing_that_an_operator_decided_on_is_an_operators(tmp_path: Path) -> None:
    """A delegate neither takes it back nor puts it off; one of their own they do."""

    async def story() -> None:
        async with open_mairie(tmp_path) as (house, office, mairie):
            await house.ask("POST", f"{BASE}/{mairie}/delegates", {"email": ZOE}, office.operator.token)
            zoe = await person(house, ZOE)
            domain = f"{BASE}/{mairie}/domains/mairie.example.fr"
            soon = house.clock.now_ms() + 30 * DAY_S * 1000
            for who, status in ((zoe, 200), (office.operator, 403)):
                assert (await office.confirmed(who, f"{domain}/close", closes_ts=soon)).status == 200
                later = await office.confirmed(zoe, f"{domain}/close", closes_ts=soon + 300 * DAY_S * 1000)
                assert later.status == status
                assert (await house.call("PUT", domain, {"status": "active"}, zoe.token)).status == status

    asyncio.run(story())


def test_a_suspended_part_is_not_left_by_its_domains(tmp_path: Path) -> None:
    """Its delegates neither open it again where an operator suspended it, nor carry its domains to what is open."""

    async def story() -> None:
        async with open_mairie(tmp_path) as (house, office, mairie):
            await house.ask("POST", f"{BASE}/{mairie}/delegates", {"email": ZOE}, office.operator.token)
            zoe = await person(house, ZOE)
            school = await office.open("Écoles", "ecoles.example.fr", parent_id=mairie)
            move = f"{BASE}/{school}/domains/ecoles.example.fr/move"
            suspended = await house.ask("PUT", f"{BASE}/{school}/suspended", {"suspended": True}, office.operator.token)
            assert suspended["held"] is True
            assert (
                await house.call("PUT", f"{BASE}/{school}/suspended", {"suspended": False}, zoe.token)
            ).status == 403
            moved = await office.confirmed(zoe, move, to=mairie)
            assert (moved.status, moved.body["errcode"]) == (403, "M_FORBIDDEN")
            assert await register_status(house, "maitre.a@ecoles.example.fr") == (403, "M_THREEPID_DENIED")
            assert (await office.confirmed(office.operator, move, to=mairie)).status == 200
            assert (await register_status(house, "maitre.a@ecoles.example.fr"))[0] == 200

    asyncio.run(story())


def test_a_domain_that_was_closed_does_not_come_back_with_a_start(tmp_path: Path) -> None:
    """The configuration file is read at every start, and opens what the database has never known alone."""

    async def close() -> None:
        async with open_house(tmp_path, CALM) as house:
            office = await open_office(house)
            path = f"{BASE}/hopital-des-tilleuls/domains/hopital.example.fr/close"
            closes_ts = house.clock.now_ms() + 30 * DAY_S * 1000
            assert (await office.confirmed(office.operator, path, closes_ts=closes_ts)).status == 200
            house.clock.move(31 * DAY_S)
            await walk_all(house)

    async def start_again() -> None:
        async with open_house(tmp_path, CALM) as house:
            found = await house.world.store.read(find_domain, "hopital.example.fr")
            assert found is not None
            assert found.status == CLOSED

    asyncio.run(close())
    asyncio.run(start_again())
