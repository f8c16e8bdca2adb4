"""Requests that wait: what a decider reads, does and may not do."""

from pathlib import Path

from tests.support.accounts import V3, person
from tests.support.onboarding import ADMIN, KNOWN, MAIRE, Desk, run, wish_of


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
        refused = await desk.house.call("POST", f"{V3}/register/email/requestToken", wish_of(f"agent@{domain}"))
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
        again = await call("POST", f"{path}/refuse", {"reason": "Encore"}, operator.token)
        assert (again.status, "Cette demande est refusée" in again.body["error"]) == (403, True)
        second = await desk.describe(MAIRE)
        await second.publish()
        await second.ask("POST", "/check")
        path = f"{ADMIN}/{second.request_id}"
        for act, state, status in (("suspend", "suspended", 403), ("reopen", "approved", 200)):
            done = await call("POST", f"{path}/{act}", {"reason": "Alerte en cours"}, operator.token)
            assert (done.status, done.body["state"]) == (200, state)
            wish = wish_of(f"agent.{act}@{KNOWN}")
            assert (await call("POST", f"{V3}/register/email/requestToken", wish)).status == status
        assert (await call("POST", f"{path}/reopen", {}, operator.token)).status == 403
        assert any("Alerte en cours" in each["text"] for each in await desk.mails(MAIRE))
        acts = (await desk.house.ask("GET", "/_tchap/admin/v1/audit", token=operator.token))["acts"]
        done = {each["act"] for each in acts if each["admin"] == operator.user_id}
        assert {"refuse_domain", "suspend_domain", "reopen_domain"} <= done

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
        for place in ("x", f"{'0' * 20}{'9' * 30}_x", "0" * 5000):
            assert (await desk.house.call("GET", f"{ADMIN}?from={place}", None, operator.token)).status == 400

    run(tmp_path, story)
