"""The pages where a person looks after the account: devices, password, encryption, closing, signing out."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest

from tchap.base import limits
from tchap.services.browser_sessions import open_browser_session
from tchap.services.cross_signing_reset import find_reset
from tchap.storage.database import Tx
from tests.support.accounts import V3, Person, person, sign_in
from tests.support.house import PASSWORD, House, open_house
from tests.support.pages import JEAN, enter, open_browser

MARIE = "marie.durand@prefecture.example.fr"
NEW = "Nouveau-mot-2026"


async def wait_for_proof_to_age(house: House) -> None:
    house.clock.move(limits.BROWSER_PROOF_MS / 1000 + 1)


async def devices_of(house: House, jean: Person) -> list[str]:
    found = await house.ask("GET", f"{V3}/devices", token=jean.token)
    return sorted(device["device_id"] for device in found["devices"])


@pytest.mark.parametrize(
    ("view", "delete"),
    [
        ("org.matrix.device_view", "org.matrix.device_delete"),
        ("org.matrix.session_view", "org.matrix.session_end"),
        ("session_view", "session_end"),
    ],
)
def test_a_device_is_seen_and_signed_out(tmp_path: Path, view: str, delete: str) -> None:
    """Under the names of today and of before: one device is shown, and ends once the person has confirmed."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            jean = await person(house, JEAN)
            lost = await sign_in(house, JEAN.replace("@", "-"), initial_device_display_name="Téléphone <b>perdu</b>")
            await browser.open(f"/account?action={view}&device_id={lost.device_id}")
            page = await browser.submit(user=JEAN, password=PASSWORD)
            assert page.headings == ["h1 Téléphone <b>perdu</b>"]
            assert lost.device_id in page.text
            page = await browser.submit(name="Vieux téléphone")
            assert "h1 Vieux téléphone" in page.headings
            await wait_for_proof_to_age(house)
            page = await browser.open(f"/account?action={delete}&device_id={lost.device_id}")
            assert page.path == "/account/prove"
            page = await browser.submit(password="Faux-mot-de-passe-1")
            assert page.problem_of("password") == "Mot de passe incorrect."
            page = await browser.submit(password=PASSWORD)
            assert page.headings == ["h1 Déconnecter un appareil"]
            page = await browser.submit()
            assert "L'appareil est déconnecté." in page.text
            assert await devices_of(house, jean) == [jean.device_id]
            assert (await house.call("GET", f"{V3}/account/whoami", token=lost.token)).status == 401
            page = await browser.open(f"/account?action={delete}&device_id={lost.device_id}")
            assert page.status == 404

    asyncio.run(story())


def test_a_device_of_somebody_else_is_not_reached(tmp_path: Path) -> None:
    """Device ids of others are as unknown ones, to look at and to end."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            await person(house, JEAN)
            marie = await person(house, MARIE)
            await enter(browser)
            mine = await browser.open("/account?action=org.matrix.devices_list")
            assert marie.device_id not in mine.html
            for action in ("org.matrix.device_view", "org.matrix.device_delete"):
                url = f"/account?action={action}&device_id={marie.device_id}"
                assert (await browser.open(url)).status == 404
                token = mine.forms[0].fields["form_token"] if mine.forms else ""
                await browser.open("/account?action=sign_out")
                token = browser.seen[-1].forms[0].fields["form_token"]
                assert (await browser._go("POST", url, {"form_token": token, "name": "x"})).status == 404
            await house.ask("GET", f"{V3}/account/whoami", token=marie.token)

    asyncio.run(story())


def test_the_list_of_devices_says_when_they_were_seen(tmp_path: Path) -> None:
    """The older name of the list leads to the same page; days are told as people say them."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            await sign_in(house, (await person(house, JEAN)).user_id, initial_device_display_name="Poste de Jean")
            house.clock.move(24 * 3600)
            await enter(browser)
            page = await browser.open("/account?action=org.matrix.sessions_list")
            assert page.headings == ["h1 Mes appareils"]
            assert "Poste de Jean Vu en ligne hier" in page.text
            assert "Appareil sans nom Vu en ligne hier" in page.text
            house.clock.move(24 * 3600)
            await enter(browser)
            assert "le 15 janvier 2027" in (await browser.open("/account?action=org.matrix.devices_list")).text

    asyncio.run(story())


