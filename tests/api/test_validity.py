"""The term of an account: what is sent before, what is left after, how it is renewed, and when it is closed."""

import asyncio
import re
from pathlib import Path

import pytest

from tchap.api.routes import ROUTES
from tchap.api.routing import Router
from tchap.base.config import ConfigError
from tchap.base.config_file import parse_settings
from tchap.services import validity
from tchap.services.accounts import authenticate
from tchap.services.deactivation import ClosedBy, deactivate
from tchap.services.renewals import rules_in_force
from tchap.services.world import World
from tchap.storage import accounts, administrations
from tchap.storage.database import Tx
from tests.support.accounts import V3, Person, password_login, person
from tests.support.house import SOON_S, House, Reply, open_house, until_polling
from tests.support.oauth import Browser, post_form, register_app
from tests.support.pages import open_browser
from tests.support.terms import (
    ADMIN,
    DAY_S,
    EXPIRED,
    SEND,
    expire,
    link_to,
    look,
    mails_to,
    open_admin,
    subjects,
    term_of,
    wait_days,
)

JEAN = "jean.martin@prefecture.example.fr"
ZOE = "zoe.petit@hopital.example.fr"
WHOAMI = f"{V3}/account/whoami"
UNSTABLE_SEND = "/_matrix/client/unstable/account_validity/send_mail"
LEFT_TO_THE_EXPIRED = {
    ("POST", f"{V3}/logout"),
    ("POST", f"{V3}/logout/all"),
    ("POST", SEND),
    ("POST", UNSTABLE_SEND),
}


async def closed(house: House, who: Person) -> bool:
    found = await house.world.store.read(accounts.find_account, who.user_id)
    return found is not None and found.deactivated_ts is not None


async def is_expired(house: House, who: Person) -> bool:
    reply = await house.call("GET", WHOAMI, token=who.token)
    assert (reply.status, reply.body.get("errcode")) in ((200, None), (403, EXPIRED)), reply
    return reply.status == 403


def test_a_whole_term_is_told_by_mail_and_ends_in_a_closed_account(tmp_path: Path) -> None:
    """Thirteen months, three mails before the end, one that says it IS expired, a last one, then the account is closed
    and out of its rooms."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, zoe = await person(house, JEAN), await person(house, ZOE)
            await look(house)
            body = {"preset": "private_chat", "invite": [zoe.user_id]}
            room = (await house.ask("POST", f"{V3}/createRoom", body, jean.token))["room_id"]
            await house.ask("POST", f"{V3}/join/{room}", {}, zoe.token)
            for days, newest in (
                (334, None),
                (1, "Votre compte Tchap expire le 14 février 2028"),
                (29, "Votre compte Tchap expire le 14 février 2028"),
                (1, "Rappel : votre compte Tchap expire le 14 février 2028"),
                (15, "Rappel : votre compte Tchap expire le 14 février 2028"),
            ):
                await wait_days(house, days)
                assert [None, *await subjects(house, JEAN)][-1] == newest
                assert not await is_expired(house, jean)
            assert len(await subjects(house, JEAN)) == 3
            await house.ask("GET", await link_to(house, ZOE))
            await wait_days(house, 15)
            assert (await subjects(house, JEAN))[3:] == ["Votre compte Tchap a expiré"]
            assert await is_expired(house, jean)
            await wait_days(house, 104)
            assert len(await subjects(house, JEAN)) == 4
            await wait_days(house, 1)
            assert (await subjects(house, JEAN))[4:] == [
                "Dernier rappel : votre compte Tchap sera fermé le 13 juin 2028"
            ]
            await wait_days(house, 14)
            assert await is_expired(house, jean)
            await wait_days(house, 1)
            gone = await house.call("GET", WHOAMI, token=jean.token)
            assert (gone.status, gone.body["errcode"]) == (401, "M_UNKNOWN_TOKEN")
            members = await house.ask("GET", f"{V3}/rooms/{room}/joined_members", token=zoe.token)
            assert set(members["joined"]) == {zoe.user_id}
            await wait_days(house, 40)
            assert len(await subjects(house, JEAN)) == 5

    asyncio.run(story())


def test_an_expired_account_is_refused_everywhere_but_where_it_is_renewed(tmp_path: Path) -> None:
    """The whole route table, under all of its paths, answers the one refusal, but for the mail and signing out."""
    routes = [route for route in Router(ROUTES).routes if route.auth != "none"]
    assert {(route.method, route.path) for route in ROUTES if route.auth == "expired_ok"} == LEFT_TO_THE_EXPIRED

    async def story() -> None:
        async with open_house(tmp_path, "[rate_limits]\nenabled = false") as house:
            jean, admin = await person(house, JEAN), await open_admin(house)
            await expire(house, jean, admin)
            for route in routes:
                if route.auth == "expired_ok":
                    continue
                path = re.sub(r"\{\w+\}", "x", route.path.strip())
                reply = await house.call(route.method, path, {}, jean.token)
                assert (reply.status, reply.body["errcode"]) == (403, EXPIRED), f"{route.method} {route.path}"
            for path in (SEND, UNSTABLE_SEND):
                assert await house.ask("POST", path, {}, jean.token) == {}
            await house.ask("POST", f"{V3}/logout", {}, jean.token)
            assert (await house.call("GET", WHOAMI, token=jean.token)).status == 401

    asyncio.run(story())


def test_the_mail_renews_the_account_and_the_client_goes_on(tmp_path: Path) -> None:
    """The token that was refused serves again after the link; opened twice, the link says that it was done before."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, admin = await person(house, JEAN), await open_admin(house)
            await expire(house, jean, admin)
            assert await is_expired(house, jean)
            assert await house.ask("POST", SEND, {}, jean.token) == {}
            mail = (await mails_to(house, JEAN))[-1]
            assert mail["subject"] == "Votre compte Tchap a expiré / Your Tchap account has expired"
            assert "Vos salons et vos messages sont gardés." in mail["text"]
            link = await link_to(house, JEAN)
            async with open_browser(house) as browser:
                done = await browser.open(link)
                assert (done.status, done.headings) == (200, ["h1 Votre compte est renouvelé"])
                again = await browser.open(link.replace("/_synapse/client/email_", "/_matrix/client/unstable/"))
                assert (again.status, again.headings) == (200, ["h1 Votre compte est déjà renouvelé"])
                for wrong in ("x" * 43, "", "é"):
                    bad = await browser.open(f"{link.partition('=')[0]}={wrong}")
                    assert (bad.status, bad.headings) == (400, ["h1 Lien non valable"])
            async with open_browser(house, "en") as browser:
                assert (await browser.open(link)).headings == ["h1 Your account is renewed already"]
            assert not await is_expired(house, jean)
            assert (await term_of(house, jean.user_id)).expires_ts == house.clock.now + 395 * DAY_S * 1000

    asyncio.run(story())


