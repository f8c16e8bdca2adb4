"""Signing in by ProConnect: what is asked of the provider, what is believed of its answers, and the way out."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from tchap.storage.profiles import find_profile
from tests.support.house import open_house
from tests.support.pages import open_browser
from tests.support.proconnect import CLIENT_ID, ENTER, JEAN, JEAN_ID, Provider, keys_of, open_desk, run_provider


@pytest.fixture
def provider() -> Iterator[Provider]:
    with run_provider() as running:
        yield running


def test_the_request_holds_what_the_provider_knows_and_no_more(tmp_path: Path, provider: Provider) -> None:
    """State and nonce of 32 characters or more, drawn anew; the hint of the address; nothing unknown (Y000400)."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            asked = await desk.begin(f"{ENTER}?login_hint={JEAN}")
            again = await desk.begin(f"{ENTER}?login_hint=mxid:{JEAN_ID}&again=1")
            assert set(asked) == {
                "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "login_hint",
            }  # fmt: skip
            assert asked["redirect_uri"] == "http://127.0.0.1:8008/account/proconnect/callback"
            assert asked["client_id"] == CLIENT_ID
            assert asked["login_hint"] == JEAN
            assert {"openid", "given_name", "usual_name", "email", "siret"} <= set(asked["scope"].split())
            assert len(asked["state"]) >= 32
            assert len(asked["nonce"]) >= 32
            assert {asked["state"], asked["nonce"]}.isdisjoint({again["state"], again["nonce"]})
            assert "login_hint" not in again, "a user id is nobody's business there"
            assert again["prompt"] == "login"
            assert (await desk.enter("jean-1")).status == 200

    asyncio.run(story())


def test_an_agent_comes_in_with_the_name_and_place_registration_gives(tmp_path: Path, provider: Provider) -> None:
    """The first sign-in opens the account: id and instance from the address, name from the provider; it stays hers."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            await desk.enter("jean-1", f"{ENTER}?continue=/account?action=org.matrix.profile")
            assert desk.browser.seen[-1].url == "/account?action=org.matrix.profile"
            session = await desk.session()
            assert session is not None
            assert (session.user_id, session.how) == (JEAN_ID, "proconnect")
            assert "Jean Martin [Préfecture du Val-Clair]" in desk.browser.seen[-1].text
            profile = await desk.house.world.store.read(find_profile, JEAN_ID)
            assert profile is not None
            assert profile.display_name == "Jean Martin [Préfecture du Val-Clair]"
            async with open_browser(desk.house) as other:
                desk.browser = other
                await desk.enter("jean-1")
                assert await desk.user_id() == JEAN_ID

    asyncio.run(story())


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "HS256"])
def test_every_signature_the_provider_may_use_is_verified(tmp_path: Path, provider: Provider, algorithm: str) -> None:
    """The answers signed as registered are taken; the same signed by somebody else are not."""
    provider.id_alg = provider.userinfo_alg = algorithm

    async def story() -> None:
        more = f'id_token_alg = "{algorithm}"\nuserinfo_alg = "{algorithm}"\n'
        async with open_desk(tmp_path, provider, more) as desk:
            await desk.enter("jean-1")
            assert await desk.user_id() == JEAN_ID
            if algorithm != "HS256":
                provider.sign_as = keys_of("forged")
                refused = await desk.enter("jean-1")
                assert refused.status == 403
                assert "n'a pas pu être vérifiée" in refused.text

    asyncio.run(story())


def test_an_answer_in_plain_json_is_taken_only_where_the_operator_says_so(tmp_path: Path, provider: Provider) -> None:
    """`userinfo_alg = "none"` reads JSON; otherwise JSON is refused."""
    provider.userinfo_alg = "json"

    async def story() -> None:
        async with open_desk(tmp_path / "signed", provider) as desk:
            assert (await desk.enter("jean-1")).status == 403
            assert await desk.session() is None
        async with open_desk(tmp_path / "plain", provider, 'userinfo_alg = "none"\n') as desk:
            await desk.enter("jean-1")
            assert await desk.user_id() == JEAN_ID

    asyncio.run(story())


@pytest.mark.parametrize(
    ("id_says", "userinfo_says"),
    [
        ({"nonce": "n" * 43}, {}),
        ({"nonce": None}, {}),
        ({"aud": "another-service"}, {}),
        ({"aud": [CLIENT_ID, "another-service"], "azp": "another-service"}, {}),
        ({"iss": "https://another.example"}, {}),
        ({"exp": 1}, {}),
        ({"exp": None}, {}),
        ({"iat": 4_000_000_000}, {}),
        ({"sub": "somebody-else"}, {}),
        ({"sub": ""}, {}),
        ({}, {"sub": "somebody-else"}),
        ({}, {"aud": "another-service"}),
        ({}, {"iss": "https://another.example"}),
        ({}, {"exp": 1}),
        ({}, {"nonce": "n" * 43}),
    ],
)
def test_a_token_meant_for_something_else_opens_nothing(
    tmp_path: Path, provider: Provider, id_says: dict[str, object], userinfo_says: dict[str, object]
) -> None:
    """Another sign-in, service, issuer, time or person: the answer is refused in plain words, and nobody comes in."""
    provider.id_says, provider.userinfo_says = id_says, userinfo_says

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            refused = await desk.enter("jean-1")
            assert refused.status == 403
            assert "n'a pas pu être vérifiée" in refused.text
            assert await desk.session() is None

    asyncio.run(story())


def test_no_token_chooses_how_it_is_verified(tmp_path: Path, provider: Provider) -> None:
    """Neither unsigned, nor with another algorithm than the one registered, be its signature good."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            for algorithm in ("none", "HS256", "ES256"):
                provider.id_alg = algorithm
                assert (await desk.enter("jean-1")).status == 403
            provider.id_alg = "RS256"
            for algorithm in ("none", "HS256", "ES256"):
                provider.userinfo_alg = algorithm
                assert (await desk.enter("jean-1")).status == 403
            provider.userinfo_alg = "RS256"
            assert (await desk.enter("jean-1")).status == 200

    asyncio.run(story())


