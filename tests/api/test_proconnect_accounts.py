"""Which account a person of ProConnect enters: the cases where providers, addresses and people change."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tchap.services.deactivation import deactivate
from tchap.storage import accounts, profiles
from tchap.storage.database import Tx
from tchap.storage.pushers import Pusher, find_pushers, set_pusher
from tests.support.accounts import V3, person, sign_in
from tests.support.pages import open_browser
from tests.support.proconnect import ENTER, JEAN, JEAN_ID, Desk, Provider, open_desk, run_provider

MARIE = "marie.durand@prefecture.example.fr"
HALF_YEAR_S = 181 * 24 * 3600


@pytest.fixture
def provider() -> Iterator[Provider]:
    with run_provider() as running:
        yield running


async def emails_of(desk: Desk, user_id: str) -> list[str]:
    found = await desk.house.world.store.read(accounts.find_emails_of, user_id)
    return [address.email for address in found]


@contextlib.asynccontextmanager
async def another_browser(desk: Desk) -> AsyncIterator[Desk]:
    async with open_browser(desk.house) as browser:
        yield Desk(desk.house, desk.provider, browser)


async def check_refused(desk: Desk, sub: str, words: str) -> None:
    """The person is told why, whom the service is for, and where else to go; nobody is signed in."""
    refused = await desk.enter(sub)
    assert refused.status == 403, refused.text
    assert words in refused.text
    assert "Qui peut entrer ?" in refused.text
    assert {"Recommencer avec ProConnect", "Se connecter autrement"} <= set(refused.links)
    assert await desk.session() is None


def test_the_same_address_by_another_provider_is_the_same_account(tmp_path: Path, provider: Provider) -> None:
    """An administration changes provider: every `sub` is new, and everybody finds her account again."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            await desk.enter("jean-1")
            provider.set_person("jean-by-another", email=JEAN, usual_name="Martin", siret="11000201100044")
            await desk.enter("jean-by-another")
            assert await desk.user_id() == JEAN_ID
            await desk.enter("jean-1")
            assert await desk.user_id() == JEAN_ID, "the former way stays open"

    asyncio.run(story())


def test_the_account_made_with_a_password_is_the_same(tmp_path: Path, provider: Provider) -> None:
    """Who registered by e-mail comes in by ProConnect too, with her name, her password and her rooms as they were."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            jean = await person(desk.house, JEAN)
            provider.set_person("jean-1", email="Jean.MARTIN@prefecture.example.fr", given_name="J.")
            await desk.enter("jean-1")
            assert await desk.user_id() == jean.user_id
            shown = await desk.house.ask("GET", f"{V3}/profile/{jean.user_id}/displayname", token=jean.token)
            assert shown == {"displayname": "Jean Martin [Préfecture du Val-Clair]"}
            assert (await sign_in(desk.house, jean.user_id)).user_id == jean.user_id

    asyncio.run(story())


def test_a_guests_account_is_not_captured_by_an_agents_address(tmp_path: Path, provider: Provider) -> None:
    """The domain of a guest becomes an administration's: ProConnect opens nothing until somebody decided."""
    address = "paul.petit@mairie.example.fr"

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            house, jean = desk.house, await person(desk.house, JEAN)
            rule = {"type": "im.vector.room.access_rules", "state_key": "", "content": {"rule": "unrestricted"}}
            room = await house.ask("POST", f"{V3}/createRoom", {"initial_state": [rule]}, jean.token)
            invited = {"medium": "email", "address": address, "id_server": "x", "id_access_token": "x"}
            await house.ask("POST", f"{V3}/rooms/{room['room_id']}/invite", invited, jean.token)
            guest = await person(house, address)
        towns = (
            '[[administrations]]\nname = "Mairie"\ninstance = "agent.hopitaux.tchap.example.fr"\n'
            'domains = ["mairie.example.fr"]\n'
        )
        async with open_desk(tmp_path, provider, towns) as desk:
            provider.set_person("paul-1", email=address)
            await check_refused(desk, "paul-1", "compte d'invité externe")
            assert (await sign_in(desk.house, guest.user_id)).user_id == guest.user_id
            assert await emails_of(desk, guest.user_id) == [address]

    asyncio.run(story())


