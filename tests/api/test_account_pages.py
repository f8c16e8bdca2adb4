"""The pages where a person signs in, signs up and looks after the account, with a browser that runs no script."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest

from tchap.base import limits
from tchap.services.browser_sessions import open_browser_session
from tchap.services.cross_signing_reset import find_reset
from tchap.storage.database import Tx
from tests.support.accounts import V3, Person, person, read_code, sign_in
from tests.support.house import PASSWORD, House, open_house
from tests.support.pages import Browser, Page, open_browser

JEAN = "jean.martin@prefecture.example.fr"
MARIE = "marie.durand@prefecture.example.fr"
NEW = "Nouveau-mot-2026"
LINK = "/account?action=org.matrix.profile"
SIGN_IN = f"/account/sign-in?continue={quote(LINK, safe='')}"


async def enter(browser: Browser, user: str = JEAN, password: str = PASSWORD) -> Page:
    await browser.open("/account/sign-in")
    return await browser.submit(user=user, password=password)


async def wait_for_proof_to_age(house: House) -> None:
    house.clock.move(limits.BROWSER_PROOF_MS / 1000 + 1)


def test_signing_in_leads_back_to_where_one_wanted_to_go(tmp_path: Path) -> None:
    """An address or a user id and the password open the browser's session, and lead on."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            for name in (JEAN, JEAN.upper(), jean.user_id, f" {JEAN} "):
                async with open_browser(house) as browser:
                    page = await browser.open(LINK)
                    assert page.path == "/account/sign-in"
                    assert page.headings == ["h1 Se connecter"]
                    page = await browser.submit(user=name, password=PASSWORD)
                    assert page.url == LINK
                    assert "Jean Martin [Préfecture du Val-Clair]" in page.text
                    assert jean.user_id not in page.html

    asyncio.run(story())


def test_who_is_expected_is_in_the_field(tmp_path: Path) -> None:
    """A login hint fills the name in, as a bare address or as a user id; it stays when a step fails."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house, "en") as browser:
            jean = await person(house, JEAN)
            for hint, shown in ((JEAN, JEAN), (f"mxid:{jean.user_id}", jean.user_id), ('"><b>', '"><b>')):
                page = await browser.open(f"{SIGN_IN}&login_hint={quote(hint)}")
                assert page.forms[0].fields["user"] == shown
                page = await browser.submit(password="Wrong-password-1")
                assert page.forms[0].fields["user"] == shown
            page = await browser.open(f"/account/sign-up?login_hint={JEAN}")
            assert page.forms[0].fields["email"] == JEAN

    asyncio.run(story())


def test_the_sign_in_page_does_not_tell_who_has_an_account(tmp_path: Path) -> None:
    """A wrong password and an unknown address are answered alike, and both are counted."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            await person(house, JEAN)
            pages = []
            for name in (JEAN, "personne@prefecture.example.fr"):
                async with open_browser(house) as browser:
                    for _ in range(4):
                        page = await enter(browser, name, "Faux-mot-de-passe-1")
                        pages.append((page.status, page.text.replace(name, "")))
            assert pages[:4] == pages[4:]
            assert [status for status, _ in pages[:4]] == [403, 403, 403, 429]
            async with open_browser(house) as browser:
                assert (await enter(browser)).status == 429, "the right password waits as well"
                house.clock.move(60)
                assert (await enter(browser)).path == "/account"

    asyncio.run(story())


def test_what_is_missing_is_told_beside_its_field(tmp_path: Path) -> None:
    """An empty form comes back with a summary that leads to each field, in the reader's language."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            async with open_browser(house) as browser:
                await browser.open(SIGN_IN)
                page = await browser.submit()
                assert page.status == 400
                assert page.problem_of("user") == "Saisissez votre adresse professionnelle."
                assert page.problem_of("password") == "Saisissez votre mot de passe."
                assert ("div", "alert") in [(tag, a.get("role")) for tag, a in page.attributes]
            async with open_browser(house, "en") as browser:
                await browser.open(SIGN_IN)
                assert (await browser.submit()).problem_of("password") == "Type your password."

    asyncio.run(story())


def test_the_language_can_be_chosen(tmp_path: Path) -> None:
    """The link to the other language keeps the way on, and the choice goes along from page to page."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            page = await browser.open(SIGN_IN)
            assert page.language == "fr"
            page = await browser.follow("English")
            assert (page.language, page.headings) == ("en", ["h1 Sign in"])
            page = await browser.follow("Forgotten password")
            assert page.headings == ["h1 Forgotten password"]
            page = await browser.follow("Back to sign-in")
            assert "continue=%2Faccount%3Faction%3Dorg.matrix.profile" in page.url
            assert page.language == "en"
            page = await browser.open("/account?ui_locales=de+en-GB")
            assert page.language == "en"

    asyncio.run(story())