def test_a_state_serves_once_in_its_time_in_the_browser_it_was_drawn_for(tmp_path: Path, provider: Provider) -> None:
    """Replayed, too old, made up, or brought by another browser, it opens nothing."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            await desk.begin()
            back = await provider.identify(desk.away, "jean-1")
            async with open_browser(desk.house, "en") as other:
                refused = await other.open(back)
                assert refused.status == 403
                assert "in another browser" in refused.text
            assert (await desk.browser.open(back)).status == 200
            assert (await desk.browser.open(back)).status == 403, "a second time"
            await desk.begin()
            back = await provider.identify(desk.away, "jean-1")
            desk.house.clock.move(601)
            assert (await desk.browser.open(back)).status == 403, "too late"
            await desk.begin()
            back = await provider.identify(desk.away, "jean-1")
            state = parse_qs(urlsplit(back).query)["state"][0]
            assert (await desk.browser.open(back.replace(state, "x" * 43))).status == 403

    asyncio.run(story())


def test_a_code_is_traded_at_once_or_never(tmp_path: Path, provider: Provider) -> None:
    """ProConnect's codes live thirty seconds: one brought later is refused, with the way to begin again."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            await desk.begin(f"{ENTER}?continue=/account?action=org.matrix.profile")
            back = await provider.identify(desk.away, "jean-1")
            desk.house.clock.move(31)
            refused = await desk.browser.open(back)
            assert refused.status == 403
            assert "Recommencer avec ProConnect" in refused.links
            asked = await desk.begin(refused.links["Recommencer avec ProConnect"])
            assert asked["prompt"] == "login", "another person may want to come in"
            page = await desk.browser.open(await provider.identify(desk.away, "jean-1"))
            assert page.url == "/account?action=org.matrix.profile", "where she wanted to go"

    asyncio.run(story())


def test_an_answer_of_another_provider_is_not_taken(tmp_path: Path, provider: Provider) -> None:
    """Where the answer names its issuer (RFC 9207), it must be the one that was asked."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            await desk.begin()
            back = await provider.identify(desk.away, "jean-1")
            assert (await desk.browser.open(f"{back}&iss=https%3A%2F%2Fanother.example")).status == 403
            assert "/oauth2/token" not in provider.calls

    asyncio.run(story())


def test_who_gives_up_at_the_provider_is_told_so(tmp_path: Path, provider: Provider) -> None:
    """An error of the provider is a page that says what to do next, never a trace."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            asked = await desk.begin()
            refused = await desk.browser.open(f"{ENTER}/callback?error=access_denied&state={asked['state']}")
            assert refused.status == 403
            assert "abandonné" in refused.text
            assert "Se connecter autrement" in refused.links

    asyncio.run(story())


