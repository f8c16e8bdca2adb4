"""An administration joins by itself: the mailbox, the domain, the decision; by page and by program."""

import asyncio
import contextlib
import random
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tchap.base import limits
from tchap.services.admins import name_admin_from_console
from tchap.services.domain_import import import_domains
from tchap.services.domain_proofs import check_due
from tchap.services.emails import find_proven, submit_code
from tchap.services.registration import register_by_email
from tchap.storage.mail_outbox import OutgoingMail, find_in_mailbox
from tests.policy.test_emails_fuzz import SEED, hostile
from tests.support.accounts import V3, Person, person, read_code
from tests.support.dns_server import DnsServer, run_dns_server
from tests.support.house import PASSWORD, House, Reply, open_house
from tests.support.pages import Browser, Page, open_browser

API = "/_tchap/v1/domain_requests"
ADMIN = "/_tchap/admin/v1/domain_requests"
KNOWN = "valmont-sur-eure.example"
MAIRE = f"maire@{KNOWN}"
OPERATOR = "camille.durand@prefecture.example.fr"
AUTHORITY = "dsi@departement.example"
SECRET = "un-secret"
DESCRIPTION = {
    "name": "Mairie de Valmont-sur-Eure",
    "kind": "local_authority",
    "siren": "732829320",
    "headcount": 12,
    "accept_terms": True,
}


@dataclass(slots=True)
class Desk:
    """A house whose name server and list of domains are the test's."""

    house: House
    dns: DnsServer

    async def ask_code(self, email: str, attempt: int = 1) -> Reply:
        wish = {"email": email, "client_secret": SECRET, "send_attempt": attempt}
        return await self.house.call("POST", f"{API}/code", wish)

    async def begin(self, email: str, attempt: int = 1) -> "Asking":
        """A request whose mailbox is proven."""
        asked = await self.ask_code(email, attempt)
        assert asked.status == 200, asked
        proof = {"sid": asked.body["sid"], "client_secret": SECRET, "code": await read_code(self.house, email)}
        body = await self.house.ask("POST", API, proof)
        return Asking(self, body["request_id"], body["token"])

    async def describe(self, email: str, **more: object) -> "Asking":
        """A request whose domain is to be proven."""
        asking = await self.begin(email)
        await asking.ask("PUT", "", DESCRIPTION | more)
        return asking

    async def mails(self, to: str) -> list[dict[str, Any]]:
        return list(await self.house.ask("GET", f"/_tchap/mailbox.json?to={to}"))

    async def operator(self) -> Person:
        operator = await person(self.house, OPERATOR)
        await name_admin_from_console(self.house.world.store, operator.user_id, True, 1)
        return operator


@dataclass(slots=True)
class Asking:
    """A request, in the hands of who began it."""

    desk: Desk
    request_id: str
    token: str

    async def call(self, method: str, path: str = "", body: object = None) -> Reply:
        return await self.desk.house.call(method, f"{API}/{self.request_id}{path}", body, self.token)

    async def ask(self, method: str, path: str = "", body: object = None) -> dict[str, Any]:
        reply = await self.call(method, path, body)
        assert reply.status == 200, reply
        return dict(reply.body)

    async def publish(self, name: str | None = None) -> None:
        """The record that was asked for, in the DNS."""
        shown = await self.ask("GET")
        self.desk.dns.set_text(name or shown["dns"]["names"][0], "autre=chose", shown["dns"]["text"])


@contextlib.asynccontextmanager
async def open_desk(folder: Path, config: str = "", known: str = KNOWN) -> AsyncIterator[Desk]:
    with run_dns_server() as dns:
        text = f"""
{config}
[onboarding]
dns_servers = ["{dns.address}"]
dns_timeout_s = 0.6
deciders_email = "guichet@tchap.example.fr"
[[onboarding.authorities]]
name = "DSI du département"
email = "{AUTHORITY}"
domains = ["*.departement.example"]
"""
        async with open_house(folder, text) as house:
            await import_domains(house.world.store, known, "essai", 1, replaces=False)
            yield Desk(house, dns)


def run(folder: Path, story: Any, config: str = "[rate_limits]\nenabled = false", known: str = KNOWN) -> None:
    async def tell() -> None:
        async with open_desk(folder, config, known) as desk:
            await story(desk)

    asyncio.run(tell())