async def sign_up_to_last_page(house: House, browser: Browser, email: str, start: str) -> Page:
    await browser.open(start)
    page = await browser.submit(email=email)
    assert page.status == 200
    assert email in page.text
    return await browser.submit("Continuer", code=await read_code(house, email))


def test_an_account_is_opened_and_leads_on(tmp_path: Path) -> None:
    """Address, code, terms and password: the account is the one registration makes, and the browser is signed in."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            start = f"/account/sign-up?continue={quote(LINK, safe='')}"
            page = await sign_up_to_last_page(house, browser, JEAN, start)
            assert page.headings == ["h1 Choisir un mot de passe"]
            page = await browser.submit(password="court", again="court")
            assert "conditions" in page.problem_of("terms")
            page = await browser.submit(password="court", again="court", terms="yes")
            assert "12 à 512 caractères" in page.problem_of("password")
            page = await browser.submit(password=PASSWORD, again=PASSWORD + "x")
            assert page.problem_of("again") == "Les deux mots de passe diffèrent."
            page = await browser.submit(password=PASSWORD, again=PASSWORD, terms="yes")
            assert page.url == LINK
            assert "Jean Martin [Préfecture du Val-Clair]" in page.text
            jean = await sign_in(house, "@jean.martin-prefecture.example.fr:agent.prefectures.tchap.example.fr")
            found = await house.ask("GET", f"{V3}/account/3pid", token=jean.token)
            assert [email["address"] for email in found["threepids"]] == [JEAN]

    asyncio.run(story())


def test_a_code_typed_wrong_may_be_typed_again_or_asked_anew(tmp_path: Path) -> None:
    """A wrong code is told beside the field; another code can be sent; a link opened meanwhile does as well."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            await browser.open("/account/sign-up")
            await browser.submit(email=JEAN)
            page = await browser.submit("Continuer", code="12")
            assert page.status == 400
            assert "incorrect" in page.problem_of("code")
            await browser.submit("Envoyer un autre code")
            mails = await house.ask("GET", "/_tchap/mailbox.json")
            assert len(mails) == 2
            link = next(word for word in mails[-1]["text"].split() if "/_tchap/email?" in word)
            opened = await house.http.post(link.partition("8008")[2], data={"token": link.partition("token=")[2]})
            assert "confirmée" in opened.text
            page = await browser.submit("Continuer")
            assert page.headings == ["h1 Choisir un mot de passe"]

    asyncio.run(story())


def test_an_address_that_has_an_account_learns_it_by_mail_alone(tmp_path: Path) -> None:
    """The sign-up page answers as for a new address, and no code opens a second account."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            await person(house, JEAN)
            texts = []
            for email in (JEAN, MARIE):
                await browser.open("/account/sign-up")
                page = await browser.submit(email=email)
                texts.append((page.status, page.text.replace(email, "")))
            assert texts[0] == texts[1]
            mails = await house.ask("GET", f"/_tchap/mailbox.json?to={JEAN}")
            assert "existe déjà" in mails[-1]["text"]

    asyncio.run(story())


def test_an_address_of_no_administration_is_told_who_can_help(tmp_path: Path) -> None:
    """An unknown domain is shown the way to the request form and to an invitation, not a field in red."""
    form = "https://inscription.example.fr/demande"
    config = f'[registration]\nrequest_form_url = "{form}"\n'

    async def story() -> None:
        async with open_house(tmp_path, config) as house, open_browser(house) as browser:
            await browser.open("/account/sign-up")
            page = await browser.submit(email="jean@inconnu.example")
            assert page.status == 403
            assert page.headings == ["h1 Cette adresse n'est pas encore autorisée"]
            assert page.links["Demander l'ajout de mon administration"] == form
            page = await browser.follow("Essayer une autre adresse")
            page = await browser.submit(email="pas une adresse")
            assert "adresse simple" in page.problem_of("email")

    asyncio.run(story())


def test_nobody_signs_up_by_a_code_sent_for_something_else(tmp_path: Path) -> None:
    """The last step needs the proof of its own purpose and browser; a forged one opens nothing."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            await sign_up_to_last_page(house, browser, JEAN, "/account/sign-up")
            page = await browser.submit(password=PASSWORD, again=PASSWORD, terms="yes", secret="un-autre-secret")
            assert page.status == 400
            assert "demandez un nouveau code" in page.text
            await browser.open("/account/forgotten")
            page = await browser.submit(email=MARIE)
            (mail,) = await house.ask("GET", f"/_tchap/mailbox.json?to={MARIE}")
            assert "Aucun compte" in mail["text"]

    asyncio.run(story())