def test_pkce_goes_along_where_the_provider_knows_it(tmp_path: Path, provider: Provider) -> None:
    """S256 when its metadata says so, and its answer needs the verifier."""
    provider.has_pkce = True

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            asked = await desk.begin()
            assert asked["code_challenge_method"] == "S256"
            assert len(asked["code_challenge"]) == 43
            await desk.enter("jean-1")
            assert await desk.user_id() == JEAN_ID

    asyncio.run(story())


def test_keys_are_kept_and_a_new_one_is_asked_for(tmp_path: Path, provider: Provider) -> None:
    """The keys are fetched once for many sign-ins; after a rotation the new ones, but not at every stranger's whim."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            for _ in range(3):
                assert (await desk.enter("jean-1")).status == 200
            assert provider.calls.count("/jwks") == 1
            assert provider.calls.count("/.well-known/openid-configuration") == 1
            provider.rotate_keys()
            for _ in range(3):
                assert (await desk.enter("jean-1")).status == 403, "asked for a moment ago"
            assert provider.calls.count("/jwks") == 1
            desk.house.clock.move(61)
            assert (await desk.enter("jean-1")).status == 200
            assert provider.calls.count("/jwks") == 2

    asyncio.run(story())


def test_keys_of_other_kinds_do_no_harm(tmp_path: Path, provider: Provider) -> None:
    """What cannot be read among the provider's keys is passed over."""
    provider.more_keys = ["x", {}, {"kty": "OKP"}, {"kty": "RSA"}, {"kty": "EC", "crv": "none", "x": "a", "y": 1}]

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            assert (await desk.enter("jean-1")).status == 200

    asyncio.run(story())


def test_a_provider_that_does_not_answer_is_said_so(tmp_path: Path, provider: Provider) -> None:
    """The person reads that ProConnect does not answer; when it is back, so is she."""
    provider.is_down = True

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            refused = await desk.browser.open(ENTER)
            assert refused.status == 502
            assert "ProConnect ne répond pas" in refused.text
            provider.is_down = False
            assert (await desk.browser.open(ENTER)).status == 502, "asked a moment ago"
            assert len(provider.calls) == 1
            desk.house.clock.move(6)
            assert (await desk.enter("jean-1")).status == 200

    asyncio.run(story())


def test_signing_out_goes_by_the_provider(tmp_path: Path, provider: Provider) -> None:
    """Our session ends, then the browser is led to `end_session` with the ID token, a state and the way back."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            await desk.enter("jean-1")
            await desk.browser.open("/account?action=sign_out")
            page = await desk.browser.submit()
            assert page.status == 200
            delay, _, address = page.headers["refresh"].partition(";url=")
            assert delay == "0"
            assert address.startswith(f"{provider.issuer}/oauth2/end_session?")
            told = dict(parse_qsl(urlsplit(address).query))
            assert told["id_token_hint"].count(".") == 2
            assert len(told["state"]) >= 32
            assert told["post_logout_redirect_uri"] == "http://127.0.0.1:8008/account/proconnect/signed-out"
            assert await desk.session() is None
            back = await desk.browser.open(f"/account/proconnect/signed-out?state={told['state']}")
            assert back.status == 200
            assert "Vous êtes déconnecté" in back.text

    asyncio.run(story())


def test_a_form_signs_out_too_and_nobody_elses(tmp_path: Path, provider: Provider) -> None:
    """`POST /account/proconnect/sign-out` wants the token of our own form."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            await desk.enter("jean-1")
            path = "/account/proconnect/sign-out"
            assert (await desk.browser.http.post(path, data={"form_token": "x"})).status_code == 403
            assert await desk.session() is not None
            token = next(iter((await desk.browser.open("/account?action=sign_out")).forms)).fields["form_token"]
            assert (await desk.browser.http.post(path, data={"form_token": token})).status_code == 200
            assert await desk.session() is None

    asyncio.run(story())


def test_without_a_provider_there_is_no_such_door(tmp_path: Path) -> None:
    """Nothing offers ProConnect, and its paths say that it is not in use."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house, "en") as browser:
            assert (await browser.open(ENTER)).status == 404
            assert (await browser.open(f"{ENTER}/callback?state=a&code=b")).status == 404
            assert not any("ProConnect" in words for words in (await browser.open("/account/sign-in")).links)

    asyncio.run(story())