def test_the_password_is_changed_on_the_account_page(tmp_path: Path) -> None:
    """With a fresh proof; other browsers end, devices only where the person wants it."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser, open_browser(house) as other:
            jean = await person(house, JEAN)
            await enter(other)
            await enter(browser)
            page = await browser.open("/.well-known/change-password")
            assert page.url == "/account?action=password"
            page = await browser.submit(password="court", again="court")
            assert "caractères" in page.problem_of("password")
            page = await browser.submit(password=NEW, again=NEW)
            assert "Votre mot de passe est changé." in page.text
            await house.ask("GET", f"{V3}/account/whoami", token=jean.token)
            assert (await other.open("/account")).path == "/account/sign-in"
            page = await browser.submit(password=PASSWORD, again=PASSWORD, sign_out="yes")
            assert (await house.call("GET", f"{V3}/account/whoami", token=jean.token)).status == 401

    asyncio.run(story())


def test_leave_to_replace_keys_is_given_on_purpose(tmp_path: Path) -> None:
    """Opening the link gives nothing; the button, after a fresh proof, gives ten minutes."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            jean = await person(house, JEAN)
            await browser.open("/account?action=org.matrix.cross_signing_reset")
            page = await browser.submit(user=JEAN, password=PASSWORD)
            assert page.headings == ["h1 Recommencer la vérification de mes appareils"]
            assert not await find_reset(house.world, jean.user_id)
            await wait_for_proof_to_age(house)
            page = await browser.submit()
            assert page.path == "/account/prove"
            assert not await find_reset(house.world, jean.user_id)
            await browser.submit(password=PASSWORD)
            page = await browser.submit()
            assert "Revenez à votre application" in page.text
            assert await find_reset(house.world, jean.user_id)
            house.clock.move(601)
            assert not await find_reset(house.world, jean.user_id)

    asyncio.run(story())


def test_who_came_by_a_provider_that_is_gone_proves_it_by_password(tmp_path: Path) -> None:
    """Nobody is asked for a way in that is not offered any more."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            jean = await person(house, JEAN)
            cookie = await open_browser_session(house.world, jean.user_id, "proconnect")
            browser.http.cookies.set("tchap_session", cookie, "127.0.0.1")
            await wait_for_proof_to_age(house)
            page = await browser.open("/account?action=password")
            assert page.path == "/account/prove"
            page = await browser.submit(password=PASSWORD)
            assert page.url == "/account?action=password"

    asyncio.run(story())


def test_an_account_is_closed_by_who_has_understood(tmp_path: Path) -> None:
    """The page says what it does to others; without the box nothing is done; afterwards nobody signs in."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            jean = await person(house, JEAN)
            await browser.open("/account?action=org.matrix.account_deactivate")
            page = await browser.submit(user=JEAN, password=PASSWORD)
            assert "Les autres membres y gardent les messages" in page.text
            assert "il ne rouvre que pour vous, par l'assistance de votre administration" in page.text
            assert "Un compte effacé ne rouvre jamais." in page.text
            page = await browser.submit()
            assert page.problem_of("confirm").startswith("Cochez")
            await house.ask("GET", f"{V3}/account/whoami", token=jean.token)
            page = await browser.submit(confirm="yes", erase="yes")
            assert page.headings == ["h1 Compte fermé"]
            assert (await house.call("GET", f"{V3}/account/whoami", token=jean.token)).status == 401
            assert (await browser.open("/account")).path == "/account/sign-in"
            assert (await enter(browser)).status == 403

    asyncio.run(story())