def test_mails_are_thirty_seconds_apart(tmp_path: Path) -> None:
    """A second mail within thirty seconds is refused, with how long to wait."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, admin = await person(house, JEAN), await open_admin(house)
            await expire(house, jean, admin)
            await house.ask("POST", UNSTABLE_SEND, {}, jean.token)
            refused = await house.call("POST", SEND, {}, jean.token)
            assert (refused.status, refused.body["errcode"]) == (429, "M_LIMIT_EXCEEDED")
            assert 29_000 <= refused.body["retry_after_ms"] <= 30_001
            house.clock.move(31)
            await house.ask("POST", SEND, {}, jean.token)
            assert len(await subjects(house, JEAN)) == 2

    asyncio.run(story())


def test_any_mail_of_the_term_renews_and_all_are_spent_at_once(tmp_path: Path) -> None:
    """The link of the first mail works after the second came; the second's then says that it was done before."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            await person(house, JEAN)
            await look(house)
            await wait_days(house, 335)
            first = await link_to(house, JEAN)
            await wait_days(house, 30)
            second = await link_to(house, JEAN)
            assert first != second
            assert "Votre compte est renouvelé" in await house.ask("GET", first)
            assert "déjà renouvelé" in await house.ask("GET", second)
            await wait_days(house, 334)
            assert len(await subjects(house, JEAN)) == 2
            await wait_days(house, 1)
            assert len(await subjects(house, JEAN)) == 3, "the next term has its own mails"

    asyncio.run(story())


