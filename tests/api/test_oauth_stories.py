"""Whole journeys through our own pages: nothing is prepared, every form is filled in as shown."""

import asyncio
from pathlib import Path

from tests.support.accounts import V3, person, read_code
from tests.support.house import PASSWORD, open_house
from tests.support.oauth import Browser, answer_of, register_app

JEAN = "jean.martin@prefecture.example.fr"
CAMILLE = "camille.durand@prefecture.example.fr"


def test_a_person_signs_in_and_lets_an_application_in(tmp_path: Path) -> None:
    """From the application to the password, to the consent and back, with her name filled in from the hint."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            browser = Browser(house)
            page = await browser.open(app.authorize_url(login_hint=JEAN))
            assert page.url.startswith("/account/sign-in?")
            assert page.fields["user"] == JEAN
            wrong = await browser.submit(page, password="Faux-mot-de-passe-1")
            assert wrong.status == 403
            consent = await browser.submit(wrong, user=JEAN, password=PASSWORD)
            assert consent.url.startswith("/oauth2/authorize?")
            assert JEAN in consent.html
            tokens = (await app.exchange(answer_of(await browser.submit(consent, "answer", "allow"))["code"])).body
            me = await house.ask("GET", f"{V3}/account/whoami", token=tokens["access_token"])
            assert me["user_id"] == jean.user_id

    asyncio.run(story())


def test_a_person_without_account_makes_one_on_her_way(tmp_path: Path) -> None:
    """`prompt=create` leads to the sign-up, whose last step leads back to the application's question."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            app = await register_app(house)
            browser = Browser(house)
            page = await browser.open(app.authorize_url(prompt="create", login_hint=CAMILLE))
            assert page.url.startswith("/account/sign-up?")
            page = await browser.submit(page, email=CAMILLE)
            page = await browser.submit(page, code=await read_code(house, CAMILLE))
            page = await browser.submit(page, password=PASSWORD, again=PASSWORD, terms="yes")
            assert page.url.startswith("/oauth2/authorize?"), page
            tokens = (await app.exchange(answer_of(await browser.submit(page, "answer", "allow"))["code"])).body
            me = await house.ask("GET", f"{V3}/account/whoami", token=tokens["access_token"])
            assert me["user_id"].startswith("@camille.durand")

    asyncio.run(story())


def test_somebody_else_changes_the_account(tmp_path: Path) -> None:
    """Who finds another person signed in with the browser signs in herself, and comes back to the question."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, camille = await person(house, JEAN), await person(house, CAMILLE)
            app = await register_app(house)
            browser = Browser(house)
            await browser.sign_in(jean.user_id)
            page = await browser.open(app.authorize_url())
            (other,) = [link for link in page.links if link.startswith("/account/sign-in")]
            page = await browser.submit(await browser.open(other), user=CAMILLE, password=PASSWORD)
            assert CAMILLE in page.html
            assert JEAN not in page.html
            tokens = (await app.exchange(answer_of(await browser.submit(page, "answer", "allow"))["code"])).body
            me = await house.ask("GET", f"{V3}/account/whoami", token=tokens["access_token"])
            assert me["user_id"] == camille.user_id

    asyncio.run(story())


def test_the_identity_of_an_application_is_reset_on_the_account_page(tmp_path: Path) -> None:
    """The page named by the 401 asks, and once confirmed the application's new keys are taken."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            app = await register_app(house)
            token = (await app.sign_in(jean.user_id))["access_token"]
            upload = f"{V3}/keys/device_signing/upload"

            def keys(letter: str) -> dict[str, object]:
                key = letter * 43
                return {"master_key": {"user_id": jean.user_id, "usage": ["master"], "keys": {f"ed25519:{key}": key}}}

            await house.ask("POST", upload, keys("A"), token)
            asked = (await house.call("POST", upload, keys("B"), token)).body
            browser = Browser(house)
            await browser.sign_in(jean.user_id)
            page = await browser.open(asked["params"]["m.oauth"]["url"])
            assert page.status == 200
            assert (await browser.submit(page)).status == 200
            await house.ask("POST", upload, {**keys("B"), "auth": {"session": asked["session"]}}, token)

    asyncio.run(story())
