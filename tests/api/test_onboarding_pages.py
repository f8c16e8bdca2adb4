"""The page `/ouvrir`, with a browser that runs no script."""

import asyncio
import re
from pathlib import Path

from tests.support.accounts import V3, read_code
from tests.support.house import open_house
from tests.support.onboarding import API, KNOWN, MAIRE, SECRET, Desk, run
from tests.support.pages import Browser, Page, open_browser


def test_a_requester_is_led_by_the_page(tmp_path: Path) -> None:
    """From a refused sign-up to an open administration, without script, in both languages."""

    async def story(desk: Desk) -> None:
        for language, words in (("fr", _FRENCH), ("en", _ENGLISH)):
            async with open_browser(desk.house, language) as browser:
                await _walk(desk, browser, f"maire@{words['domain']}", words)

    run(tmp_path, story, known=f"{_FRENCH['domain']}\n{_ENGLISH['domain']}")


_FRENCH = {
    "domain": "commune-du-levant.example",
    "open": "Ouvrir Tchap à mon administration",
    "check": "Vérifier maintenant",
    "absent": "pas encore visible",
    "name": "nom complet",
    "done": "Votre administration est ouverte",
    "sign up": "Créer mon compte",
}


_ENGLISH = {
    "domain": "commune-du-ponant.example",
    "open": "Open Tchap to my administration",
    "check": "Check now",
    "absent": "not to be seen yet",
    "name": "full name",
    "done": "Your administration is open",
    "sign up": "Create my account",
}


async def _walk(desk: Desk, browser: Browser, email: str, words: dict[str, str]) -> None:
    await browser.open("/account/sign-up")
    assert (await browser.submit(email=email)).status == 403
    assert (await browser.follow(words["open"])).path == "/ouvrir"
    await browser.submit()
    page = await browser.submit(code=await read_code(desk.house, email))
    assert words["domain"] in page.text
    page = await browser.submit(name="?", headcount="12")
    assert words["name"] in page.problem_of("name")
    delegates = f"{email}; dgs@{words['domain']}"
    page = await browser.submit(
        name="Commune", kind="local_authority", siren="732 829 320", delegates=delegates, terms="yes"
    )
    assert "TXT" in page.text
    page = await browser.submit(words["check"])
    assert words["absent"] in page.text
    desk.dns.set_text(f"_tchap.{words['domain']}", _record(page))
    page = await browser.submit(words["check"])
    assert page.title.startswith(words["done"])
    assert (await browser.follow(words["sign up"])).path == "/account/sign-up"


def _record(page: Page) -> str:
    found = re.search(r"tchap-verification=[\w-]+", page.text)
    assert found is not None
    return found[0]


def test_the_page_tells_where_a_request_is(tmp_path: Path) -> None:
    """Who comes back proves the address again and reads on where it was; it may be corrected and withdrawn."""

    async def story(desk: Desk) -> None:
        domain = "bourg-lointain.example"
        email = f"maire@{domain}"
        asking = await desk.describe(email)
        async with open_browser(desk.house) as browser:
            await browser.open("/ouvrir")
            await browser.submit(email=email)
            page = await browser.submit(code=await read_code(desk.house, email))
            assert "Prouver votre domaine" in page.title
            assert "Votre administration" in (await browser.submit("Corriger la description")).title
            await browser.submit(terms="yes")
            page = await browser.submit("Envoyer le courriel", to="postmaster")
            assert f"postmaster@{domain}" in page.text
            desk.dns.set_text(f"_tchap.{domain}", "tchap-verification=ancienne-valeur")
            assert "ancienne-valeur" in (await browser.submit("Vérifier maintenant")).text
            desk.dns.set_text(domain, _record(page))
            assert "examinée" in (await browser.submit("Vérifier maintenant")).title
            assert "retirée" in (await browser.submit("Retirer la demande")).text
            assert (await asking.call("GET")).status == 404
            for stopped, why in (("maire@va1mont-sur-eure.example", KNOWN), ("x@gmail.com", "Tout le monde")):
                await browser.open("/ouvrir")
                page = await browser.submit(email=stopped)
                assert page.status == 403
                assert why in page.text
            await browser.open("/ouvrir")
            assert (await browser.submit(email="pas une adresse")).problem_of("email")
            await browser.open("/ouvrir")
            page = await browser.submit(email="x@prefecture.example.fr")
            assert "déjà ouverte" in page.title

    run(tmp_path, story)


def test_nothing_joins_where_it_is_turned_off(tmp_path: Path) -> None:
    """Neither page nor program, no link in refusals, and no question to any name server."""

    async def story() -> None:
        async with open_house(tmp_path, "[onboarding]\nenabled = false") as house, open_browser(house) as browser:
            assert (await browser.open("/ouvrir")).status == 403
            wish = {"email": MAIRE, "client_secret": SECRET, "send_attempt": 1}
            assert (await house.call("POST", f"{API}/code", wish)).status == 403
            refused = await house.call("POST", f"{V3}/register/email/requestToken", wish)
            assert "fr.tchap.open_url" not in refused.body
            await browser.open("/account/sign-up")
            assert "Demandez à votre administration" in (await browser.submit(email=MAIRE)).text

    asyncio.run(story())