def test_a_look_at_the_link_renews_nothing(tmp_path: Path) -> None:
    """A scanner that asks for the headers alone leaves the account as it was."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, admin = await person(house, JEAN), await open_admin(house)
            await expire(house, jean, admin)
            await house.ask("POST", SEND, {}, jean.token)
            assert (await house.http.head(await link_to(house, JEAN))).status_code == 200
            assert await is_expired(house, jean)

    asyncio.run(story())


async def set_domain(tx: Tx, domain: str, status: str) -> None:
    await tx.run("UPDATE administration_domains SET status = $1 WHERE domain = $2", status, domain)


def test_a_domain_that_is_not_authorised_any_more_renews_nobody(tmp_path: Path) -> None:
    """The law is asked again when the mail is wanted and when its link is opened."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, admin, world = await person(house, JEAN), await open_admin(house), house.world
            await expire(house, jean, admin)
            await house.ask("POST", SEND, {}, jean.token)
            link = await link_to(house, JEAN)
            await world.store.write(set_domain, "prefecture.example.fr", administrations.CLOSED)
            page = await house.call("GET", link)
            assert page.status == 400
            assert "n'est plus autorisé" in page.body.replace("&#x27;", "'")
            refused = await house.call("POST", SEND, {}, jean.token)
            assert (refused.status, refused.body["errcode"]) == (403, "M_THREEPID_DENIED")
            assert await is_expired(house, jean)
            # A domain that takes nobody new keeps those it has.
            await world.store.write(set_domain, "prefecture.example.fr", administrations.SUSPENDED)
            house.clock.move(31)
            assert await house.ask("POST", SEND, {}, jean.token) == {}
            assert (await house.call("GET", link)).status == 200
            assert not await is_expired(house, jean)

    asyncio.run(story())


def test_a_locked_account_is_not_renewed_by_asking(tmp_path: Path) -> None:
    """What an administrator locked is sent no mail, though it expired."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, admin = await person(house, JEAN), await open_admin(house)
            await expire(house, jean, admin)
            await house.ask("PUT", f"/_matrix/client/v1/admin/lock/{jean.user_id}", {"locked": True}, admin.token)
            refused = await house.call("POST", SEND, {}, jean.token)
            assert (refused.status, refused.body["errcode"]) == (401, "M_USER_LOCKED")
            await look(house)
            assert await subjects(house, JEAN) == []

    asyncio.run(story())


def test_polls_end_when_the_account_expires(tmp_path: Path) -> None:
    """A sync that waits is answered at the end of the term, and at once where an administrator ends it."""

    async def wait(house: House, who: Person) -> "asyncio.Task[Reply]":
        since = (await house.ask("GET", f"{V3}/sync", token=who.token))["next_batch"]
        poll = asyncio.create_task(house.call("GET", f"{V3}/sync?timeout=60000&since={since}", token=who.token))
        await until_polling(house)
        assert not poll.done()
        return poll

    async def story() -> None:
        async with open_house(tmp_path, "[validity]\nmail_days_before = []") as house:
            jean, zoe, admin = await person(house, JEAN), await person(house, ZOE), await open_admin(house)
            await look(house)
            end = house.clock.now + DAY_S * 1000
            await house.ask("POST", ADMIN, {"user_id": jean.user_id, "expiration_ts": end}, admin.token)
            await look(house)
            poll = await wait(house, jean)
            house.clock.move(DAY_S)
            await look(house)
            assert (await asyncio.wait_for(poll, SOON_S)).body["errcode"] == EXPIRED
            poll = await wait(house, zoe)
            await expire(house, zoe, admin)
            assert (await asyncio.wait_for(poll, SOON_S)).body["errcode"] == EXPIRED

    asyncio.run(story())


def test_an_application_keeps_its_session_through_an_expiry(tmp_path: Path) -> None:
    """Refreshing still gives tokens, which then answer that the account expired; after the renewal they serve."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, admin, app = await person(house, JEAN), await open_admin(house), await register_app(house)
            tokens = await app.sign_in(jean.user_id)
            old = {"type": "m.login.password", "refresh_token": True, **password_login(jean.user_id)}
            older = await house.ask("POST", f"{V3}/login", old)
            await expire(house, jean, admin)
            fresh = (await app.refresh(tokens["refresh_token"])).body
            again = await house.ask("POST", f"{V3}/refresh", {"refresh_token": older["refresh_token"]})
            held = [fresh["access_token"], again["access_token"]]
            for token in held:
                assert (await house.call("GET", WHOAMI, token=token)).body["errcode"] == EXPIRED
            await house.ask("POST", SEND, {}, held[0])
            assert (await house.call("GET", await link_to(house, JEAN))).status == 200
            for token in held:
                assert (await house.ask("GET", WHOAMI, token=token))["user_id"] == jean.user_id
            await expire(house, jean, admin)
            assert (await post_form(house, "/oauth2/revoke", token=fresh["refresh_token"])).status == 200
            assert (await app.refresh(fresh["refresh_token"])).body["error"] == "invalid_grant"
            assert (await Browser(house).open("/account")).status == 200

    asyncio.run(story())