def test_a_changed_address_follows_the_person(tmp_path: Path, provider: Provider) -> None:
    """Married or moved to another service, she keeps her user id; the new address is hers, the former is free and gets
    no more of her notifications."""
    new = "jean.dupont@hopital.example.fr"

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            await desk.enter("jean-1")
            store = desk.house.world.store
            await store.write(
                set_pusher, Pusher(JEAN_ID, "m.email", JEAN, "email", "", "", None, "fr", b"{}", "D"), 1, False
            )
            provider.set_person("jean-1", email=new, usual_name="Dupont")
            await desk.enter("jean-1")
            assert await desk.user_id() == JEAN_ID
            assert await store.read(find_pushers, JEAN_ID) == []
            assert await emails_of(desk, JEAN_ID) == [new]
            provider.set_person("jean-1", email="jean.dupont@ailleurs.example")
            async with another_browser(desk) as other:
                await check_refused(other, "jean-1", "n'est pas encore ouverte ici")
            assert await emails_of(desk, JEAN_ID) == [new], "a domain that is not authorised follows nobody"

    asyncio.run(story())


def test_a_changed_address_takes_nothing_from_its_owner(tmp_path: Path, provider: Provider) -> None:
    """The new address has an account of its own: each keeps hers."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            marie = await person(desk.house, MARIE)
            await desk.enter("jean-1")
            provider.set_person("jean-1", email=MARIE)
            await desk.enter("jean-1")
            assert await desk.user_id() == JEAN_ID
            assert await emails_of(desk, marie.user_id) == [MARIE]
            assert await emails_of(desk, JEAN_ID) == [JEAN]

    asyncio.run(story())


def test_a_recycled_address_opens_no_account_of_somebody_else(tmp_path: Path, provider: Provider) -> None:
    """The address of who left is given to another: while the account is linked to the first, the second is refused."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            await desk.enter("jean-1")
        async with open_desk(tmp_path, provider) as desk:
            provider.set_person("jeanne-1", email=JEAN, given_name="Jeanne")
            await check_refused(desk, "jeanne-1", "une personne d'un autre nom")

    asyncio.run(story())


def test_a_recycled_address_of_a_closed_account_begins_anew(tmp_path: Path, provider: Provider) -> None:
    """The account of who left is closed: the next one of that address gets one of her own, under another id."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            jean = await person(desk.house, JEAN)
            await desk.enter("jean-1")
            world = desk.house.world
            await deactivate(world, jean.user_id, erase=False)
            provider.set_person("jeanne-1", email=JEAN, given_name="Jeanne")
            await desk.enter("jeanne-1")
            user_id = await desk.user_id()
            assert user_id is not None
            assert user_id not in (None, JEAN_ID)
            profile = await desk.house.world.store.read(profiles.find_profile, user_id)
            assert profile is not None
            assert profile.display_name == "Jeanne Martin [Préfecture du Val-Clair]"
            # Should the first come back, with the address another has now, by a `sub` whose account is closed:
            provider.set_person("jean-1", email=JEAN)
            async with another_browser(desk) as other:
                await check_refused(other, "jean-1", "une personne d'un autre nom")

    asyncio.run(story())


def test_an_account_nobody_used_for_long_is_not_given_away(tmp_path: Path, provider: Provider) -> None:
    """Half a year after its last use an address may be a homonym's: the password is asked for first."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            jean = await person(desk.house, JEAN)
            desk.house.clock.move(HALF_YEAR_S)
            await check_refused(desk, "jean-1", "que personne n'a utilisé depuis longtemps")
            await sign_in(desk.house, jean.user_id)
            await desk.enter("jean-1")
            assert await desk.user_id() == jean.user_id
            desk.house.clock.move(HALF_YEAR_S)
            await desk.enter("jean-1")
            assert await desk.user_id() == jean.user_id, "the same person of the same provider is believed"

    asyncio.run(story())