def test_a_known_domain_is_open_as_soon_as_it_is_proven(tmp_path: Path) -> None:
    """Nobody acts: the record is seen, the administration is there, its first agent signs up, and all is told."""

    async def story(desk: Desk) -> None:
        refused = await desk.house.call("POST", f"{V3}/register/email/requestToken", _wish(MAIRE))
        assert (refused.status, refused.body["reason"]) == (403, "not_invited")
        assert refused.body["fr.tchap.open_url"] == "http://127.0.0.1:8008/ouvrir"
        asking = await desk.describe(MAIRE, delegates=[MAIRE, f"dgs@{KNOWN}"])
        shown = await asking.ask("GET")
        assert (shown["state"], shown["known"]) == ("proving", True)
        assert shown["dns"]["names"] == [f"_tchap.{KNOWN}", KNOWN]
        assert shown["dns"]["text"] in (await desk.mails(MAIRE))[-1]["text"]
        assert (await asking.ask("POST", "/check"))["proven"] is False
        await asking.publish()
        checked = await asking.ask("POST", "/check")
        assert (checked["proven"], checked["state"]) == (True, "approved")
        agent = await person(desk.house, f"agent.premier@{KNOWN}")
        assert agent.user_id.endswith(":agent.prefectures.tchap.example.fr")
        profile = await desk.house.ask("GET", f"{V3}/profile/{agent.user_id}", token=agent.token)
        assert "Mairie" not in profile["displayname"], "a name that the requester chose stands after her agents'"
        assert any("est ouvert aux adresses" in each["text"] for each in await desk.mails(MAIRE))
        assert await desk.mails(f"dgs@{KNOWN}"), "a delegate was told nothing"
        operator = await desk.operator()
        acts = (await desk.house.ask("GET", "/_tchap/admin/v1/audit", token=operator.token))["acts"]
        assert ("on-boarding", "approve_domain", KNOWN) in [(a["admin"], a["act"], a["target"]) for a in acts]

    run(tmp_path, story)


def _wish(email: str) -> dict[str, object]:
    return {"email": email, "client_secret": SECRET, "send_attempt": 1}


def test_an_unknown_domain_waits_with_all_a_decider_needs(tmp_path: Path) -> None:
    """What resembles it, its mail servers, who asked and how it was proven; approved by a person, it is open."""

    async def story(desk: Desk) -> None:
        domain = "valmont-sur-eurre.example"
        desk.dns.set(domain, "MX", "10 mx.hebergeur.example.")
        desk.dns.set(domain, "NS", "ns1.hebergeur.example.")
        asking = await desk.describe(f"maire@{domain}")
        await asking.publish(domain)
        desk.dns.records[(domain, "TXT")].append('"v=spf1 mx -all"')
        assert (await asking.ask("POST", "/check"))["state"] == "waiting"
        refused = await desk.house.call("POST", f"{V3}/register/email/requestToken", _wish(f"agent@{domain}"))
        assert refused.status == 403
        operator = await desk.operator()
        listed = await desk.house.ask("GET", ADMIN, token=operator.token)
        assert [each["domain"] for each in listed["requests"]] == [domain]
        request = f"{ADMIN}/{asking.request_id}"
        shown = await desk.house.ask("GET", request, token=operator.token)
        assert shown["facts"]["resembles"] == [{"domain": KNOWN, "likeness": "same_words"}]
        assert shown["facts"]["reasons"] == ["unknown", "same_words"]
        dns = shown["now"]["dns"]
        assert (dns["mx"], dns["ns"], dns["spf"]) == (
            ["mx.hebergeur.example"],
            ["ns1.hebergeur.example"],
            "v=spf1 mx -all",
        )
        assert (shown["requester"], shown["proof_way"]) == (f"maire@{domain}", "dns")
        assert not {"token_hash", "proof_hash"} & shown.keys()
        assert domain in (await desk.mails("guichet@tchap.example.fr"))[-1]["text"]
        approved = await desk.house.ask("POST", f"{request}/approve", {}, operator.token)
        assert (approved["state"], approved["decided_by"]) == ("approved", operator.user_id)
        await person(desk.house, f"agent.premier@{domain}")

    run(tmp_path, story)