def test_our_pages_send_the_mail_to_who_knows_the_password(tmp_path: Path) -> None:
    """Signing in to an expired account shows what to do, and the mail is there; a wrong password sends none."""

    async def story() -> None:
        async with open_house(tmp_path) as house, open_browser(house) as browser:
            jean, admin = await person(house, JEAN), await open_admin(house)
            await expire(house, jean, admin)
            await browser.open("/account/sign-in")
            wrong = await browser.submit(user=JEAN, password="Faux-mot-de-passe-1")
            assert (wrong.status, await subjects(house, JEAN)) == (403, [])
            await browser.open("/account/sign-in")
            page = await browser.submit(user=JEAN, password="Correct-cheval-9")
            assert (page.status, page.headings) == (403, ["h1 Votre compte a expiré"])
            assert await subjects(house, JEAN) == ["Votre compte Tchap a expiré"]
            await house.ask("GET", await link_to(house, JEAN))
            await browser.follow("Se connecter")
            assert (await browser.submit(user=JEAN, password="Correct-cheval-9")).path == "/account"

    asyncio.run(story())


def test_an_administrator_decides_on_a_term(tmp_path: Path) -> None:
    """An end, a period from now where none is said, and no mails: both paths, audited, for administrators alone."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, admin = await person(house, JEAN), await open_admin(house)
            await look(house)
            wanted = {"user_id": jean.user_id, "expiration_ts": house.clock.now + 10 * DAY_S * 1000}
            for path in (ADMIN, "/_synapse/admin/v1/account_validity/validity"):
                refused = await house.call("POST", path, wanted, jean.token)
                assert (refused.status, refused.body["errcode"]) == (403, "M_FORBIDDEN")
                body = {"user_id": jean.user_id}
                answer = await house.ask("POST", path, body, admin.token)
                assert answer == {"expiration_ts": house.clock.now + 395 * DAY_S * 1000}
                for bad in ({}, {**wanted, "expiration_ts": -1}, {**wanted, "enable_renewal_emails": "no"}):
                    assert (await house.call("POST", path, bad, admin.token)).status == 400
            nobody = await house.call(
                "POST", ADMIN, {**wanted, "user_id": "@x:agent.externe.tchap.example.fr"}, admin.token
            )
            assert nobody.status == 404
            answer = await house.ask("POST", ADMIN, {**wanted, "enable_renewal_emails": False}, admin.token)
            assert answer == {"expiration_ts": wanted["expiration_ts"]}
            await wait_days(house, 11)
            assert await is_expired(house, jean)
            assert await subjects(house, JEAN) == [], "no mails were wanted"
            await wait_days(house, 300)
            assert await is_expired(house, jean), "nobody is closed unwarned"
            acts = (await house.ask("GET", "/_tchap/admin/v1/audit", token=admin.token))["acts"]
            detail = f"expiration_ts={wanted['expiration_ts']} mails=off"
            assert (acts[0]["act"], acts[0]["target"], acts[0]["detail"]) == ("set_validity", jean.user_id, detail)

    asyncio.run(story())


def test_accounts_made_before_the_setting_are_given_terms_on_many_days(tmp_path: Path) -> None:
    """Turned on after years, the rule writes to nobody at once; turned off, nobody expires any more."""
    off = "[validity]\nenabled = false"

    async def age(tx: Tx) -> None:
        await tx.run("UPDATE account_emails SET validated_ts = validated_ts - $1", 4000 * DAY_S * 1000)

    async def story() -> None:
        async with open_house(tmp_path, off) as house:
            jean, zoe = await person(house, JEAN), await person(house, ZOE)
            await look(house)
            assert (await term_of(house, jean.user_id)).expires_ts is None
            await house.world.store.write(age)
        async with open_house(tmp_path) as house:
            await look(house)
            terms = [(await term_of(house, who.user_id)).expires_ts or 0 for who in (jean, zoe)]
            assert terms[0] != terms[1]
            assert all(60 <= (term - house.clock.now) / 1000 / DAY_S < 395 for term in terms)
            assert await subjects(house, JEAN) == []
            await authenticate(house.world, jean.token)
        async with open_house(tmp_path, off) as house:
            await look(house)
            house.clock.move(400 * DAY_S)
            assert not await is_expired(house, jean)

    asyncio.run(story())


def test_exempt_people_have_no_term(tmp_path: Path) -> None:
    """Neither an exempt domain nor an account without mailbox expires; a term given before is lifted."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean = await person(house, JEAN)
            await look(house)
            assert (await term_of(house, jean.user_id)).expires_ts is not None
        exempt = '[validity]\nexempt = ["@prefecture.example.fr"]'
        async with open_house(tmp_path, exempt) as house:
            zoe = await person(house, ZOE)
            await wait_days(house, 340)
            assert (await term_of(house, jean.user_id)).expires_ts is None
            assert await house.ask("POST", SEND, {}, jean.token) == {}
            assert await subjects(house, JEAN) == []
            await wait_days(house, 60)
            assert (await is_expired(house, jean), await is_expired(house, zoe)) == (False, True)

    asyncio.run(story())