def test_a_domain_that_is_not_authorised_gets_a_page_that_says_so(tmp_path: Path, provider: Provider) -> None:
    """ProConnect knows all administrations and companies; who is of none that is open reads it, with where to ask."""

    async def story() -> None:
        form = '[registration]\nrequest_form_url = "https://formulaire.example.fr/ouvrir"\n'
        async with open_desk(tmp_path, provider, form) as desk:
            provider.set_person("luc-1", email="luc.roy@entreprise.example")
            refused = await desk.enter("luc-1")
            assert refused.status == 403
            assert "n'est pas encore ouverte ici" in refused.text
            assert "https://formulaire.example.fr/ouvrir" in refused.links.values()
            for odd in ("pas une adresse", "a@evil.example@prefecture.example.fr", None):
                provider.set_person("luc-1", email=odd)
                await check_refused(desk, "luc-1", "pas transmis d'adresse professionnelle")

    asyncio.run(story())


@pytest.mark.parametrize(
    ("says", "demanded", "is_in"),
    [
        (None, False, True),
        (True, False, True),
        ("true", True, True),
        (False, False, False),
        ("false", False, False),
        (None, True, False),
        (True, True, True),
    ],
)
def test_an_address_nobody_verified_opens_nothing(
    tmp_path: Path, provider: Provider, says: object, demanded: bool, is_in: bool
) -> None:
    """`email_verified` false is always refused; absent, only where the operator demands it."""

    async def story() -> None:
        more = "requires_verified_email = true\n" if demanded else ""
        async with open_desk(tmp_path, provider, more) as desk:
            provider.set_person("jean-1", email=JEAN, email_verified=says)
            if is_in:
                await desk.enter("jean-1")
                assert await desk.user_id() == JEAN_ID
            else:
                await check_refused(desk, "jean-1", "n'a pas vérifié votre adresse")

    asyncio.run(story())


def test_what_the_provider_leaves_out_is_done_without(tmp_path: Path, provider: Provider) -> None:
    """No names, no siret, odd claims: the name is read from the address, as at registration."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            provider.set_person("jean-1", email=JEAN, given_name=None, usual_name=None, siret=None, uid=None, amr="pwd")
            provider.userinfo_says = {"siret": 12, "phone": ["x"], "belonging_population": {}}
            await desk.enter("jean-1")
            profile = await desk.house.world.store.read(profiles.find_profile, JEAN_ID)
            assert profile is not None
            assert profile.display_name == "Jean Martin [Préfecture du Val-Clair]"

    asyncio.run(story())


def test_a_name_from_the_provider_passes_for_no_administration(tmp_path: Path, provider: Provider) -> None:
    """Brackets, marks of direction and shouting are no part of a name."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            provider.set_person("jean-1", email=JEAN, given_name="ÉLÉONORE-anne [DINUM]", usual_name="O'NEILL")
            await desk.enter("jean-1")
            profile = await desk.house.world.store.read(profiles.find_profile, JEAN_ID)
            assert profile is not None
            assert profile.display_name == "ÉLÉONORE-anne Dinum O'neill [Préfecture du Val-Clair]"

    asyncio.run(story())


def test_an_administration_may_demand_two_factors(tmp_path: Path, provider: Provider) -> None:
    """Its agents come in with `mfa` alone; `amr` is asked for, and only then; others are not concerned."""
    more = 'mfa_administrations = ["Préfecture du Val-Clair"]\n'

    async def story() -> None:
        async with open_desk(tmp_path / "free", provider) as desk:
            assert "claims" not in await desk.begin()
        async with open_desk(tmp_path / "held", provider, more) as desk:
            asked = await desk.begin()
            assert asked["claims"] == '{"id_token":{"amr":{"essential":true}}}'
            for weak in (["pwd"], ["mail"], []):
                provider.methods = weak
                await check_refused(desk, "jean-1", "un second facteur")
            provider.set_person("anne-1", email="anne.roy@hopital.example.fr")
            await desk.enter("anne-1")
            assert await desk.user_id() == "@anne.roy-hopital.example.fr:agent.hopitaux.tchap.example.fr"
            provider.methods = ["pwd", "totp", "mfa"]
            await desk.enter("jean-1")
            assert await desk.user_id() == JEAN_ID

    asyncio.run(story())


async def set_term(tx: Tx, user_id: str, expires_ts: int) -> None:
    await tx.run("UPDATE accounts SET expires_ts = $1 WHERE user_id = $2", expires_ts, user_id)