def test_a_request_is_refused_suspended_and_reopened_with_a_reason(tmp_path: Path) -> None:
    """Only an operator decides, in a lawful order, always with a reason that the requester reads."""

    async def story(desk: Desk) -> None:
        call, operator = desk.house.call, await desk.operator()
        stranger = await person(desk.house, "jean.martin@prefecture.example.fr")
        first = await desk.describe("maire@bourg-lointain.example")
        path = f"{ADMIN}/{first.request_id}"
        for method, where in (("GET", ADMIN), ("GET", path), ("POST", f"{path}/refuse")):
            body = {"reason": "x"} if method == "POST" else None
            assert (await call(method, where, body, stranger.token)).status == 403
            assert (await call(method, where, body)).status == 401
        assert (await call("POST", f"{path}/approve", {}, operator.token)).status == 403, "nothing is proven"
        assert (await call("POST", f"{path}/refuse", {"reason": " "}, operator.token)).status == 400
        refused = await call("POST", f"{path}/refuse", {"reason": "Ce domaine a été vendu."}, operator.token)
        assert (refused.status, refused.body["state"]) == (200, "refused")
        assert "vendu" in (await desk.mails("maire@bourg-lointain.example"))[-1]["text"]
        assert (await first.call("POST", "/check")).status == 403
        second = await desk.describe(MAIRE)
        await second.publish()
        await second.ask("POST", "/check")
        path = f"{ADMIN}/{second.request_id}"
        for act, state, status in (("suspend", "suspended", 403), ("reopen", "approved", 200)):
            done = await call("POST", f"{path}/{act}", {"reason": "Alerte en cours"}, operator.token)
            assert (done.status, done.body["state"]) == (200, state)
            wish = _wish(f"agent.{act}@{KNOWN}")
            assert (await call("POST", f"{V3}/register/email/requestToken", wish)).status == status
        assert (await call("POST", f"{path}/reopen", {}, operator.token)).status == 403
        assert any("Alerte en cours" in each["text"] for each in await desk.mails(MAIRE))
        acts = (await desk.house.ask("GET", "/_tchap/admin/v1/audit", token=operator.token))["acts"]
        done = {each["act"] for each in acts if each["admin"] == operator.user_id}
        assert {"refuse_domain", "suspend_domain", "reopen_domain"} <= done

    run(tmp_path, story)


def test_a_domain_that_would_deceive_gets_no_code(tmp_path: Path) -> None:
    """Look-alikes, punycode, public suffixes, webmail and disposable mail are refused before a mail leaves."""
    refused = {
        "maire@va1mont-sur-eure.example": "same_look",
        "maire@valmont-sur-eure.example.com": "embeds",
        "maire@interieur-gouv.fr": "claims_state",
        "maire@gouv-fr.com": "claims_state",
        "maire@prefecture.gouv.fr.example.com": "claims_state",
        "maire@xn--valmont-sur-ure-jhb.example": "punycode",
        "maire@asso.fr": "public_suffix",
        "maire@gmail.com": "provider",
        "maire@mairie.free.fr": "provider",
        "maire@yopmail.com": "disposable",
        "maire@prefecture.example.fr": "already_open",
    }

    async def story(desk: Desk) -> None:
        for email, reason in refused.items():
            reply = await desk.ask_code(email)
            assert (reply.status, reply.body["errcode"]) == (403, "M_THREEPID_DENIED"), email
            assert reply.body["reason"] == reason, email
            assert await desk.mails(email) == []
        assert KNOWN in (await desk.ask_code("maire@va1mont-sur-eure.example")).body["error"]
        assert (await desk.ask_code("maire@[192.0.2.1]")).body["errcode"] == "M_INVALID_EMAIL"

    run(tmp_path, story)


def test_whoever_opened_first_is_resembled_too(tmp_path: Path) -> None:
    """A domain opened a moment ago, unknown to the State's list, is guarded like the others."""

    async def story(desk: Desk) -> None:
        domain = "bourg-lointain.example"
        operator, asking = await desk.operator(), await desk.describe(f"maire@{domain}")
        await asking.publish()
        await asking.ask("POST", "/check")
        assert (await desk.ask_code("maire@b0urg-lointain.example")).status == 200, "nobody resembled it yet"
        await desk.house.ask("POST", f"{ADMIN}/{asking.request_id}/approve", {}, operator.token)
        reply = await desk.ask_code("maire@b0urg-lointain.example", 2)
        assert (reply.status, reply.body["reason"]) == (403, "same_look")

    run(tmp_path, story)