@pytest.mark.parametrize(
    "text",
    [
        "period_days = 0",
        "mail_days_before = [15, 30]",
        "mail_days_before = [30, 30]",
        "mail_days_before = [400]",
        "mail_days_before = [0]",
        "last_mail_days_before = 120",
        'exempt = ["*"]',
    ],
)
def test_rules_that_make_no_sense_are_refused_at_the_start(text: str) -> None:
    """A schedule out of order or a pattern nobody can read stops the server before it opens."""
    with pytest.raises(ConfigError):
        rules_in_force(parse_settings(f"[validity]\n{text}"))


def test_who_asks_learns_who_is_expired_or_gone(tmp_path: Path) -> None:
    """Agents learn it of everybody here, guests of those they share a room with."""

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, zoe, admin = await person(house, JEAN), await person(house, ZOE), await open_admin(house)
            rule = {"type": "im.vector.room.access_rules", "state_key": "", "content": {"rule": "unrestricted"}}
            room = (await house.ask("POST", f"{V3}/createRoom", {"initial_state": [rule]}, jean.token))["room_id"]
            guest_at = "paul@mairie.example"
            invited = {"medium": "email", "address": guest_at, "id_server": "x", "id_access_token": "x"}
            await house.ask("POST", f"{V3}/rooms/{room}/invite", invited, jean.token)
            guest = await person(house, guest_at)
            await house.ask("POST", f"{V3}/join/{room}", {}, guest.token)
            await expire(house, zoe, admin)
            everybody = {"user_ids": [jean.user_id, zoe.user_id, guest.user_id, "@nobody:elsewhere.example"]}
            path = "/_matrix/client/unstable/users/info"
            good, expired = {"expired": False, "deactivated": False}, {"expired": True, "deactivated": False}
            seen = await house.ask("POST", path, everybody, jean.token)
            assert seen == {jean.user_id: good, zoe.user_id: expired, guest.user_id: good}
            assert await house.ask("POST", path, everybody, guest.token) == {jean.user_id: good, guest.user_id: good}
            one = f"/_matrix/client/r0/user/{zoe.user_id}/info"
            assert await house.ask("GET", one, token=jean.token) == expired
            assert (await house.call("GET", one, token=guest.token)).status == 404
            await house.ask("POST", f"/_tchap/admin/v1/users/{zoe.user_id}/deactivate", {}, admin.token)
            assert (await house.ask("GET", one, token=jean.token))["deactivated"] is True
            crowd = {"user_ids": ["@x:y"] * 501}
            assert (await house.call("POST", path, crowd, jean.token)).status == 400
            assert (await house.call("POST", path, {"user_ids": "x"}, jean.token)).status == 400

    asyncio.run(story())


def test_an_account_that_cannot_be_closed_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others of the same look are closed; that one is tried again an hour later."""
    stuck = ["@jean.martin-prefecture.example.fr:agent.prefectures.tchap.example.fr"]

    async def close(world: World, user_id: str, erase: bool, closed_by: ClosedBy) -> None:
        if user_id in stuck:
            raise RuntimeError("a room that cannot be left")
        await deactivate(world, user_id, erase, closed_by)

    async def story() -> None:
        async with open_house(tmp_path) as house:
            jean, zoe = await person(house, JEAN), await person(house, ZOE)
            assert stuck == [jean.user_id]
            await look(house)
            await wait_days(house, 395 + 121)
            assert await closed(house, zoe)
            assert not await closed(house, jean)
            stuck.clear()
            house.clock.move(3601)
            await look(house)
            assert await closed(house, jean)

    monkeypatch.setattr(validity, "deactivate", close)
    asyncio.run(story())
