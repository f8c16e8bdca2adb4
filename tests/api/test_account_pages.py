"""The pages where a person signs in, signs up and chooses a new password, with a browser that runs no script."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.accounts import V3, person, read_code, sign_in
from tests.support.house import PASSWORD, House, open_house
from tests.support.pages import JEAN, Browser, Page, enter, open_browser

MARIE = "marie.durand@prefecture.example.fr"
NEW = "Nouveau-mot-2026"
LINK = "/account?action=org.matrix.profile"
SIGN_IN = f"/account/sign-in?continue={quote(LINK, safe='')}"


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