def test_a_page_may_be_closed_while_the_dns_spreads(tmp_path: Path) -> None:
    """The record is looked for again and again, ever more rarely; once it is there, a mail says that all is open."""

    async def story(desk: Desk) -> None:
        asking = await desk.describe(MAIRE)
        world, clock = desk.house.world, desk.house.clock
        looks = 0
        for _ in range(60):
            clock.move(limits.DNS_CHECK_MS / 1000)
            before = len(desk.dns.asked)
            assert await check_due(world) == 0
            looks += len(desk.dns.asked) > before
        assert 4 <= looks <= 7, "an hour was looked through with pauses that double"
        desk.dns.is_silent = True
        clock.move(limits.MAX_DNS_CHECK_MS / 1000)
        assert await check_due(world) == 0
        desk.dns.is_silent = False
        await asking.publish()
        clock.move(limits.MAX_DNS_CHECK_MS / 1000)
        assert await check_due(world) == 1
        assert (await asking.ask("GET"))["state"] == "approved"
        assert "est ouvert" in (await desk.mails(MAIRE))[-1]["text"]
        assert await check_due(world) == 0

    run(tmp_path, story)


def test_a_postmaster_answers_for_the_domain(tmp_path: Path) -> None:
    """Opening the mail's link proves nothing, its button does, once; the administration is open without any DNS."""

    async def story(desk: Desk) -> None:
        asking = await desk.describe(MAIRE)
        assert (await asking.call("POST", "/mail", {"to": "chef@ailleurs.example"})).status == 400
        assert (await asking.ask("POST", "/mail", {"to": "postmaster"}))["mailed_to"] == f"postmaster@{KNOWN}"
        old = await _link(desk, f"postmaster@{KNOWN}")
        await asking.ask("POST", "/mail", {"to": "postmaster"})
        link = await _link(desk, f"postmaster@{KNOWN}")
        async with open_browser(desk.house) as browser:
            assert (await browser.open(old)).status == 404, "an older link is worth nothing any more"
            read = await browser.open(link)
            assert MAIRE in read.text
            assert (await asking.ask("GET"))["state"] == "proving", "a scanner that opened the link confirmed"
            assert "Tchap est ouvert" in (await browser.submit("Confirmer la demande")).text
            assert (await browser.open(link)).status == 404
        assert (await asking.ask("GET"))["state"] == "approved"
        await person(desk.house, f"agent.premier@{KNOWN}")

    run(tmp_path, story)


def test_a_designated_authority_answers_for_its_own(tmp_path: Path) -> None:
    """The authority over a domain confirms or rejects; over others it is not even offered."""

    async def story(desk: Desk) -> None:
        other = await desk.describe("maire@bourg-lointain.example")
        assert list((await other.ask("GET"))["addressees"]) == ["postmaster"]
        assert (await other.call("POST", "/mail", {"to": "DSI du département"})).status == 400
        asking = await desk.describe("chef@college.departement.example")
        await asking.ask("POST", "/mail", {"to": "DSI du département"})
        async with open_browser(desk.house) as browser:
            await browser.open(await _link(desk, AUTHORITY))
            assert "rejetée" in (await browser.submit("Rejeter la demande")).text
        assert (await asking.ask("GET"))["state"] == "refused"
        assert AUTHORITY in (await desk.mails("chef@college.departement.example"))[-1]["text"]

    run(tmp_path, story)