def test_who_closes_an_account_learns_which_rooms_are_left_alone(tmp_path: Path) -> None:
    """Rooms that nobody else administers are named, and who gets them; others are not named."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            jean, marie = await person(house, JEAN), await person(house, MARIE)
            for name, invited, levels in (
                ("Crise <de> l'eau", [marie.user_id], {}),
                ("Seul", [], {}),
                ("Partagé", [marie.user_id], {"users": {jean.user_id: 100, marie.user_id: 100}}),
            ):
                wish = {"name": name, "invite": invited, "power_level_content_override": levels}
                room = await house.ask("POST", f"{V3}/createRoom", wish, jean.token)
                if invited:
                    await house.ask("POST", f"{V3}/join/{quote(room['room_id'])}", {}, marie.token)
            await enter(browser)
            page = await browser.open("/account?action=org.matrix.account_deactivate")
            assert "Crise <de> l'eau" in page.text
            assert "ils seront confiés à leurs modérateurs, sinon à leurs membres" in page.text
            assert "Seul" not in page.text
            assert "Partagé" not in page.text

    asyncio.run(story())


def test_the_name_is_the_administrations_on_the_page_too(tmp_path: Path) -> None:
    """The profile page explains the name; only a plain Matrix server lets it be changed."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            await person(house, JEAN)
            await enter(browser)
            page = await browser.open("/account?action=org.matrix.profile")
            assert "tirés de votre adresse" in page.text
            assert page.forms == []
        async with open_house(tmp_path / "plain", 'profile = "test"\n') as house, open_browser(house) as browser:
            await house.call("POST", f"{V3}/register", {"username": "alice", "password": "x"})
            dummy = {"auth": {"type": "m.login.dummy"}, "username": "alice", "password": "x"}
            await house.ask("POST", f"{V3}/register", dummy)
            await enter(browser, "alice", "x")
            await browser.open("/account?action=org.matrix.profile")
            page = await browser.submit(name="Alice <Petit>")
            assert "Votre nom est enregistré." in page.text
            assert "Alice <Petit>" in page.text

    asyncio.run(story())


def test_a_browser_is_signed_out(tmp_path: Path) -> None:
    """Its cookie is worth nothing afterwards, even kept; other browsers end where the person wants it."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser, open_browser(house) as other:
            jean = await person(house, JEAN)
            await enter(other)
            await enter(browser)
            kept = browser.http.cookies["tchap_session"]
            await browser.follow("Déconnecter ce navigateur")
            page = await browser.submit()
            assert page.path == "/account/sign-in"
            answer = await browser.http.get("/account", headers={"Cookie": f"tchap_session={kept}"})
            assert answer.status_code == 303
            assert (await other.open("/account")).path == "/account"
            await enter(browser)
            await browser.follow("Déconnecter ce navigateur")
            await browser.submit(everywhere="yes")
            assert (await other.open("/account")).path == "/account/sign-in"
            await house.ask("GET", f"{V3}/account/whoami", token=jean.token)

    asyncio.run(story())


def test_the_overview_leads_everywhere(tmp_path: Path) -> None:
    """Each line of the account's first page opens its page, in both languages; an unknown action shows the lines."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            await person(house, JEAN)
            for language in ("fr", "en"):
                async with open_browser(house, language) as browser:
                    overview = await enter(browser)
                    ways = [href for href in overview.links.values() if "action=" in href]
                    assert len(ways) == 6
                    for href in ways:
                        page = await browser.open(href)
                        assert page.status == 200
                        assert page.headings[0] != overview.headings[0]
                    assert (await browser.open("/account?action=unknown")).headings == overview.headings

    asyncio.run(story())


def test_an_account_that_may_not_be_used_is_told_so(tmp_path: Path) -> None:
    """A locked or expired account opens no browser session, and only who knows the password learns why."""

    async def change(tx: Tx, column: str, user_id: str) -> None:
        await tx.run(
            f"UPDATE accounts SET locked_ts = NULL, expires_ts = NULL, {column} = 1 WHERE user_id = $1", user_id
        )

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            jean = await person(house, JEAN)
            await enter(browser)
            for column, words in (("locked_ts", "verrouillé"), ("expires_ts", "expiré")):
                await house.world.store.write(change, column, jean.user_id)
                assert (await browser.open("/account")).path == "/account/sign-in"
                assert words in (await enter(browser)).text
                assert words not in (await enter(browser, password="Faux-mot-de-passe-1")).text

    asyncio.run(story())
