"""An administration joins by itself: the mailbox, the description, the proof."""

import re
from pathlib import Path

from tchap.base import limits
from tchap.services.domain_proofs import check_due
from tchap.storage import administrations
from tchap.storage.administrations import Administration, Domain
from tests.support.accounts import V3, person, read_code
from tests.support.onboarding import (
    API,
    AUTHORITY,
    DESCRIPTION,
    KNOWN,
    MAIRE,
    OPERATOR,
    SECRET,
    Desk,
    run,
    wish_of,
)
from tests.support.pages import open_browser


def test_a_known_domain_is_open_as_soon_as_it_is_proven(tmp_path: Path) -> None:
    """Nobody acts: the record is seen, the administration is there, its first agent signs up, and all is told."""

    async def story(desk: Desk) -> None:
        refused = await desk.house.call("POST", f"{V3}/register/email/requestToken", wish_of(MAIRE))
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


def test_who_confirms_too_late_is_told_so(tmp_path: Path) -> None:
    """The domain is somebody's by then: who vouches for the request reads neither that it is open nor that it waits."""

    async def story(desk: Desk) -> None:
        asking = await desk.describe(MAIRE)
        await asking.ask("POST", "/mail", {"to": "postmaster"})
        wider = Domain("*.example", "hopital-des-tilleuls", 1)
        assert await desk.house.world.store.write(administrations.add_domain, wider)
        async with open_browser(desk.house) as browser:
            await browser.open(await _link(desk, f"postmaster@{KNOWN}"))
            page = await browser.submit("Confirmer la demande")
        assert "ne peut pourtant pas être ouvert" in page.text
        assert (await asking.ask("GET"))["state"] == "refused"

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


def test_who_has_the_domain_by_then_keeps_it(tmp_path: Path) -> None:
    """A wider domain that became somebody's meanwhile covers it: the request ends, and takes no agents from them."""

    async def story(desk: Desk) -> None:
        asking = await desk.describe(MAIRE)
        wider = Domain("*.example", "hopital-des-tilleuls", 1)
        assert await desk.house.world.store.write(administrations.add_domain, wider)
        await asking.publish()
        assert (await asking.ask("POST", "/check"))["state"] == "refused"
        assert await desk.house.world.store.read(administrations.find_domain, KNOWN) is None

    run(tmp_path, story)


def test_a_closed_domain_is_opened_again_and_a_taken_name_is_numbered(tmp_path: Path) -> None:
    """What was closed is nobody's; an administration of the same name, with the domain too, keeps nobody out."""

    async def story(desk: Desk) -> None:
        store, name = desk.house.world.store, DESCRIPTION["name"]
        await store.write(administrations.add_domain, Domain(KNOWN, "hopital-des-tilleuls", 1, administrations.CLOSED))
        for number, taken in enumerate((name, f"{name} ({KNOWN})")):
            other = Administration(f"autre-{number}", str(taken), "", "agent.hopitaux.tchap.example.fr", 1)
            assert await store.write(administrations.add_administration, other)
        asking = await desk.describe(MAIRE)
        await asking.publish()
        assert (await asking.ask("POST", "/check"))["state"] == "approved"
        domain = await store.read(administrations.find_domain, KNOWN)
        assert domain is not None
        opened = await store.read(administrations.find_administration, domain.administration_id)
        assert opened is not None
        assert opened.name == f"{name} ({KNOWN} 2)"

    run(tmp_path, story)


def test_a_listed_name_is_taken_without_what_does_not_print(tmp_path: Path) -> None:
    """Unbreakable spaces and the like, which French lists are full of, keep nobody out."""

    async def story(desk: Desk) -> None:
        asking = await desk.describe(MAIRE)
        await asking.publish()
        shown = await asking.ask("POST", "/check")
        assert shown["state"] == "approved"
        opened = await desk.house.world.store.read(
            administrations.find_administration_named, "Mairie de Valmont-sur-Eure (Eure)"
        )
        assert opened is not None

    run(tmp_path, story, known=f"domain;name\n{KNOWN};Mairie\xa0de Valmont\xad-sur-Eure\u202f(Eure)\u200b")


def test_one_mailbox_is_one_requester(tmp_path: Path) -> None:
    """An address with a tag gets no code: its owner would fill the requests of a whole domain."""

    async def story(desk: Desk) -> None:
        reply = await desk.ask_code(f"maire+2@{KNOWN}")
        assert (reply.status, reply.body["errcode"]) == (400, "M_INVALID_EMAIL")

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