async def _link(desk: Desk, to: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:8008(/ouvrir/preuve\?token=\S+)", (await desk.mails(to))[-1]["text"])
    assert found is not None
    return found[1]


def test_a_request_is_its_requesters_alone(tmp_path: Path) -> None:
    """Without its secret there is no request; who proves the address again takes it up, and the old secret ends."""

    async def story(desk: Desk) -> None:
        asking = await desk.describe(MAIRE)
        call = desk.house.call
        for token in (None, "x", f"{asking.token}x"):
            assert (await call("GET", f"{API}/{asking.request_id}", None, token)).status == 404
        colleague = await desk.begin(f"dgs@{KNOWN}")
        assert colleague.request_id != asking.request_id
        again = await desk.begin(MAIRE, 2)
        assert again.request_id == asking.request_id
        assert (await again.ask("GET"))["name"] == DESCRIPTION["name"]
        assert (await asking.call("GET")).status == 404
        assert (await again.ask("DELETE"))["state"] == "withdrawn"
        assert (await again.call("POST", "/check")).status == 403

    run(tmp_path, story)


def test_rights_are_those_of_the_address_that_received_the_code(tmp_path: Path) -> None:
    """Another person's proof, another act's proof or no proof begins nothing; the domain is never typed."""

    async def story(desk: Desk) -> None:
        call = desk.house.call
        sid = (await desk.ask_code(MAIRE)).body["sid"]
        code = await read_code(desk.house, MAIRE)
        for proof in (
            {"sid": sid, "client_secret": SECRET},
            {"sid": sid, "client_secret": SECRET, "code": "000000" if code != "000000" else "111111"},
            {"sid": sid, "client_secret": "autre", "code": code},
        ):
            assert (await call("POST", API, proof)).status == 403
        wish = {"client_secret": SECRET, "email": OPERATOR, "send_attempt": 1}
        other = await desk.house.ask("POST", f"{V3}/register/email/requestToken", wish)
        proof = {"sid": other["sid"], "client_secret": SECRET, "code": await read_code(desk.house, OPERATOR)}
        assert (await call("POST", API, proof)).status == 403, "a proof to sign up opened an administration"
        proof = {"sid": sid, "client_secret": SECRET, "code": code, "domain": "prefecture.example.fr"}
        begun = await desk.house.ask("POST", API, proof)
        assert (begun["domain"], begun["requester"]) == (KNOWN, MAIRE)
        assert (await call("POST", API, proof)).status == 403, "a proof served twice"

    run(tmp_path, story)


def test_a_description_is_checked(tmp_path: Path) -> None:
    """Every field that cannot be is named at once; people of other domains are not delegates; terms are accepted."""

    async def story(desk: Desk) -> None:
        asking = await desk.begin(MAIRE)
        assert (await asking.call("POST", "/check")).status == 403, "nothing is described yet"
        wrong = {
            "name": "\u202eab",
            "kind": "empire",
            "siren": "732829321",
            "headcount": 5,
            "contact": "maire@gmail.com",
            "delegates": [MAIRE, f"maire@evil.example@{KNOWN}"],
        }
        reply = await asking.call("PUT", "", wrong)
        assert reply.status == 400
        assert reply.body["fields"] == ["name", "kind", "siren", "contact", "delegates", "terms"]
        assert (await asking.ask("PUT", "", DESCRIPTION))["delegates"] == [MAIRE]

    run(tmp_path, story)


def test_only_so_many_ask_for_one_domain(tmp_path: Path) -> None:
    """The requests of one domain have a bound; those nobody finished are forgotten after a month."""

    async def story(desk: Desk) -> None:
        for number in range(limits.MAX_DOMAIN_REQUESTS):
            await desk.begin(f"agent{number}@{KNOWN}")
        sid = (await desk.ask_code(MAIRE)).body["sid"]
        proof = {"sid": sid, "client_secret": SECRET, "code": await read_code(desk.house, MAIRE)}
        assert (await desk.house.call("POST", API, proof)).status == 429
        desk.house.clock.move(limits.DOMAIN_REQUEST_MS / 1000 + 1)
        await check_due(desk.house.world)
        await desk.begin(MAIRE, 2)

    run(tmp_path, story)


def test_checks_are_counted(tmp_path: Path) -> None:
    """The DNS is looked at a few times at once, then slowly."""

    async def story(desk: Desk) -> None:
        asking = await desk.describe(MAIRE)
        statuses = [(await asking.call("POST", "/check")).status for _ in range(12)]
        assert statuses.count(429) == 2

    run(tmp_path, story, config="")


def test_a_silent_dns_is_told(tmp_path: Path) -> None:
    """Where no name server answers, the requester is told so, and nothing is decided."""

    async def story(desk: Desk) -> None:
        asking = await desk.describe(MAIRE)
        desk.dns.is_silent = True
        reply = await asking.call("POST", "/check")
        assert (reply.status, reply.body["errcode"]) == (502, "M_CONNECTION_FAILED")
        assert (await asking.ask("GET"))["state"] == "proving"

    run(tmp_path, story)


def test_two_town_halls_of_one_name(tmp_path: Path) -> None:
    """The second is told apart by its domain; a colleague who comes late is told that it is open."""

    async def story(desk: Desk) -> None:
        operator = await desk.operator()
        late = await desk.describe(f"dgs@{KNOWN}")
        for domain in (KNOWN, "valmont-le-petit.example"):
            asking = await desk.describe(f"maire@{domain}")
            await asking.publish()
            assert (await asking.ask("POST", "/check"))["state"] == "approved"
        await late.publish()
        assert (await late.ask("POST", "/check"))["state"] == "refused"
        assert "déjà ouverte" in (await desk.mails(f"dgs@{KNOWN}"))[-1]["text"]
        shown = await desk.house.ask("GET", f"{ADMIN}?state=approved", token=operator.token)
        assert len({each["administration_id"] for each in shown["requests"]}) == 2

    run(tmp_path, story, known=f"{KNOWN}\nvalmont-le-petit.example")


def test_a_list_of_requests_is_turned_page_by_page(tmp_path: Path) -> None:
    """The oldest first, each once."""

    async def story(desk: Desk) -> None:
        operator = await desk.operator()
        for number in range(3):
            await desk.begin(f"maire@commune-numero-{number}x{number}.example")
            desk.house.clock.move(1)
        seen, place = [], ""
        while place is not None:
            query = f"?state=describing&limit=2{place}"
            page = await desk.house.ask("GET", f"{ADMIN}{query}", token=operator.token)
            seen += [each["domain"] for each in page["requests"]]
            place = f"&from={page['next']}" if "next" in page else None
        assert seen == [f"commune-numero-{number}x{number}.example" for number in range(3)]
        assert (await desk.house.call("GET", f"{ADMIN}?state=new", None, operator.token)).status == 400
        assert (await desk.house.call("GET", f"{ADMIN}?from=x", None, operator.token)).status == 400

    run(tmp_path, story)


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


_CODE = re.compile(r"\b\d{6}\b")
HOMES = {"prefecture.example.fr": "prefectures", "hopital.example.fr": "hopitaux", KNOWN: "prefectures"}


def test_no_right_is_granted_on_another_address(tmp_path: Path) -> None:
    """Hostile addresses through the service: each right is that of the address its mail went to, or nothing is sent."""

    async def story(desk: Desk) -> None:
        chance, signed_up, asked = random.Random(SEED), 0, 0
        for number in range(200):
            text = hostile(chance).replace("presidence", "hopital").replace("interieur.gouv.fr", KNOWN)
            text = text.replace("jean.martin", f"jean.martin.{number}").replace("contact_sg", f"contact_{number}")
            text = text.encode("utf-8", "replace").decode()
            signed_up += await _try_to_sign_up(desk, text, f"s{number}")
            asked += await _try_to_open(desk, text, f"o{number}")
        assert signed_up >= 5, "too few lawful addresses to say anything"
        assert asked >= 5, "too few lawful addresses to say anything"

    run(tmp_path, story)


async def _try_to_sign_up(desk: Desk, text: str, secret: str) -> bool:
    """Whether an account came of it, in the home of the address that received the code."""
    path, world = f"{V3}/register/email/requestToken", desk.house.world
    mail, sid = await _ask(desk, path, text, secret)
    if mail is None or (code := _CODE.search(mail.text)) is None:
        return False
    assert await submit_code(world, sid, secret, code[0])
    proven = await find_proven(world, sid, secret, "register")
    assert proven == mail.recipient
    assert proven is not None
    user_id = await register_by_email(world, proven, PASSWORD, ("", None))
    assert HOMES[proven.rpartition("@")[2]] in user_id.partition(":")[2]
    return True


async def _try_to_open(desk: Desk, text: str, secret: str) -> bool:
    """Whether a request came of it, for the domain of the address that received the code."""
    mail, sid = await _ask(desk, f"{API}/code", text, secret)
    if mail is None or (code := _CODE.search(mail.text)) is None:
        return False
    begun = await desk.house.call("POST", API, {"sid": sid, "client_secret": secret, "code": code[0]})
    assert begun.status in (200, 429), begun
    if begun.status == 200:
        assert begun.body["domain"] == mail.recipient.rpartition("@")[2]
        assert begun.body["requester"] == mail.recipient
    return begun.status == 200


async def _ask(desk: Desk, path: str, text: str, secret: str) -> tuple[OutgoingMail | None, str]:
    """The one mail that a request for a code made leave, if it was granted; nothing leaves where it was refused."""
    store = desk.house.world.store
    before = {each.mail_id for each in await store.read(find_in_mailbox, None)}
    reply = await desk.house.call("POST", path, {"email": text, "client_secret": secret, "send_attempt": 1})
    fresh = [each.mail for each in await store.read(find_in_mailbox, None) if each.mail_id not in before]
    if reply.status != 200:
        assert (reply.status in (400, 403), fresh) == (True, []), (text, reply)
        return None, ""
    (mail,) = fresh
    assert mail.recipient == text.lower()
    return mail, reply.body["sid"]