def test_signing_in_renews_an_account_silently(tmp_path: Path, provider: Provider) -> None:
    """An account whose term is over works again, for thirteen months, as soon as its owner came by ProConnect."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            jean, world = await person(desk.house, JEAN), desk.house.world
            await desk.enter("jean-1")
            await world.store.write(set_term, jean.user_id, world.clock.now_ms() - 1)
            world.live.tokens.forget_user(jean.user_id)
            whoami = f"{V3}/account/whoami"
            assert (await desk.house.call("GET", whoami, token=jean.token)).status == 403
            await desk.enter("jean-1")
            assert await desk.user_id() == jean.user_id
            assert (await desk.house.call("GET", whoami, token=jean.token)).status == 200
            desk.house.clock.move(395 * 24 * 3600)
            assert (await desk.house.call("GET", whoami, token=jean.token)).status == 403

    asyncio.run(story())


def test_a_locked_account_stays_shut(tmp_path: Path, provider: Provider) -> None:
    """What an administrator locked, no provider opens."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            jean, world = await person(desk.house, JEAN), desk.house.world
            await world.store.write(accounts.set_locked, jean.user_id, world.clock.now_ms())
            refused = await desk.enter("jean-1")
            assert refused.status == 401
            assert "verrouillé par un administrateur" in refused.text
            assert await desk.session() is None

    asyncio.run(story())


def test_where_accounts_are_not_opened_provider_opens_none(tmp_path: Path, provider: Provider) -> None:
    """`registration.enabled = false` holds for this door too; who has an account comes in."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            await desk.enter("jean-1")
        async with open_desk(tmp_path, provider, "[registration]\nenabled = false\n") as desk:
            provider.set_person("marie-1", email=MARIE)
            await check_refused(desk, "marie-1", "L'ouverture de compte est fermée")
            await desk.enter("jean-1")
            assert await desk.user_id() == JEAN_ID

    asyncio.run(story())


def test_each_instance_lets_its_own_people_in(tmp_path: Path, provider: Provider) -> None:
    """By the address of an instance only its agents come in; the provider sends back to that very address."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            desk.browser.http.headers["host"] = "matrix.agent.hopitaux.tchap.example.fr"
            asked = await desk.begin()
            assert asked["redirect_uri"] == "http://matrix.agent.hopitaux.tchap.example.fr/account/proconnect/callback"
            await check_refused(desk, "jean-1", "se trouve sur un autre serveur")
            provider.set_person("anne-1", email="anne.roy@hopital.example.fr")
            await desk.enter("anne-1")
            assert await desk.user_id() == "@anne.roy-hopital.example.fr:agent.hopitaux.tchap.example.fr"

    asyncio.run(story())


def test_two_returns_at_once_make_one_account(tmp_path: Path, provider: Provider) -> None:
    """The same person comes back in two tabs at the same time: both are in the one account."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            backs = []
            for _ in range(2):
                await desk.begin(ENTER)
                backs.append(await provider.identify(desk.away, "jean-1"))
            answers = await asyncio.gather(*(desk.browser.http.get(back) for back in backs))
            assert [answer.status_code for answer in answers] == [303, 303]
            assert await desk.user_id() == JEAN_ID

    asyncio.run(story())


def test_two_tabs_both_come_back(tmp_path: Path, provider: Provider) -> None:
    """A tab left at the provider comes back after the other one signed the browser in."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            backs = []
            for _ in range(2):
                await desk.begin(ENTER)
                backs.append(await provider.identify(desk.away, "jean-1"))
            for back in backs:
                assert (await desk.browser.open(back)).status == 200

    asyncio.run(story())


def test_the_unit_of_the_provider_is_shown_and_kept(tmp_path: Path, provider: Provider) -> None:
    """What the provider says of the unit is in the profile, follows its changes, and stays when it says nothing."""

    async def story() -> None:
        async with open_desk(tmp_path, provider) as desk:
            for says, shown in (
                ("Bureau des achats", "Bureau des achats"),
                (None, "Bureau des achats"),
                ("Paie", "Paie"),
            ):
                provider.set_person("jean-1", email=JEAN, organizational_unit=says)
                await desk.enter("jean-1")
                profile = await desk.house.world.store.read(profiles.find_profile, JEAN_ID)
                assert profile is not None
                assert profile.fields == {"fr.tchap.unit": shown}

    asyncio.run(story())