def test_accounts_are_not_opened_where_registration_is_closed(tmp_path: Path) -> None:
    """The page says so at once, and no step goes around it."""

    async def story() -> None:
        async with open_house(tmp_path, "[registration]\nenabled = false\n") as house, open_browser(house) as browser:
            page = await browser.open("/account/sign-up")
            assert page.status == 403
            assert "fermée" in page.text
            await browser.open("/account/sign-in")
            token = browser.seen[-1].forms[0].fields["form_token"]
            page = await browser._go("POST", "/account/sign-up", {"form_token": token, "step": "email", "email": JEAN})
            assert page.status == 403

    asyncio.run(story())


def test_a_forgotten_password_is_chosen_anew_in_the_browser(tmp_path: Path) -> None:
    """A code to the address sets the password, ends every device and browser, and signs this browser in."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser, open_browser(house) as other:
            jean = await person(house, JEAN)
            assert (await enter(other)).path == "/account"
            await browser.open(f"/account/forgotten?continue={quote(LINK, safe='')}")
            await browser.submit(email=JEAN)
            page = await browser.submit("Continuer", code=await read_code(house, JEAN))
            assert page.headings == ["h1 Choisir un nouveau mot de passe"]
            page = await browser.submit(password=NEW, again=NEW)
            assert page.url == LINK
            assert (await house.call("GET", f"{V3}/account/whoami", token=jean.token)).status == 401
            assert (await other.open("/account")).path == "/account/sign-in"
            assert (await enter(other, password=NEW)).path == "/account"

    asyncio.run(story())


def test_a_form_that_is_not_ours_does_nothing(tmp_path: Path) -> None:
    """Every form of every page is refused without its token, or when the browser says it comes from elsewhere."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            jean = await person(house, JEAN)
            await enter(browser)
            for path in (
                "/account/sign-in",
                "/account/sign-up",
                "/account/forgotten",
                "/account/prove",
                "/account?action=sign_out",
                "/account?action=password",
                "/account?action=org.matrix.account_deactivate",
                f"/account?action=org.matrix.device_delete&device_id={jean.device_id}",
            ):
                assert (await browser.open(path)).status == 200, path
                token = browser.seen[-1].forms[0].fields["form_token"]
                fields = {"confirm": "yes", "user": JEAN, "password": PASSWORD}
                for data, site in (
                    (fields, "same-origin"),
                    ({**fields, "form_token": token}, "cross-site"),
                    ({**fields, "form_token": token[::-1]}, "same-origin"),
                ):
                    answer = await browser.http.post(path, data=data, headers={"Sec-Fetch-Site": site})
                    assert answer.status_code == 403, path
            assert (await browser.open("/account")).path == "/account"
            await house.ask("GET", f"{V3}/account/whoami", token=jean.token)

    asyncio.run(story())


def test_a_form_that_cannot_be_read_is_a_page(tmp_path: Path) -> None:
    """Bytes that are no text, too many fields or a NUL are refused in plain words."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            await browser.open("/account/sign-in")
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            for body in (b"\xff\xfe", b"user=%ff", b"user=%00", b"&".join([b"a=b"] * 40), b""):
                answer = await browser.http.post("/account/sign-in", content=body, headers=kind)
                assert answer.status_code == (403 if body == b"" else 400), body
                assert answer.headers["content-type"].startswith("text/html")

    asyncio.run(story())


@pytest.mark.parametrize("path", ["/account/sign-in", "/account/sign-up", "/account/forgotten", "/account/prove"])
def test_no_page_leads_to_another_site(tmp_path: Path, path: str) -> None:
    """A way on that is not ours is refused before anything else is done."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            await person(house, JEAN)
            await enter(browser)
            for elsewhere in ("https://piege.example/", "//piege.example", "/\\piege.example", "/_matrix/x"):
                page = await browser.open(f"{path}?continue={quote(elsewhere, safe='')}")
                assert page.status == 400, path

    asyncio.run(story())


def test_too_many_pages_are_slowed(tmp_path: Path) -> None:
    """One address opens only so many pages a second, and is told so on a page."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            pages = [await browser.open("/account/sign-in") for _ in range(101)]
            assert [page.status for page in pages] == [200] * 100 + [429]
            assert "patienter" in pages[-1].text
            assert pages[-1].headers["retry-after"] == "1"

    asyncio.run(story())


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
